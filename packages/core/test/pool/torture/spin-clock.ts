import { ManualClock } from "../../../src/testing/index.ts";

/** More callbacks than this at one moment are a loop: the largest program has far fewer things to do at once. */
const MOST_AT_ONCE = 400;
/** So many callbacks one after the other of which nothing came are a loop that only looks like waiting. */
const MOST_FOR_NOTHING = 3_000;

/** A clock that fails where somebody spins. */
export class SpinClock extends ManualClock {
  /** Callbacks that ran. */
  fired = 0;
  #at = -1;
  #atOnce = 0;
  #forNothing = 0;
  fault: string | undefined;

  /** Something was sent, answered or settled. */
  progress(): void {
    this.#forNothing = 0;
  }

  override setTimeout(callback: () => void, ms: number): unknown {
    if (Number.isNaN(ms)) this.fault ??= "a timer of NaN ms";
    return super.setTimeout(() => {
      this.fired++;
      if (this.now() !== this.#at) {
        this.#at = this.now();
        this.#atOnce = 0;
      }
      if (++this.#atOnce > MOST_AT_ONCE) throw new Error(`${this.#atOnce} callbacks at one moment, ${this.#at}`);
      if (++this.#forNothing > MOST_FOR_NOTHING) throw new Error(`${this.#forNothing} callbacks of which nothing came, until ${this.#at}`);
      callback();
    }, ms);
  }
}
