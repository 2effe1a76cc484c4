/** What one counter counted, oldest first, as a ring. */
export class Log {
  flying = 0;
  sum = 0;
  #head = 0;
  #size = 0;
  #first = new Float64Array(4);
  #last = new Float64Array(4);
  #units = new Float64Array(4);

  /** @param grainMs entries closer together than this become one, and leave together with the latest of them */
  add(now: number, units: number, grainMs: number): void {
    this.sum += units;
    let at = now;
    if (this.#size > 0) {
      const newest = (this.#head + this.#size - 1) % this.#units.length;
      // What was given up is entered when it can no longer arrive, which may be looked at late.
      at = Math.max(at, this.#last[newest]);
      if (at - this.#first[newest] <= grainMs) {
        this.#last[newest] = at;
        this.#units[newest] += units;
        return;
      }
    }
    if (this.#size === this.#units.length) this.#widen();
    const slot = (this.#head + this.#size++) % this.#units.length;
    this.#first[slot] = this.#last[slot] = at;
    this.#units[slot] = units;
  }

  /** Forgets what was entered at `before` or earlier. */
  drain(before: number): void {
    while (this.#size > 0 && this.#last[this.#head] <= before) {
      this.sum -= this.#units[this.#head];
      this.#head = (this.#head + 1) % this.#units.length;
      this.#size--;
    }
    if (this.#size === 0) this.sum = 0;
  }

  /** When `units` of it will have left a span of that length; `Infinity` where it does not hold so many. */
  whenGone(units: number, perMs: number): number {
    let gone = 0;
    for (let i = 0; i < this.#size; i++) {
      const slot = (this.#head + i) % this.#units.length;
      gone += this.#units[slot];
      // Sums of fractions may differ in their last digits.
      if (gone >= units - 1e-9) return this.#last[slot] + perMs;
    }
    return Infinity;
  }

  #widen(): void {
    this.#first = this.#wider(this.#first);
    this.#last = this.#wider(this.#last);
    this.#units = this.#wider(this.#units);
    this.#head = 0;
  }

  #wider(from: Float64Array): Float64Array<ArrayBuffer> {
    const to = new Float64Array(from.length * 2);
    for (let i = 0; i < from.length; i++) to[i] = from[(this.#head + i) % from.length];
    return to;
  }
}
