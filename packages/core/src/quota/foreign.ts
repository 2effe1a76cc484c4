import type { ServerClock } from "../time/server-clock.ts";
import type { Trips } from "./trips.ts";

/** How much of a window's rate replaces what was believed: of the last five or so. */
const LEARN = 0.3;
/** The largest burst is half forgotten after some seven windows without one like it. */
const FORGET = 0.9;
/** Units that others spend in a window, as a share of the limit, below which they are forgotten. */
const NOTHING = 0.001;
/** More is never kept free for others, as a share of the limit: nobody starves, whatever headers say. */
const MOST = 0.5;
/** Kept back at the start of a window, as a share of the limit, and given out bit by bit: every answer is a look at what others do. */
const LOOKS = 0.01;
/** Kept free to the very end, as a share of the limit, where others come in bursts. */
const LAST = 0.01;
/** The end of a window, in which its rest is given out, is never longer than this share of it. */
const END = 0.02;
/** After so many windows without a look at it a row is taken for a new one. */
const STALE = 10;
/** So many windows long bursts keep their room to the end after a refusal; twice as many each time. */
const SHY = 20;

/** What one row has seen of others. */
interface Seen {
  window: number;
  /** From when on, and above what, spending in this window was watched. */
  from: number;
  base: number;
  /** The largest figure, and when it was counted. */
  seen: number;
  lookedAt: number;
  /** Units in a millisecond. */
  rate: number;
  windows: number;
  /** The most by which one look was above what the rate explains. */
  burst: number;
  shyUntil: number;
  shy: number;
}

/**
 * What other programs spend of the same counter, and what is therefore left free for them: what they will still spend in
 * this window at their usual rate, and one burst of the size that was seen. Learnt from headers alone, row by row, and
 * nothing is kept where nothing is seen.
 */
export class Foreign {
  readonly #rows = new Map<number, Seen>();
  readonly #perMs: number;
  readonly #clock: ServerClock;
  readonly #trips: Trips;

  constructor(perMs: number, clock: ServerClock, trips: Trips) {
    this.#perMs = perMs;
    this.#clock = clock;
    this.#trips = trips;
  }

  get none(): boolean {
    return this.#rows.size === 0;
  }

  /** An answer showed that others had spent at least `units` of the window when it was counted, between `sentAt` and `now`. */
  look(row: number, window: number, units: number, sentAt: number, now: number, limit: number): void {
    const at = (sentAt + now) / 2;
    let state = this.#rows.get(row);
    if (state === undefined) {
      if (units <= 0) return;
      // When it was spent is not known: perhaps by ourselves, before this program was started.
      state = { window, from: at, base: units, seen: units, lookedAt: at, rate: 0, windows: 0, burst: 0, shyUntil: -Infinity, shy: SHY };
      this.#rows.set(row, state);
      return;
    }
    if (window < state.window) {
      // An answer that was late; or the server's clock was found to be another.
      if (window < state.window - 1) this.#rows.delete(row);
      return;
    }
    if (window > state.window) {
      if (this.#finish(row, state, limit, window) === undefined) return;
      state.window = window;
      state.base = state.seen = 0;
      state.from = state.lookedAt = Math.min(at, this.#clock.certainlyAt(window * this.#perMs, now));
    }
    if (units > state.seen) {
      const more = units - state.seen;
      state.burst = Math.max(state.burst, more - state.rate * Math.max(0, at - state.lookedAt));
      state.seen = units;
      // Until a window has been seen to its end, what it has shown so far is all that is known of the rate.
      if (state.windows === 0) state.rate = (state.seen - state.base) / Math.max(at - state.from, this.#perMs / 10);
    }
    state.lookedAt = Math.max(state.lookedAt, at);
  }

  /** A request was refused: somebody came between the look and it. */
  refused(row: number, now: number): void {
    const state = this.#rows.get(row);
    if (state === undefined || now < state.shyUntil - state.shy * this.#perMs + this.#trips.roundMs * 2) return;
    state.shyUntil = now + state.shy * this.#perMs;
    state.shy *= 2;
  }

  /** Units to keep free now. */
  held(row: number, limit: number, now: number): number {
    const state = this.#rows.get(row);
    if (state === undefined) return 0;
    const endsAt = this.#endOf(now);
    if (endsAt - state.lookedAt > STALE * this.#perMs) {
      this.#rows.delete(row);
      return 0;
    }
    return Math.min(limit * MOST, now >= this.#lastCallAt(state, endsAt) ? this.#heldLast(state, limit, endsAt) : this.#heldAt(state, limit, endsAt, now));
  }

  /** When no more than `units` will be kept free, should nothing else be seen; the turn of the window at the latest. */
  releaseAt(row: number, units: number, limit: number, now: number): number {
    const state = this.#rows.get(row);
    if (state === undefined) return now;
    const endsAt = this.#endOf(now);
    const over = Math.min(limit * MOST, this.#heldAt(state, limit, endsAt, now)) - units;
    if (over <= 0) return now;
    const lastCallAt = this.#lastCallAt(state, endsAt);
    const gradually = now + (over * this.#perMs) / (limit * LOOKS);
    if (gradually < lastCallAt) return gradually;
    return now < lastCallAt && this.#heldLast(state, limit, endsAt) <= units ? lastCallAt : endsAt;
  }

  #heldAt(state: Seen, limit: number, endsAt: number, now: number): number {
    const left = Math.min(this.#perMs, Math.max(0, endsAt - now));
    return this.#usual(state, endsAt) + state.burst + (limit * LOOKS * left) / this.#perMs;
  }

  #heldLast(state: Seen, limit: number, endsAt: number): number {
    return this.#usual(state, endsAt) + Math.min(state.burst, limit * LAST);
  }

  /** What others will spend from the last look, or from the turn where that is later, to the end of the window, at their usual rate. */
  #usual(state: Seen, endsAt: number): number {
    return state.rate * Math.min(this.#perMs, Math.max(0, endsAt - state.lookedAt));
  }

  /** The end of the window that the server's clock is in at the earliest. */
  #endOf(now: number): number {
    return this.#clock.certainlyAt((Math.floor(this.#clock.earliest(now) / this.#perMs) + 1) * this.#perMs, now);
  }

  /** From then on whatever is sent will just arrive before the window turns, and hardly anybody else can come in between. */
  #lastCallAt(state: Seen, endsAt: number): number {
    if (endsAt <= state.shyUntil) return Infinity;
    const uncertain = this.#clock.latest(endsAt) - this.#clock.earliest(endsAt);
    const ms = uncertain + this.#trips.roundMs;
    return ms > this.#perMs * END ? Infinity : endsAt - ms;
  }

  /** The window has ended: its rate is learnt. `undefined`: others have gone, the row is forgotten. */
  #finish(row: number, state: Seen, limit: number, window: number): Seen | undefined {
    const watched = state.lookedAt - state.from;
    if (watched >= this.#perMs / 4) {
      const rate = (state.seen - state.base) / watched;
      state.windows++;
      state.rate += (rate - state.rate) * Math.max(LEARN, 1 / state.windows);
    }
    state.burst *= FORGET ** Math.min(50, Math.max(1, window - state.window));
    if (state.windows > 0 && state.rate * this.#perMs < limit * NOTHING && state.burst < limit * NOTHING) {
      this.#rows.delete(row);
      return undefined;
    }
    return state;
  }
}
