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
  /** The last figure, of a moment when nothing was in flight; NaN where there was none. */
  used: number;
  window: number;
  at: number;
  /** The one request that is in flight since then. */
  alone: Reserved | undefined;
}

/** Finds pairs of answers that tell what a single request has cost: used by whoever calibrates weights. */
export class Samples {
  readonly #rows: (Row | undefined)[] = [];
  readonly #onSample: (sample: Sample) => void;

  constructor(onSample: (sample: Sample) => void) {
    this.#onSample = onSample;
  }

  taken(row: number, reserved: Reserved): void {
    const state = (this.#rows[row] ??= { live: 0, used: NaN, window: NaN, at: 0, alone: undefined });
    state.alone = state.live++ === 0 && !Number.isNaN(state.used) ? reserved : undefined;
    if (state.alone === undefined) state.used = NaN;
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
    state.live--;
    if (used !== undefined && state.alone === reserved && state.window === window && used >= state.used && (!shared || now - state.at <= CLOSE_MS) && reserved.demand.source !== undefined) {
      this.#onSample({ source: reserved.demand.source, predicted, observed: used - state.used, succeeded });
    }
    state.alone = undefined;
    state.used = state.live === 0 ? (used ?? NaN) : NaN;
    state.window = window;
    state.at = now;
  }
}
