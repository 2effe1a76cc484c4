import type { SimClock } from "./sim-clock.ts";

/** Whoever reckons in seconds may find itself a rounding error too early; time must go on before it looks again. */
const LEAST_MS = 0.001;

/** Wakes a policy that has nothing to wait for but time; at the earliest moment that it was asked for. */
export class Wake {
  readonly #clock: SimClock;
  readonly #run: () => void;
  #at = Infinity;

  constructor(clock: SimClock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** In milliseconds of the clock. */
  by(at: number): void {
    if (at >= this.#at) return;
    this.#at = at;
    this.#clock.setTimeout(
      () => {
        // An earlier one was asked for since, and has run.
        if (this.#at !== at) return;
        this.#at = Infinity;
        this.#run();
      },
      Math.max(LEAST_MS, at - this.#clock.now()),
    );
  }
}
