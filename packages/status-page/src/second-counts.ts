/** Counts by second over a fixed span: one increment each, and a sum on request. */
export class SecondCounts {
  readonly #counts: Uint32Array;
  #second = -1;

  /** @param seconds how far back it goes */
  constructor(seconds: number) {
    // One more than is summed up: the running second is not whole yet.
    this.#counts = new Uint32Array(seconds + 1);
  }

  add(now: number, count = 1): void {
    this.#counts[this.#slot(now)] += count;
  }

  /** Over the whole span. */
  sum(now: number): number {
    this.#slot(now);
    let sum = 0;
    for (const count of this.#counts) sum += count;
    return sum;
  }

  /** In the last whole second. */
  lastSecond(now: number): number {
    const { length } = this.#counts;
    return this.#counts[(this.#slot(now) - 1 + length) % length];
  }

  #slot(now: number): number {
    const { length } = this.#counts;
    const second = Math.floor(now / 1_000);
    if (second > this.#second) {
      for (let s = Math.max(this.#second + 1, second - length + 1); s <= second; s++) this.#counts[s % length] = 0;
      this.#second = second;
    }
    return this.#second % length;
  }
}
