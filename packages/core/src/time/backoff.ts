/** `first`, doubled with each step, at most `max`. Step 0 is the first wait. */
export function doubled(first: number, step: number, max: number): number {
  return Math.min(max, first * 2 ** Math.min(step, 40));
}
