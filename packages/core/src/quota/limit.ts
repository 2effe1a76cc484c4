import type { ServerClock } from "../time/server-clock.ts";
import { durationMs } from "../time/duration.ts";
import type { Align, Limit, LimitScope } from "../model/limits.ts";
import { counterName, ownerOf, type CounterOwner, type NamedCounter } from "./counter-owner.ts";
import { Crowd } from "./crowd.ts";
import type { FixedMeter } from "./fixed-meter.ts";
import { Foreign } from "./foreign.ts";
import { makeMeter } from "./make-meter.ts";
import type { Meter, Outcome, SavedCount } from "./meter.ts";
import { Newcomers } from "./newcomers.ts";
import { Suspicion } from "./suspicion.ts";
import type { Trips } from "./trips.ts";
import { TurnedAway } from "./turned-away.ts";
import { UsedHeaders } from "./used-headers.ts";

/** With more room than this share of a limit nothing is kept back: for others it is half at most, and a hundredth for looks. */
const PLENTY = 0.51;

/** More counters of one limit than this, and idle ones are given up: instruments and accounts come from outside. */
const MOST_KEYS = 10_000;

/** One limit of a target, with its counters and what has been learnt about them. */
export class QuotaLimit {
  readonly name: string;
  readonly unit: string;
  readonly scope: LimitScope;
  readonly align: Align;
  readonly meter: Meter;
  /** Its headers count one exit's window: they tell what others spend there, and what a single request has cost. */
  readonly watched: boolean;
  /** Where answers may name what is used of it. */
  headers: UsedHeaders;
  /** An answer named this limit: until then nothing that it counts is sent, by row. */
  readonly pausedUntil: number[] = [];
  /** What a ledger has refused; only where there is one. */
  readonly turnedAway: TurnedAway | undefined;
  readonly #suspicion = new Suspicion();
  readonly #trips: Trips;
  /** Of limits whose headers say what others spend. */
  readonly #foreign: Foreign | undefined;
  readonly #crowd: Crowd | undefined;
  readonly #newcomers: Newcomers | undefined;
  readonly #rows = new Map<string, number>();
  readonly #spare: number[] = [];
  #nextRow = 0;
  /** Answers say what is used of it: by a header, or by what the user reads out of them. */
  #told = false;

  constructor(limit: Limit, clock: ServerClock, trips: Trips, onlyOfItsUnit: boolean, shared = false) {
    this.name = limit.name;
    this.unit = limit.unit;
    this.scope = limit.scope ?? "exit";
    this.align = limit.align ?? "sliding";
    this.#trips = trips;
    const perMs = durationMs(limit.per);
    this.meter = makeMeter(this.align, limit.limit, perMs, clock);
    this.headers = new UsedHeaders(limit.unit, perMs, onlyOfItsUnit);
    this.watched = this.align === "fixed" && this.scope === "exit" && limit.unit === "weight";
    // What a ledger counts with us is not to be kept free for strangers: the room that is left is the ledger's to say.
    this.turnedAway = shared ? new TurnedAway() : undefined;
    this.#foreign = this.watched && !shared ? new Foreign(perMs, clock, trips) : undefined;
    this.#crowd = this.#foreign === undefined ? undefined : new Crowd();
    this.#newcomers = this.watched ? new Newcomers() : undefined;
  }

  /** Takes another size, and keeps its counters; false where it has become another limit. */
  resize(limit: Limit, onlyOfItsUnit: boolean): boolean {
    const same = limit.unit === this.unit && (limit.scope ?? "exit") === this.scope && (limit.align ?? "sliding") === this.align && durationMs(limit.per) === this.meter.perMs;
    if (!same) return false;
    this.meter.limit = limit.limit;
    this.headers = new UsedHeaders(limit.unit, this.meter.perMs, onlyOfItsUnit);
    return true;
  }

