/** The last outcomes as bits, the newest lowest: 1 is a success. */
export function pushOutcome(bits: number, good: boolean, size: number): number {
  return (((bits << 1) | (good ? 1 : 0)) & lastOutcomes(size)) >>> 0;
}

/** The bits of so many outcomes. */
export function lastOutcomes(count: number): number {
  return count >= 32 ? 0xffff_ffff : (1 << count) - 1;
}

/** How many bits are set (Warren, Hacker's Delight, 5-1). */
export function countBits(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x5555_5555);
  n = (n & 0x3333_3333) + ((n >>> 2) & 0x3333_3333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** What an exit without a past is taken for. */
export const UNKNOWN_RATE = 0.5;

/** Share of successes among the last `count` outcomes. */
export function successRate(bits: number, count: number): number {
  return count === 0 ? UNKNOWN_RATE : countBits(bits) / count;
}
