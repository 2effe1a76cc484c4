import type { ServerClock } from "../time/server-clock.ts";
import { Columns, less, type Meter, type Outcome, type SavedCount } from "./meter.ts";
import { SlidingMeter } from "./sliding-meter.ts";

/** As a share of a window: when the server's clock is known that well, its windows are counted … */
const SHARP = 0.4;
/** … until it is known worse than this. No two such changes lie close together, for each costs what is left of a window. */
const BLUNT = 0.9;
/** What a clock may drift while a request is under way: sent right after a turn, it must not seem to have been sent before it. */
const DRIFT_MS = 5;

/**
 * Windows that turn with the server's clock.
 *
 * Two windows are kept a row: the one that the server's clock is in at the earliest, and the next. What is in flight counts
 * in both: a request may arrive on either side of the turn. An answer's Date then proves the windows that it did not arrive in.
 *
 * `used = max(own count, largest header + what no header can have counted yet)`: headers reveal what others spend, our own
 * count what has not been answered yet, and neither may lower the other.
 *
 * While it is not known within what window the server's clock is, it may turn at any moment: then no span of that length may
 * hold more than the limit, which is safe wherever the windows lie.
 */
export class FixedMeter implements Meter {
  readonly perMs: number;
  #limit: number;
  readonly #clock: ServerClock;
  /** Counts what is sent while the server's window is unknown. */
  readonly #blind: SlidingMeter;
  readonly #columns = new Columns(11);
  /** Number of the first of the two windows. */
  #window!: Float64Array;
  /** The clock's epoch that `window` belongs to; 0 while the row is counted blindly. */
  #epoch!: Float64Array;
  #flying!: Float64Array;
  /** Units answered, or given up, that the window may have counted. */
  #own!: Float64Array;
  #ownNext!: Float64Array;
  /** The largest figure that the server named. */
  #header!: Float64Array;
  #headerNext!: Float64Array;
  /** The part of `own` that came without such a figure, and after the last one. */
  #unseen!: Float64Array;
  #unseenNext!: Float64Array;
  #unseenAt!: Float64Array;
  /** When something was last counted: a span later nothing of it is left, whatever the server's clock has done meanwhile. */
  #countedAt!: Float64Array;

