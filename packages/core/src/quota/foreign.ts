import type { ServerClock } from "../time/server-clock.ts";
import { PARTS, Profile } from "./profile.ts";
import type { Trips } from "./trips.ts";

/** More is never kept free for others, as a share of the limit: nobody starves, whatever headers say. */
const MOST = 0.5;
/** Kept back at the start of a window, as a share of the limit, and given out bit by bit: every answer is a look at what others do. */
const LOOKS = 0.01;
/** The same in the first windows of a row: who else is there, and what they take at once, is not known yet. */
const FIRST_LOOKS = 0.08;
/** Kept free to the end, as a share of the limit: nobody spends the same to the unit. */
const LAST = 0.01;
/** Of a burst that has only been seen in other parts of a window so much is kept free for at most, as a share of the limit. */
const ELSEWHERE = 0.05;
/** For the sake of a look alone nobody goes unless there is room for a burst and a half: another may come with it. The half is at most such a share of the limit. */
const WARY = 0.02;
/** With less room than that, as a share of the limit, or than a look needs, a window that others spend of may turn out to be full. */
const NEAR = 0.05;
/** The end of a window, in which the room for bursts is given out as well, is never longer than this share of it. */
const END = 0.02;
/** Units that others spend in a window, as a share of the limit, below which they are forgotten. */
const NOTHING = 0.001;
/** Without a look for such a share of a window, a request of at most so many units, as a share of the limit, is sent for its sake; a heavier one after as much longer. */
const OVERDUE = 1 / 30;
const LIGHT = 0.001;
/** After so many windows without a look at it a row is taken for a new one. */
const STALE = 10;
/** As a share of the limit, what is left to others after a refusal until it has been seen what they take: a first one, a further one. */
const YIELD = 0.2;
const YIELD_MORE = 0.1;
/** The same after a window whose later part nobody saw, for want of room to look. */
const YIELD_UNSEEN = 0.05;
/** So many windows long bursts keep their room to the end after a further refusal; twice as many each time. */
const SHY = 10;

/** What one row has seen of others. */
interface Seen {
  readonly profile: Profile;
  window: number;
  /** From when on, and above what, spending in this window was watched. */
  from: number;
  base: number;
  /** The largest figure, and when it was counted. */
  seen: number;
  lookedAt: number;
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
 * What other programs spend of the same counter, and what is therefore left free for them: what they usually spend in the
 * rest of a window, and one burst of the size that was seen there. Learnt from headers alone, row by row, and nothing is
 * kept where nothing is seen.
 */
export class Foreign {
  readonly #rows = new Map<number, Seen>();
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

