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
/** Kept free to the end, as a share of the limit: no rate is kept to the unit. */
const LAST = 0.01;
/** The end of a window, in which the room for bursts is given out as well, is never longer than this share of it. */
const END = 0.02;
/** After so many windows without a look at it a row is taken for a new one. */
const STALE = 10;
/** As a share of the limit, what is left to others after a refusal until it has been seen what they take: a first one, a further one. */
const YIELD = 0.2;
const YIELD_MORE = 0.1;
/** The same after a window whose later part nobody saw, for want of room to look. */
const YIELD_UNSEEN = 0.05;
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
  /** The most that came between two looks in this window, and how long that was. */
  leap: number;
  leapMs: number;
  /** Units in a millisecond. */
  rate: number;
  /** `rate` is a guess: the next window that is seen whole replaces it. */
  guessed: boolean;
  /** The most by which a leap was above what the rate explains. */
  burst: number;
  refusedAt: number;
  shyUntil: number;
  shy: number;
}

/** The first look at a row: what had been spent by then may be our own, from before a restart. */
interface First {
  readonly window: number;
  readonly at: number;
  readonly units: number;
}

/**
 * What other programs spend of the same counter, and what is therefore left free for them: what they will still spend in
 * this window at their usual rate, and one burst of the size that was seen. Learnt from headers alone, row by row, and
 * nothing is kept where nothing is seen.
 */
export class Foreign {
  readonly #rows = new Map<number, Seen>();
  /** The window in which a row was first looked at: what had been spent by then may be our own, from before a restart. */
  readonly #firsts: (First | undefined)[] = [];
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
    const first = (this.#firsts[row] ??= { window, at, units });
    let state = this.#rows.get(row);
    if (state === undefined) {
      if (units <= (first.window === window ? first.units : 0)) return;
      state = this.#begin(row, first, window, now);
    }
    if (window < state.window) {
      // An answer that was late; or the server's clock was found to be another.
      if (window < state.window - 1) this.#rows.delete(row);
      return;
    }
    if (window > state.window) {
      this.#finish(state, window, limit);
      if (!state.guessed && units <= 0 && state.rate * this.#perMs + state.burst < limit * NOTHING) {
        this.#rows.delete(row);
        return;
      }
      const startedAt = this.#clock.certainlyAt(window * this.#perMs, now);
      Object.assign(state, { window, base: 0, seen: 0, leap: 0, leapMs: 0, from: startedAt, lookedAt: startedAt });
    }
    this.#note(state, units, at);
  }

  /** A request was refused although there seemed to be room: others want more than is left to them. */
  refused(row: number, window: number, limit: number, now: number): void {
    const first = this.#firsts[row];
    // Nothing was heard of the row before: what is used up may be our own, from before a restart.
    if (first === undefined || Number.isNaN(window)) return;
    const known = this.#rows.get(row);
    // Those that were on their way with it are the same refusal.
    if (known !== undefined && now - known.refusedAt <= 2 * this.#trips.roundMs) return;
    if (known === undefined && first.window === window && first.units > 0) return;
    const state = known ?? this.#begin(row, first, window, now);
    state.rate += (limit * (known === undefined || known.refusedAt === -Infinity ? YIELD : YIELD_MORE)) / this.#perMs;
    state.guessed = true;
    state.refusedAt = now;
    state.shy *= 2;
    state.shyUntil = now + state.shy * this.#perMs;
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
    const lastCallAt = this.#lastCallAt(state, endsAt);
    if (now >= lastCallAt) return this.#heldLast(state, limit, endsAt) <= units ? now : endsAt;
    const held = this.#heldAt(state, limit, endsAt, now);
    if (Math.min(limit * MOST, held) <= units) return now;
    const gradually = now + ((held - units) * this.#perMs) / (limit * LOOKS);
    if (gradually < Math.min(lastCallAt, endsAt)) return gradually;
    return this.#heldLast(state, limit, endsAt) <= units ? Math.min(lastCallAt, endsAt) : endsAt;
  }

  /** When the last request can be sent that still looks at this window from near its end. */
  lastLookAt(now: number): number {
    const endsAt = this.#endOf(now);
    return endsAt - this.#clock.uncertainMs(endsAt) - 2 * this.#trips.roundMs;
  }

  #heldAt(state: Seen, limit: number, endsAt: number, now: number): number {
    const left = Math.min(this.#perMs, Math.max(0, endsAt - now));
    return this.#usual(state, endsAt) + Math.max(state.burst, limit * LAST) + (limit * LOOKS * left) / this.#perMs;
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
    const ms = this.#clock.uncertainMs(endsAt) + this.#trips.roundMs;
    return ms > this.#perMs * END ? Infinity : endsAt - ms;
  }

  #begin(row: number, first: First, window: number, now: number): Seen {
    const startedAt = this.#clock.certainlyAt(window * this.#perMs, now);
    const isFirst = first.window === window;
    const from = isFirst ? first.at : startedAt;
    const base = isFirst ? first.units : 0;
    const state: Seen = { window, from, base, seen: base, lookedAt: from, leap: 0, leapMs: 0, rate: 0, guessed: true, burst: 0, refusedAt: -Infinity, shyUntil: -Infinity, shy: SHY };
    this.#rows.set(row, state);
    return state;
  }

  #note(state: Seen, units: number, at: number): void {
    const sinceMs = Math.max(0, at - state.lookedAt);
    if (units > state.seen) {
      const leap = units - state.seen;
      state.seen = units;
      if (leap > state.leap) {
        state.leap = leap;
        state.leapMs = sinceMs;
      }
      if (!state.guessed) state.burst = Math.max(state.burst, leap - state.rate * sinceMs);
    }
    state.lookedAt = Math.max(state.lookedAt, at);
    // What little of a window has been seen says little: at least half of one is taken for it.
    if (state.guessed) state.rate = Math.max(state.rate, (state.seen - state.base) / Math.max(state.lookedAt - state.from, this.#perMs / 2));
  }

  /** The window has ended: its rate is learnt, and how far others leap ahead of it. */
  #finish(state: Seen, window: number, limit: number): void {
    const spent = state.seen - state.base;
    const watchedMs = Math.min(this.#perMs, state.lookedAt - state.from);
    if (state.guessed) {
      // Seen from early to late, it is what it was seen to be. Else room is made to look.
      if (watchedMs < this.#perMs / 2) {
        if (window === state.window + 1) state.rate += (limit * YIELD_UNSEEN) / this.#perMs;
      } else {
        state.rate = spent / watchedMs;
        state.burst = Math.max(0, state.leap - state.rate * state.leapMs);
        state.guessed = false;
      }
    } else {
      // What was not watched is taken to have gone on as usual.
      if (watchedMs < this.#perMs / 2 && window === state.window + 1) state.guessed = true;
      state.rate += ((spent + state.rate * (this.#perMs - watchedMs)) / this.#perMs - state.rate) * LEARN;
    }
    state.burst *= FORGET ** Math.min(50, Math.max(1, window - state.window));
  }
}