  constructor(limit: number, perMs: number, clock: ServerClock) {
    this.#limit = limit;
    this.perMs = perMs;
    this.#clock = clock;
    this.#blind = new SlidingMeter(limit, perMs);
    this.#bind();
  }

  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = this.#blind.limit = limit;
  }

  room(row: number, now: number): number {
    if (!this.#turn(row, now)) return this.#blind.room(row, now);
    const here = this.#limit - this.#usedIn(row);
    // The server may be in the next window already.
    return this.#clock.latest(now) < (this.#window[row] + 1) * this.perMs ? here : Math.min(here, this.#limit - this.#usedInNext(row));
  }

  take(row: number, now: number, units: number): void {
    if (this.#turn(row, now)) this.#flying[row] += units;
    else this.#blind.take(row, now, units);
  }

  settle(row: number, units: number, counted: number, outcome: Outcome, used?: number): boolean {
    if (!this.#turn(row, outcome.now)) return this.#blind.settle(row, units, counted, outcome, used);
    const before = this.#usedIn(row);
    this.#flying[row] = less(this.#flying[row], units);
    const window = this.#window[row];
    const first = this.firstWindow(outcome);
    const last = Math.max(first, this.lastWindow(outcome));
    const seen = used !== undefined && first === last;
    if (seen) this.#see(row, last, used, outcome.sentAt);
    this.#countedAt[row] = outcome.now;
    if (counted > 0) {
      const here = first <= window && window <= last;
      const next = first <= window + 1 && window + 1 <= last;
      if (here) this.#own[row] += counted;
      if (next) this.#ownNext[row] += counted;
      if (!seen) {
        if (here) this.#unseen[row] += counted;
        if (next) this.#unseenNext[row] += counted;
        this.#unseenAt[row] = outcome.now;
      }
    }
    return this.#usedIn(row) < before;
  }

  observe(row: number, used: number, outcome: Outcome): void {
    if (!this.#turn(row, outcome.now)) {
      this.#blind.observe(row, used, outcome);
      return;
    }
    const last = this.lastWindow(outcome);
    this.#countedAt[row] = outcome.now;
    if (this.firstWindow(outcome) === last) this.#see(row, last, used, outcome.sentAt);
  }

  freeAt(row: number, now: number, units: number): number {
    if (!this.#turn(row, now)) return this.#blind.freeAt(row, now, units);
    if (units > this.#limit) return Infinity;
    if (this.room(row, now) >= units) return now;
    const window = this.#window[row];
    if (this.#limit - this.#usedInNext(row) >= units) return this.#clock.certainlyAt((window + 1) * this.perMs, now);
    // Even the next window is full of what is in flight or has landed there already.
    return this.#limit - this.#flying[row] >= units ? this.#clock.certainlyAt((window + 2) * this.perMs, now) : Infinity;
  }

  used(row: number, now: number): number {
    return this.#turn(row, now) ? this.#usedIn(row) : this.#blind.used(row, now);
  }

  /** At least so much of the window was spent by others. */
  foreign(row: number): number {
    return Math.max(0, this.#header[row] - this.#own[row] - this.#flying[row]);
  }

  /** Number of the window that the row is in, as of its last use; NaN while that is unknown. */
  windowOf(row: number): number {
    return this.#epoch[row] === 0 ? NaN : this.#window[row];
  }

  resetsAt(row: number, now: number): number {
    if (!this.#turn(row, now)) return this.#blind.resetsAt(row, now);
    return this.#clock.certainlyAt((this.#window[row] + 1) * this.perMs, now);
  }

  idle(row: number, now: number): boolean {
    return this.used(row, now) === 0 && this.#usedInNext(row) === 0;
  }

  clear(row: number): void {
    this.#blind.clear(row);
    if (this.#columns.ensure(row)) this.#bind();
    for (const column of this.#columns.columns) column[row] = 0;
  }

  get rows(): number {
    return Math.max(this.#columns.capacity, this.#blind.rows);
  }

  save(row: number, now: number): SavedCount | undefined {
    if (!this.#turn(row, now)) return this.#blind.save(row, now);
    const used = this.#usedIn(row);
    const next = this.#usedInNext(row);
    return used > 0 || next > 0 ? { used, window: this.#window[row], next } : undefined;
  }

  /** Counts again unless its window has certainly ended. */
  restore(row: number, { used, window, next = 0 }: SavedCount, sinceMs: number, now: number): void {
    const here = Math.min(used, this.#limit);
    const later = Math.min(next, this.#limit);
    const known = this.#turn(row, now);
    if (!known) {
      this.#blind.restore(row, { used: Math.max(here, later) }, sinceMs, now);
    } else if (window === undefined || window > this.#window[row]) {
      // Counted blindly, or the clock says now that it was earlier: it may be any window around here.
      if (sinceMs >= this.perMs) return;
      this.#own[row] += Math.max(here, later);
      this.#ownNext[row] += Math.max(here, later);
    } else if (window === this.#window[row]) {
      this.#own[row] += here;
      this.#ownNext[row] += later;
    } else if (window + 1 === this.#window[row]) {
      this.#own[row] += later;
    }
  }

  /** The earliest window that this answer's request can have been counted in, by what is known of the server's clock today. */
  firstWindow({ sentAt }: Outcome): number {
    return Math.floor((this.#clock.earliest(sentAt) + DRIFT_MS) / this.perMs);
  }

  /** The latest window that this answer's request can have been counted in. */
  lastWindow({ now, writtenAt }: Outcome): number {
    if (writtenAt === undefined) return Math.floor(this.#clock.latest(now) / this.perMs);
    // A Date is the second in which the answer was written; where windows turn within seconds, it may hold two.
    const end = this.perMs % 1_000 === 0 ? writtenAt : Math.min(writtenAt + 999, this.#clock.latest(now));
    return Math.floor(end / this.perMs);
  }

  /** Is it certain that its request was counted in the window that the server's clock is in at `outcome.now`? */
  isNow(outcome: Outcome): boolean {
    const first = this.firstWindow(outcome);
    return first === this.lastWindow(outcome) && first === Math.floor(this.#clock.latest(outcome.now) / this.perMs) && first === Math.floor(this.#clock.earliest(outcome.now) / this.perMs);
  }

  /**
   * A figure is read when a request is counted, the Date when its answer is written. Only where no window can have turned
   * from sending to writing is it certain which one the figure is of.
   */
  #see(row: number, window: number, used: number, sentAt: number): void {
    // A request sent after all of these were known to have arrived was counted after them: its figure holds them.
    const holdsAll = this.#unseenAt[row] < sentAt;
    if (window === this.#window[row]) {
      if (used > this.#header[row]) this.#header[row] = used;
      if (holdsAll) this.#unseen[row] = 0;
    } else if (window === this.#window[row] + 1) {
      if (used > this.#headerNext[row]) this.#headerNext[row] = used;
      if (holdsAll) this.#unseenNext[row] = 0;
    }
  }

  #usedIn(row: number): number {
    return Math.max(this.#own[row], this.#header[row] + this.#unseen[row]) + this.#flying[row];
  }

  #usedInNext(row: number): number {
    return Math.max(this.#ownNext[row], this.#headerNext[row] + this.#unseenNext[row]) + this.#flying[row];
  }

  /** Brings a row to the window that the server's clock is in at the earliest. False: which that is cannot be said. */
  #turn(row: number, now: number): boolean {
    if (this.#columns.ensure(row)) this.#bind();
    const clock = this.#clock;
    const epoch = this.#epoch[row];
    if (clock.uncertainMs(now) > this.perMs * (epoch === 0 ? SHARP : BLUNT)) {
      if (epoch !== 0) this.#lose(row, now);
      return false;
    }
    const window = Math.floor(clock.earliest(now) / this.perMs);
    if (epoch !== clock.epoch) this.#place(row, window, now);
    else if (window > this.#window[row]) this.#pass(row, window);
    return true;
  }

  #pass(row: number, window: number): void {
    const next = window === this.#window[row] + 1;
    this.#window[row] = window;
    this.#own[row] = next ? this.#ownNext[row] : 0;
    this.#header[row] = next ? this.#headerNext[row] : 0;
    this.#unseen[row] = next ? this.#unseenNext[row] : 0;
    this.#ownNext[row] = this.#headerNext[row] = this.#unseenNext[row] = 0;
  }

  /** The server's window has become known, or its clock was found to be another: what was counted may lie in any window around here. */
  #place(row: number, window: number, now: number): void {
    if (this.#epoch[row] === 0) {
      const { flying, counted } = this.#blind.handOver(row, now);
      this.#flying[row] += flying;
      this.#own[row] = counted;
      this.#countedAt[row] = now;
    }
    this.#forgetOld(row, now);
    this.#epoch[row] = this.#clock.epoch;
    this.#window[row] = window;
    this.#ownNext[row] = Math.max(this.#own[row], this.#ownNext[row]);
    this.#unseen[row] = this.#unseenNext[row] = Math.max(this.#unseen[row], this.#unseenNext[row]);
    this.#headerNext[row] = 0;
  }

  /** The server's clock is no longer known well enough: everything is counted for one more span. */
  #lose(row: number, now: number): void {
    const window = Math.floor(this.#clock.earliest(now) / this.perMs);
    if (this.#epoch[row] === this.#clock.epoch && window > this.#window[row]) this.#pass(row, window);
    this.#forgetOld(row, now);
    const flying = this.#flying[row];
    const counted = Math.max(this.#usedIn(row), this.#usedInNext(row)) - flying;
    for (const column of this.#columns.columns) column[row] = 0;
    this.#blind.takeOver(row, flying, counted, now);
  }

  #forgetOld(row: number, now: number): void {
    if (now - this.#countedAt[row] <= this.perMs + this.#clock.uncertainMs(now)) return;
    for (const column of [this.#own, this.#ownNext, this.#header, this.#headerNext, this.#unseen, this.#unseenNext]) column[row] = 0;
  }

  #bind(): void {
    [
      this.#window, this.#epoch, this.#flying, this.#own, this.#ownNext, this.#header, this.#headerNext, this.#unseen,
      this.#unseenNext, this.#unseenAt, this.#countedAt,
    ] = this.#columns.columns;
  }
}