  /** The counter of an exit without a key is its egress index; every other has a row by name, far above. */
  rowOf(egress: number, account: string | undefined, key: string | undefined, now: number): number {
    // Even rows are exits', odd ones are keys': neither has to know how many there are of the other.
    if (this.scope === "exit" && key === undefined) return egress * 2;
    const name = counterName(this.scope, egress, account, key);
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    if (this.#rows.size >= MOST_KEYS) this.#sweep(now);
    const row = this.#spare.pop() ?? this.#nextRow++ * 2 + 1;
    this.#rows.set(name, row);
    return row;
  }

  /** Units that may be taken now, by somebody who asks for so many: none while the limit itself is paused. */
  room(row: number, now: number, units = 1): number {
    if (this.pausedUntil.length > 0 && this.pausedUntil[row] > now) return 0;
    const room = this.meter.room(row, now);
    return this.#calm ? room : room - this.#withheld(row, now, units);
  }

  /**
   * Is there room for so many now? What is kept free for others never keeps out a request so heavy that it would wait for ever.
   *
   * @param keptShare what has to be left for others, as a share of the limit
   * @param byHand a lease taken by hand: its holder may never tell what came of it, so nobody waits for that
   */
  fits(row: number, now: number, units: number, byHand: boolean, keptShare: number): boolean {
    if (this.turnedAway !== undefined && this.turnedAway.until(row, units, now) > now) return false;
    if (keptShare > 0 && this.meter.room(row, now) - units < this.kept(keptShare)) return false;
    // Never so much is kept free that it mattered here.
    const plenty = this.pausedUntil.length === 0 && this.#suspicion.none && this.meter.room(row, now) - units > this.meter.limit * PLENTY;
    const room = plenty ? units : this.room(row, now, units);
    if (room < units && !(this.#isHeavy(units) && !this.isPaused(row, now) && this.meter.room(row, now) >= units)) return false;
    if (byHand || this.#newcomers === undefined) return true;
    return !this.#newcomers.waits(row, now) && (plenty || !this.#isCrowded(row, now, units));
  }

  /** So many units are kept by a share of it: whole ones, so that small limits are not shut altogether. */
  kept(share: number): number {
    return share === 0 ? 0 : Math.floor(this.meter.limit * share + 1e-9);
  }

  freeAt(row: number, now: number, units: number, keptShare = 0): number {
    let at = this.meter.freeAt(row, now, units + this.kept(keptShare));
    if (at <= now && !this.#calm && !this.#isHeavy(units) && this.room(row, now, units) < units) at = Math.max(now + 1, this.#releaseAt(row, now, units));
    if (at <= now && this.#newcomers?.waits(row, now) === true) at = this.#newcomers.until(row);
    // An answer may make place sooner; the turn does at the latest.
    if (at <= now && this.#isCrowded(row, now, units)) at = Math.max(now + 1, this.meter.resetsAt(row, now));
    if (this.turnedAway !== undefined) at = Math.max(at, this.turnedAway.until(row, units, now));
    return this.pausedUntil.length > 0 && this.pausedUntil[row] > at ? this.pausedUntil[row] : at;
  }

  /** Does a figure in that answer speak of the span that is being counted now? Around a turn nobody can say. */
  isNow(outcome: Outcome): boolean {
    return this.align !== "fixed" || (this.meter as FixedMeter).isNow(outcome);
  }

  take(row: number, now: number, units: number, byHand = false): void {
    if (!byHand) this.#crowd?.enter(row);
    if (this.#newcomers !== undefined) {
      // A look into the unknown goes alone: nobody else need be refused with it.
      if (this.#isLook(row, now)) this.#newcomers.ask(row, now);
      else this.#newcomers.taken(row, now);
    }
    this.meter.take(row, now, units);
  }

  /** @returns may somebody go on who had to wait? */
  settle(row: number, units: number, counted: number, outcome: Outcome, used: number | undefined, byHand = false): boolean {
    const more = this.meter.settle(row, units, counted, outcome, used);
    if (used !== undefined) this.#look(row, outcome);
    const place = !byHand && this.#crowd?.leave(row) === true && this.#isNearlyFull(row, outcome.now, 0);
    return this.#newcomers?.heard(row) === true || more || place;
  }

  /** It was certainly not sent. */
  refund(row: number, units: number, outcome: Outcome, byHand = false): void {
    this.meter.settle(row, units, 0, outcome);
    if (!byHand) this.#crowd?.leave(row);
    this.#newcomers?.unsent(row);
  }

  /** Given up: whoever waited for its answer waits no longer. */
  heard(row: number): boolean {
    return this.#newcomers?.heard(row) === true;
  }

  /**
   * Counts what an earlier process had counted.
   *
   * @param all it was all that was sent, so nobody has to ask what was used
   */
  restore(row: number, count: SavedCount, sinceMs: number, all: boolean, now: number): void {
    this.meter.restore(row, count, sinceMs, now);
    if (all && sinceMs < this.meter.perMs) this.#newcomers?.know(row);
  }

  observe(row: number, used: number, outcome: Outcome): void {
    this.meter.observe(row, used, outcome);
    this.#look(row, outcome);
  }

  pause(row: number, until: number): void {
    if (!(this.pausedUntil[row] >= until)) this.pausedUntil[row] = until;
  }

  isPaused(row: number, now: number): boolean {
    return this.pausedUntil.length > 0 && this.pausedUntil[row] > now;
  }

  /** A request that this limit counts was refused, perhaps for another one's sake. @returns is that suspect, so little being used? */
  refused(row: number, { sentAt, now }: Outcome): boolean {
    if (this.#foreign !== undefined) this.#foreign.refused(row, (this.meter as FixedMeter).windowOf(row), this.meter.limit, sentAt, now);
    if (this.turnedAway !== undefined) return false;
    return this.#suspicion.refused(row, this.meter.used(row, now), this.meter.limit, this.meter.perMs, now, this.#trips.roundMs);
  }

  /** Every counter that counts something or is paused, for a process to come. */
  *counters(now: number): IterableIterator<Counter> {
    if (this.scope === "exit") {
      const rows = Math.max(this.meter.rows, this.pausedUntil.length);
      for (let row = 0; row < rows; row += 2) {
        const counter = this.#counter(row, { egress: row / 2 }, now);
        if (counter !== undefined) yield counter;
      }
    }
    for (const [name, row] of this.#rows) {
      const counter = this.#counter(row, ownerOf(this.scope, name), now);
      if (counter !== undefined) yield counter;
    }
  }

  /** Units used of the fullest counter that has a name: an account's, an instrument's or the target's own. */
  fullestNamed(now: number): number {
    let most = 0;
    for (const row of this.#rows.values()) if (row < this.meter.rows) most = Math.max(most, this.meter.used(row, now));
    return most;
  }

  /** The counters that have a name and count something or are paused. */
  *named(now: number): IterableIterator<NamedCounter> {
    for (const [name, row] of this.#rows) {
      const used = row < this.meter.rows ? this.meter.used(row, now) : 0;
      const pausedUntil = this.isPaused(row, now) ? this.pausedUntil[row] : 0;
      if (used > 0 || pausedUntil > 0) yield { owner: ownerOf(this.scope, name), used, resetsAt: used > 0 ? this.meter.resetsAt(row, now) : now, pausedUntil };
    }
  }

  /** Its exits' counters are all that is known: nothing learnt about them, none by name. */
  get isPlain(): boolean {
    return !this.watched && this.turnedAway === undefined && this.#rows.size === 0 && this.#suspicion.none;
  }

  /** Do others spend of that counter? */
  isShared(row: number): boolean {
    return this.turnedAway !== undefined || this.#foreign?.has(row) === true;
  }

  get #calm(): boolean {
    return this.#suspicion.none && (this.#foreign === undefined || !this.#told);
  }

  #isHeavy(units: number): boolean {
    return units * 2 > this.meter.limit;
  }

  /** So many are on their way, and so little is left, that all of them may be refused together. */
  #isCrowded(row: number, now: number, units: number): boolean {
    return this.#crowd?.isFull(row) === true && this.#isNearlyFull(row, now, units);
  }

  #isNearlyFull(row: number, now: number, units: number): boolean {
    return this.#told && this.#foreign !== undefined && this.meter.room(row, now) - units < this.#foreign.unsure(row, this.meter.limit, now);
  }

  #isLook(row: number, now: number): boolean {
    return this.#foreign?.none === false && this.#foreign.lookIsDue(row, this.meter.limit, now);
  }

  #look(row: number, outcome: Outcome): void {
    this.#told = true;
    if (this.#foreign === undefined) return;
    const meter = this.meter as FixedMeter;
    const units = meter.foreign(row);
    const window = meter.windowOf(row);
    // Others than that window's figures were not looked at.
    if (meter.firstWindow(outcome) !== window || meter.lastWindow(outcome) !== window) return;
    this.#foreign.look(row, window, units, outcome.sentAt, outcome.now, meter.limit);
  }

  #withheld(row: number, now: number, units: number): number {
    const { limit, perMs } = this.meter;
    return Math.max(this.#foreign?.held(row, units, limit, now) ?? 0, this.#suspicion.withheld(row, limit, perMs, now));
  }

  #releaseAt(row: number, now: number, units: number): number {
    const { limit, perMs } = this.meter;
    const room = this.meter.room(row, now);
    const foreign = this.#foreign?.releaseAt(row, units, room, limit, now) ?? now;
    const doubt = this.#suspicion.releaseAt(row, room - units, limit, perMs, now);
    // At the turn there is room again, whatever is withheld now.
    return Math.min(Math.max(foreign, doubt), Math.max(now, this.meter.resetsAt(row, now)));
  }

  #counter(row: number, owner: CounterOwner, now: number): Counter | undefined {
    // Asking for a row makes room for it.
    const count = row < this.meter.rows ? this.meter.save(row, now) : undefined;
    const pausedUntil = this.isPaused(row, now) ? this.pausedUntil[row] : 0;
    return count === undefined && pausedUntil === 0 ? undefined : { ...owner, count, pausedUntil };
  }

  #sweep(now: number): void {
    for (const [name, row] of this.#rows) {
      if (!this.meter.idle(row, now) || this.pausedUntil[row] > now) continue;
      this.#rows.delete(name);
      this.meter.clear(row);
      this.#spare.push(row);
    }
  }
}

export interface Counter extends CounterOwner {
  readonly count: SavedCount | undefined;
  /** 0: it is not. */
  readonly pausedUntil: number;
}
