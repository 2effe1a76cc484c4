import type { Align, Counter } from "@multihome/core";
import { LocalCount } from "./local-count.ts";
import { FixedSlice, TimedSlice, type Slice } from "./slice.ts";
import type { StoreClock } from "./store-clock.ts";

/** Calls in a span of `SPAN_MS` from which on slices are worth their while: below, each may ask. */
const BUSY_CALLS = 25;
export const SPAN_MS = 250;
/** So much after its grant a request may still be on its way, and is counted in the window after the turn as well; longer where answers lately took longer … */
const GUARD_MS = 250;
/** … but no more than this part of a window. */
const GUARD_PART = 4;
/** Where nobody says what a server's clock shows, the store's stands for it; they may differ by so much. */
const STRANGER_MS = 1_000;
/** A window that is asked about further than that from the first is none that a request of now may fall into. */
const MOST_WINDOWS = 4;

/** Everything that is paused together: one exit, one account, or a whole target. */
export interface Paused {
  readonly target: string;
  readonly who: string;
  readonly key: string;
  /** Name of the limit, "" for all of them: until when, by our clock, and why. */
  readonly until: Map<string, { until: number; reason: "rate-limited" | "banned" }>;
}

/** One counter, as this process knows it. */
export class CounterState {
  readonly key: string;
  readonly storeKey: string;
  readonly rest: string;
  readonly target: string;
  readonly paused: Paused;
  align: Align;
  perMs: number;
  limit: number;
  slice: Slice;
  /** What this process has spent, as far as it knows. */
  local: LocalCount;
  /** Of that, what it has granted while the store could not be asked. */
  alone: LocalCount;
  /** The windows that a request sent now may fall into, and how long the first has been running; as of the last `place`. */
  first = 0;
  last = 0;
  ageMs = 0;
  /** When the first of them may end at the earliest, by our clock. */
  turnsAt = 0;
  /** The store has refused so many units in that window, and need not be asked for as many until then. */
  refusedUnits = Infinity;
  refusedIn = 0;
  refusedUntil = 0;
  refusedWaitUntil = 0;
  /** What the store had counted in the window `knownIn` (or at that moment, where windows slide). */
  known = 0;
  knownIn = -1;
  knownAt = 0;
  /** The largest figure that the server named itself, and of which window. */
  told = 0;
  toldIn = -1;
  toldAt = 0;
  usedAt = 0;
  /** Something was taken from the slice since it was last looked through. */
  touched = false;
  /** Another pool's smaller limit, of another shape: counted like that as long as it is heard of. */
  yieldsTo: { align: Align; perMs: number; limit: number; until: number } | undefined;
  /** The other limit that was reported already. */
  reported = 0;
  #spanEnds = 0;
  #calls = 0;
  #units = 0;
  #callsBefore = 0;
  #unitsBefore = 0;

  constructor(counter: Counter, names: { storeKey: string; rest: string; target: string }, paused: Paused) {
    this.key = counter.key;
    this.storeKey = names.storeKey;
    this.rest = names.rest;
    this.target = names.target;
    this.paused = paused;
    this.align = counter.align;
    this.perMs = counter.perMs;
    this.limit = counter.limit;
    this.slice = this.align === "fixed" ? new FixedSlice() : new TimedSlice();
    this.local = new LocalCount(this.align, this.perMs);
    this.alone = new LocalCount(this.align, this.perMs);
  }

  /** Takes over what a counter says of its limit; one of another shape begins anew. */
  adopt(counter: Counter, now: number): void {
    const { yieldsTo } = this;
    if (yieldsTo !== undefined && yieldsTo.until < now) this.yieldsTo = undefined;
    const { align, perMs, limit } = this.yieldsTo ?? counter;
    this.limit = limit;
    if (align === this.align && perMs === this.perMs) return;
    this.align = align;
    this.perMs = perMs;
    this.slice = align === "fixed" ? new FixedSlice() : new TimedSlice();
    this.local = new LocalCount(align, perMs);
    this.alone = new LocalCount(align, perMs);
    this.knownIn = this.toldIn = -1;
    this.told = 0;
    this.refusedUntil = 0;
  }

  /** Finds out which windows a request sent now may fall into. */
  place(counter: Counter, now: number, clock: StoreClock, tripMs: number, wallTime: () => number): void {
    if (this.align !== "fixed") return;
    const { perMs } = this;
    let from = counter.serverFromMs;
    let to = counter.serverToMs;
    if (from === undefined || to === undefined) {
      const slack = Math.min(STRANGER_MS, perMs / 4);
      const about = clock.known ? clock.at(now) : wallTime();
      from = about - slack;
      to = about + slack;
    }
    this.first = Math.floor(from / perMs);
    this.last = Math.min(this.first + MOST_WINDOWS - 1, Math.floor((to + Math.min(Math.max(GUARD_MS, tripMs), perMs / GUARD_PART)) / perMs));
    this.turnsAt = now + (this.first + 1) * perMs - to;
    this.ageMs = from - this.first * perMs;
  }

  /** Somebody wants so many units. */
  note(units: number, now: number): void {
    this.usedAt = now;
    if (now >= this.#spanEnds) {
      const recent = now < this.#spanEnds + SPAN_MS;
      this.#callsBefore = recent ? this.#calls : 0;
      this.#unitsBefore = recent ? this.#units : 0;
      this.#calls = 0;
      this.#units = 0;
      this.#spanEnds = now + SPAN_MS;
    }
    this.#calls++;
    this.#units += units;
  }

  /** How much it is worth to take in advance: what is used in 250 ms, and no more than each of these processes could take four times over. */
  sliceUnits(processes: number): number {
    if (Math.max(this.#calls, this.#callsBefore) < BUSY_CALLS) return 0;
    return Math.max(0, Math.min(Math.floor(this.limit / (4 * processes)), Math.max(this.#units, this.#unitsBefore)));
  }

  /** What the store said. */
  learn(used: number, place: number, now: number): void {
    this.known = used;
    this.knownIn = place;
    this.knownAt = now;
  }

  /** What the server said. */
  hear(used: number, place: number, now: number): void {
    const anew = this.align === "fixed" ? place !== this.toldIn : now - this.toldAt > this.perMs;
    if (!anew && used <= this.told) return;
    this.told = used;
    this.toldIn = place;
    this.toldAt = now;
  }

  /** The same, as far as it still counts. */
  toldOfWindow(place: number, now: number): number {
    return (this.align === "fixed" ? this.toldIn === place : now - this.toldAt <= this.perMs) ? this.told : 0;
  }

  /** Units that are certainly left of the window, by what the store said last; `undefined` where it has said nothing of it. */
  leftAsKnown(now: number): number | undefined {
    if (this.knownIn < 0) return undefined;
    if (this.align === "fixed" ? this.knownIn < this.first : now - this.knownAt > this.perMs) return undefined;
    return Math.max(0, this.limit - this.known);
  }
}