  has(row: number): boolean {
    return this.#rows.has(row);
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
    const startedAt = this.#clock.certainlyAt(window * this.#perMs, now);
    if (window > state.window) {
      this.#finish(state, window, startedAt, limit);
      if (units <= 0 && state.profile.all < limit * NOTHING) {
        this.#rows.delete(row);
        return;
      }
      Object.assign(state, { window, base: 0, seen: 0, from: startedAt, lookedAt: startedAt });
    }
    state.profile.note(Math.max(0, units - state.seen), (state.lookedAt - startedAt) / this.#perMs, (at - startedAt) / this.#perMs);
    state.seen = Math.max(state.seen, units);
    state.lookedAt = Math.max(state.lookedAt, at);
  }

  /** A request was refused although there seemed to be room: others want more than is left to them. */
  refused(row: number, window: number, limit: number, sentAt: number, now: number): void {
    const first = this.#firsts[row];
    // Nothing had been heard of the row when it was sent: what is used up may be our own, from before a restart.
    if (first === undefined || first.at > sentAt || Number.isNaN(window)) return;
    const known = this.#rows.get(row);
    // Those that were on their way with it are the same refusal.
    if (known !== undefined && now - known.refusedAt <= 2 * this.#trips.roundMs) return;
    const state = known ?? this.#begin(row, first, window, now);
    const again = state.refusedAt !== -Infinity;
    state.profile.guess((limit * (again ? YIELD_MORE : YIELD)) / PARTS, (limit * MOST) / PARTS);
    state.refusedAt = now;
    if (!again) return;
    state.shyUntil = now + state.shy * this.#perMs;
    state.shy *= 2;
  }

  /** Has nobody looked for long, or not yet before the end of the window? Then whoever goes next goes alone. */
  lookIsDue(row: number, limit: number, now: number): boolean {
    const state = this.#rows.get(row);
    return state !== undefined && now >= this.#lookDueAt(state, 0, limit, this.#endOf(now));
  }

  /** With less room than that it may turn out that there is none: others may have taken it since anybody looked. */
  unsure(row: number, limit: number, now: number): number {
    const state = this.#rows.get(row);
    if (state === undefined) return limit * this.#unknownShare(row, now);
    // So much may come while it is on its way.
    const meanwhile = state.profile.usual(0) * Math.min(1, this.#trips.roundMs / this.#perMs);
    return Math.max(limit * NEAR, this.#heldForLook(state, limit, this.#endOf(now), now) + meanwhile);
  }

  /** Units to keep free of so many that somebody asks for now. */
  held(row: number, units: number, limit: number, now: number): number {
    const state = this.#rows.get(row);
    if (state === undefined) return this.#heldUnknown(row, limit, now);
    const endsAt = this.#endOf(now);
    if (endsAt - state.lookedAt > STALE * this.#perMs) {
      this.#rows.delete(row);
      return 0;
    }
    const held = now >= this.#lastCallAt(state, endsAt) ? this.#heldLast(state, limit, endsAt) : this.#heldAt(state, limit, endsAt, now);
    // One may go for the sake of a look, whatever is kept free for the rest of the window.
    return now >= this.#lookDueAt(state, units, limit, endsAt) ? Math.min(held, this.#heldForLook(state, limit, endsAt, now)) : held;
  }

  /** When so many will be free, of which `room` would be without others, should nothing else be seen; the turn of the window at the latest. */
  releaseAt(row: number, units: number, room: number, limit: number, now: number): number {
    const state = this.#rows.get(row);
    if (state === undefined) {
      const over = this.#heldUnknown(row, limit, now) - (room - units);
      return over <= 0 ? now : Math.min(Math.max(now, this.#lastLookIn(this.#endOf(now))), now + (over * this.#perMs) / (limit * this.#unknownShare(row, now)));
    }
    const endsAt = this.#endOf(now);
    const at = Math.min(this.#releaseAt(state, room - units, limit, endsAt, now), endsAt - this.#perMs + this.#nextPartAt(now, endsAt));
    // A look is due sooner.
    return room - units < this.#heldForLook(state, limit, endsAt, now) ? at : Math.min(at, Math.max(now, this.#lookDueAt(state, units, limit, endsAt)));
  }

  /** Nobody else has been seen here: what is given out bit by bit shows whether there is anybody, and at the end nothing is left of it. */
  #heldUnknown(row: number, limit: number, now: number): number {
    const share = this.#unknownShare(row, now);
    // Before anything was heard of the server's clock no window has an end to count from.
    if (share === 0) return 0;
    const endsAt = this.#endOf(now);
    return now >= this.#lastLookIn(endsAt) ? 0 : (limit * share * Math.max(0, endsAt - now)) / this.#perMs;
  }

  #unknownShare(row: number, now: number): number {
    const first = this.#firsts[row];
    if (first === undefined) return 0;
    return Math.floor(this.#clock.earliest(now) / this.#perMs) > first.window + 1 ? LOOKS : FIRST_LOOKS;
  }

  #releaseAt(state: Seen, units: number, limit: number, endsAt: number, now: number): number {
    const lastCallAt = Math.min(endsAt, this.#lastCallAt(state, endsAt));
    if (now < lastCallAt) {
      const over = this.#heldAt(state, limit, endsAt, now) - units;
      if (over <= 0) return now;
      const gradually = now + (over * this.#perMs) / (limit * LOOKS);
      if (gradually < lastCallAt) return gradually;
    }
    return this.#heldLast(state, limit, endsAt) <= units ? Math.max(now, lastCallAt) : endsAt;
  }

  /** When the last request can be sent whose answer still shows this window, in time for others to be sent after it. */
  #lastLookIn(endsAt: number): number {
    return endsAt - this.#clock.uncertainMs(endsAt) - 2 * this.#trips.roundMs;
  }

  /** From when on so many units may go for the sake of a look. */
  #lookDueAt(state: Seen, units: number, limit: number, endsAt: number): number {
    const lookedAt = Math.max(state.lookedAt, endsAt - this.#perMs);
    const due = lookedAt + this.#perMs * OVERDUE * Math.max(1, units / (limit * LIGHT));
    const last = this.#lastLookIn(endsAt);
    return lookedAt < last && units <= Math.max(1, limit * LIGHT) ? Math.min(due, last) : due;
  }

  /** When the next part of the window begins, in milliseconds from its turn: bursts may be others there. */
  #nextPartAt(now: number, endsAt: number): number {
    return ((Math.floor(this.#phase(now, endsAt) * PARTS) + 1) * this.#perMs) / PARTS;
  }

  #heldAt(state: Seen, limit: number, endsAt: number, now: number): number {
    const left = Math.min(1, Math.max(0, (endsAt - now) / this.#perMs));
    // As much as a look needs: where none can be had any more, nobody learns what others do in the rest of the window.
    const others = state.profile.usual(this.#phase(state.lookedAt, endsAt)) + Math.max(this.#burst(state, limit, endsAt, now), limit * LAST);
    return Math.min(limit * MOST, others) + limit * LOOKS * left;
  }

  #heldLast(state: Seen, limit: number, endsAt: number): number {
    return Math.min(limit * MOST, state.profile.usual(this.#phase(state.lookedAt, endsAt)) + limit * LAST);
  }

  /** What may have come since the last look, and a burst; before the last one of a window, which decides who gets what is left, a little more. */
  #heldForLook(state: Seen, limit: number, endsAt: number, now: number): number {
    const { profile } = state;
    const phase = this.#phase(now, endsAt);
    return profile.usual(this.#phase(state.lookedAt, endsAt)) - profile.usual(phase) + this.#burst(state, limit, endsAt, now);
  }

  /** A burst that may come, and until the last look a part of a second one. */
  #burst(state: Seen, limit: number, endsAt: number, now: number): number {
    const burst = state.profile.burst(this.#phase(now, endsAt), limit * ELSEWHERE);
    return now < this.#lastLookIn(endsAt) ? burst + Math.min(burst / 2, limit * WARY) : burst;
  }

  /** Where a moment lies in the window that ends then, from 0 to 1; 0 for what was before it. */
  #phase(at: number, endsAt: number): number {
    return Math.min(1, Math.max(0, 1 - (endsAt - at) / this.#perMs));
  }

  /** The end of the window that the server's clock is in at the earliest. */
  #endOf(now: number): number {
    return this.#clock.certainlyAt((Math.floor(this.#clock.earliest(now) / this.#perMs) + 1) * this.#perMs, now);
  }

  /** From then on whatever is sent will just arrive before the window turns; after a last look hardly anybody else can come in between. */
  #lastCallAt(state: Seen, endsAt: number): number {
    if (endsAt <= state.shyUntil || state.lookedAt < this.#lastLookIn(endsAt)) return Infinity;
    const ms = this.#clock.uncertainMs(endsAt) + this.#trips.roundMs;
    return ms > this.#perMs * END ? Infinity : endsAt - ms;
  }

  #begin(row: number, first: First, window: number, now: number): Seen {
    const isFirst = first.window === window;
    const from = isFirst ? first.at : this.#clock.certainlyAt(window * this.#perMs, now);
    const base = isFirst ? first.units : 0;
    const state: Seen = { profile: new Profile(), window, from, base, seen: base, lookedAt: from, refusedAt: -Infinity, shyUntil: -Infinity, shy: SHY };
    this.#rows.set(row, state);
    return state;
  }

  #finish(state: Seen, window: number, startedAt: number, limit: number): void {
    const before = startedAt - (window - state.window) * this.#perMs;
    const unseen = window === state.window + 1 ? (limit * YIELD_UNSEEN) / PARTS : 0;
    state.profile.finish((state.from - before) / this.#perMs, (state.lookedAt - before) / this.#perMs, window - state.window, unseen, (limit * MOST) / PARTS);
  }
}
