/** Forgotten in one go when so many have been noted since the last time. */
const SWEEP_AFTER = 1_024;

/** When each item is ready again. Remembers only what lies ahead. */
export class ReadyTimes {
  readonly #at = new Map<unknown, number>();
  #noted = 0;

  /** 0 or a moment that has passed: it is ready. */
  of(key: unknown): number {
    return this.#at.get(key) ?? 0;
  }

  taken(key: unknown, delayMs: number, now: number): void {
    if (delayMs <= 0) return;
    this.#at.set(key, now + delayMs);
    if (++this.#noted < Math.max(SWEEP_AFTER, this.#at.size)) return;
    this.#noted = 0;
    for (const [other, at] of this.#at) if (at <= now) this.#at.delete(other);
  }
}
