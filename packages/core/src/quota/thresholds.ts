/** A share that has been announced is announced again only after use has fallen this far below it: when a window has turned, not when one refund came. */
const REARM = 0.1;

/** Watches how full counters are, and tells once when one rises above a share of its limit. */
export class Thresholds {
  readonly #shares: readonly number[];
  readonly #onCrossing: (limit: number, row: number, share: number, ratio: number, told: boolean) => void;
  /** By limit and row, how many shares it is above. */
  readonly #levels: number[][] = [];

  /** @param shares rising, such as 0.7, 0.8, 0.9 */
  constructor(shares: readonly number[], onCrossing: (limit: number, row: number, share: number, ratio: number, told: boolean) => void) {
    this.#shares = shares;
    this.#onCrossing = onCrossing;
  }

  /** @param told the server says so; else it is our own count */
  check(limit: number, row: number, ratio: number, told: boolean): void {
    const levels = (this.#levels[limit] ??= []);
    let level = levels[row] ?? 0;
    const shares = this.#shares;
    while (level > 0 && ratio < shares[level - 1] - REARM) level--;
    while (level < shares.length && ratio >= shares[level]) this.#onCrossing(limit, row, shares[level++], ratio, told);
    levels[row] = level;
  }
}
