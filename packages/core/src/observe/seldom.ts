/** Is the `count`th of its kind worth a line? The 1st, 10th, 100th, 1000th …: what happens at each request must not fill the log. */
export function isTold(count: number): boolean {
  let step = 1;
  while (step < count) step *= 10;
  return step === count;
}

/** To put behind a sentence that is not said each time. */
export function soOften(count: number): string {
  return count === 1 ? "" : ` It has happened ${count} times.`;
}
