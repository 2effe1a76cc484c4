import type { SimClock } from "./sim-clock.ts";

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
      Math.max(0, at - this.#clock.now()),
    );
  }
}
