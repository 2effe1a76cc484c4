import type { Reserved } from "./demand.ts";

/** The server's figure before and after one request of ours, with nothing else of ours in between. */
export interface Sample {
  /** `Demand.source`: what said that it would cost `predicted`. */
  readonly source: unknown;
  readonly predicted: number;
  /** The difference that it made, others' spending in between included. */
  readonly observed: number;
  readonly succeeded: boolean;
}

/** Where others spend of the same counter, two answers tell of one request only where they lie as close together as that. */
const CLOSE_MS = 250;

/** What one row is doing. */
interface Row {
  live: number;
  /** The one request that is in flight, as long as there was no other with it. */
  alone: Reserved | undefined;
  /** The largest figure since something was last begun; answers overtake one another. */
  most: number;
  /** An answer of these came without a figure, or of another window than the rest. */
  unsure: boolean;
  /** The figure when nothing was in flight; NaN where it is not known. */
  used: number;
  window: number;
  at: number;
}

/** Finds pairs of answers that tell what a single request has cost: used by whoever calibrates weights. */
export class Samples {
  readonly #rows: (Row | undefined)[] = [];
  readonly #onSample: (sample: Sample) => void;

  constructor(onSample: (sample: Sample) => void) {
    this.#onSample = onSample;
  }

  taken(row: number, reserved: Reserved): void {
    const state = (this.#rows[row] ??= { live: 0, alone: undefined, most: 0, unsure: false, used: NaN, window: NaN, at: 0 });
    if (state.live++ === 0) {
      state.alone = reserved;
      state.most = 0;
      state.unsure = false;
    } else {
      state.alone = undefined;
    }
  }

  /**
   * @param used what the answer says, where it does
   * @param window the one that it was counted in; NaN where it may be one of two
   * @param shared others are known to spend of this counter
   */
  settled(row: number, reserved: Reserved, used: number | undefined, window: number, now: number, shared: boolean, predicted: number, succeeded: boolean): void {
    const state = this.#rows[row];
    // Taken before anybody listened.
    if (state === undefined || state.live === 0) return;
    const known = used !== undefined && !Number.isNaN(window);
    if (known && state.alone === reserved && state.window === window && used >= state.used && (!shared || now - state.at <= CLOSE_MS) && reserved.demand.source !== undefined) {
      this.#onSample({ source: reserved.demand.source, predicted, observed: used - state.used, succeeded });
    }
    if (!known || (state.most > 0 && state.window !== window)) state.unsure = true;
    else state.most = Math.max(state.most, used);
    state.window = window;
    state.at = now;
    if (--state.live === 0) state.used = state.unsure ? NaN : state.most;
  }
}
