/** Clocks of machines drift by some 50 millionths. */
const DRIFT = 50e-6;
/** A store whose clock differs by more from what it was has been set, or is another one. */
const JUMP_MS = 500;

/** What is known of the store's clock, counted from our own monotonic one. */
export class StoreClock {
  #offset = 0;
  #error = Infinity;
  #at = 0;

  get known(): boolean {
    return this.#error !== Infinity;
  }

  /** The store's time, in epoch milliseconds. */
  at(now: number): number {
    return now + this.#offset;
  }

  /** How far `at` may be off. */
  errorMs(now: number): number {
    return this.#error + Math.max(0, now - this.#at) * DRIFT;
  }

  /**
   * A call was sent, the store said what time it was, the answer is here.
   *
   * @param anew what was known is wrong, by however little
   * @returns did its clock jump?
   */
  learn(sentAt: number, at: number, storeTime: number, anew = false): "forward" | "backward" | undefined {
    const offset = storeTime - (sentAt + at) / 2;
    // Its answer is a whole number of milliseconds.
    const error = (at - sentAt) / 2 + 1;
    const off = offset - this.#offset;
    if (this.known && Math.abs(off) > JUMP_MS + error + this.errorMs(at)) {
      this.#set(offset, error, at);
      return off > 0 ? "forward" : "backward";
    }
    if (anew || error <= this.errorMs(at)) this.#set(offset, error, at);
    return undefined;
  }

  #set(offset: number, error: number, at: number): void {
    this.#offset = offset;
    this.#error = error;
    this.#at = at;
  }
}
