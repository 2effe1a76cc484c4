import type { ServerClock } from "../time/server-clock.ts";
import { Columns, type Meter, type Outcome } from "./meter.ts";

/** How long a request that we gave up may still be on its way, while round trips are not known to be longer. */
const STRAY_MS = 1_000;
const LONGEST_STRAY_MS = 5_000;

/**
 * Windows that turn with the server's clock.
 *
 * Two windows are kept a row: the one that the server's clock is in at the earliest, and the next. What is in flight counts
 * in both: a request may arrive on either side of the turn. An answer's Date then proves the windows that it did not arrive in.
 *
 * `used = max(own count, largest header + what no header can have counted yet)`: headers reveal what others spend, our own
 * count what has not been answered yet, and neither may lower the other.
 */
export class FixedMeter implements Meter {
  limit: number;
  readonly perMs: number;
  readonly #clock: ServerClock;
  readonly #columns = new Columns(10);
  /** Number of the first of the two windows; NaN while the server's clock is unknown, which keeps everything in one window. */
  #window!: Float64Array;
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
  #strayMs = STRAY_MS;

  constructor(limit: number, perMs: number, clock: ServerClock) {
    this.limit = limit;
    this.perMs = perMs;
    this.#clock = clock;
    this.#bind();
  }

  room(row: number, now: number): number {
    this.#turn(row, now);
    const here = this.limit - this.#usedIn(row);
    if (!this.#straddles(row, now)) return here;
    return Math.min(here, this.limit - this.#usedInNext(row));
  }

  take(row: number, now: number, units: number): number {
    this.#turn(row, now);
    this.#flying[row] += units;
    return this.#window[row];
  }

  settle(row: number, stamp: number, units: number, counted: number, outcome: Outcome): void {
    this.#turn(row, outcome.now);
    this.#flying[row] = Math.max(0, this.#flying[row] - units);
    if (counted <= 0) return;
    if (outcome.answered) this.#strayMs = Math.min(LONGEST_STRAY_MS, Math.max(this.#strayMs * 0.999, 1.5 * (outcome.now - outcome.sentAt)));

    const window = this.#window[row];
    const last = this.#lastWindow(outcome);
    // What was taken before the server's clock was known carries NaN: it may lie in any window.
    const first = Number.isNaN(stamp) ? -Infinity : stamp;
    const here = Number.isNaN(window) || (first <= window && window <= last);
    const next = Number.isNaN(window) || (first <= window + 1 && window + 1 <= last);
    if (here) this.#own[row] += counted;
    if (next) this.#ownNext[row] += counted;
    if (outcome.reported) return;
    if (here) this.#unseen[row] += counted;
    if (next) this.#unseenNext[row] += counted;
    this.#unseenAt[row] = outcome.now;
  }

  observe(row: number, used: number, outcome: Outcome): void {
    this.#turn(row, outcome.now);
    const window = this.#window[row];
    const last = this.#lastWindow(outcome);
    const sure = Number.isNaN(window) || this.#unseenAt[row] + this.#strayMs < outcome.sentAt;
    if (Number.isNaN(window) || last <= window) {
      if (!Number.isNaN(window) && last < window) return;
      if (used > this.#header[row]) this.#header[row] = used;
      if (sure) this.#unseen[row] = 0;
    } else if (last === window + 1) {
      if (used > this.#headerNext[row]) this.#headerNext[row] = used;
      if (sure) this.#unseenNext[row] = 0;
    }
  }

  freeAt(row: number, now: number, units: number): number {
    if (units > this.limit) return Infinity;
    if (this.room(row, now) >= units) return now;
    const window = this.#window[row];
    if (Number.isNaN(window)) return Infinity;
    const turn = this.#clock.certainlyAt((window + 1) * this.perMs, now);
    if (this.limit - this.#usedInNext(row) >= units) return turn;
    // Even the next window is full of what is in flight or has landed there already.
    return this.limit - this.#flying[row] >= units ? this.#clock.certainlyAt((window + 2) * this.perMs, now) : turn;
  }

  used(row: number, now: number): number {
    this.#turn(row, now);
    return this.#usedIn(row);
  }

  resetsAt(row: number, now: number): number {
    this.#turn(row, now);
    const window = this.#window[row];
    return Number.isNaN(window) ? now + this.perMs : this.#clock.certainlyAt((window + 1) * this.perMs, now);
  }

  idle(row: number, now: number): boolean {
    return this.used(row, now) === 0 && this.#usedInNext(row) === 0;
  }

  clear(row: number): void {
    if (this.#columns.ensure(row)) this.#bind();
    for (const column of this.#columns.columns) column[row] = 0;
    this.#epoch[row] = -1;
  }

  /** The latest window that this answer's request can have been counted in. */
  #lastWindow(outcome: Outcome): number {
    if (outcome.writtenAt !== undefined) {
      // A Date is the second in which the answer was written. Where windows are shorter, the second may hold several.
      const end = this.perMs >= 1_000 ? outcome.writtenAt : Math.min(outcome.writtenAt + 999, this.#clock.latest(outcome.now));
      return Math.floor(end / this.perMs);
    }
    return Math.floor(this.#clock.latest(outcome.now + (outcome.answered ? 0 : this.#strayMs)) / this.perMs);
  }

  #usedIn(row: number): number {
    const flying = this.#flying[row];
    return Math.max(this.#own[row] + flying, this.#header[row] + this.#unseen[row] + flying);
  }

  #usedInNext(row: number): number {
    const flying = this.#flying[row];
    return Math.max(this.#ownNext[row] + flying, this.#headerNext[row] + this.#unseenNext[row] + flying);
  }

  #straddles(row: number, now: number): boolean {
    const window = this.#window[row];
    return !Number.isNaN(window) && this.#clock.latest(now) >= (window + 1) * this.perMs;
  }

  /** Brings a row to the window that the server's clock is in at the earliest. */
  #turn(row: number, now: number): void {
    if (this.#columns.ensure(row)) this.#bind();
    const clock = this.#clock;
    const window = clock.known ? Math.floor(clock.earliest(now) / this.perMs) : NaN;
    if (this.#epoch[row] !== clock.epoch + 1) {
      // First use, or the server's clock was found to be another: what was counted may lie in any window around here.
      this.#epoch[row] = clock.epoch + 1;
      this.#window[row] = window;
      this.#ownNext[row] = Math.max(this.#own[row], this.#ownNext[row]);
      this.#headerNext[row] = 0;
      this.#unseenNext[row] = this.#unseen[row];
      return;
    }
    const steps = window - this.#window[row];
    if (!(steps > 0)) return;
    this.#window[row] = window;
    this.#own[row] = steps === 1 ? this.#ownNext[row] : 0;
    this.#header[row] = steps === 1 ? this.#headerNext[row] : 0;
    this.#unseen[row] = steps === 1 ? this.#unseenNext[row] : 0;
    this.#ownNext[row] = this.#headerNext[row] = this.#unseenNext[row] = 0;
  }

  #bind(): void {
    [
      this.#window, this.#epoch, this.#flying, this.#own, this.#ownNext, this.#header, this.#headerNext,
      this.#unseen, this.#unseenNext, this.#unseenAt,
    ] = this.#columns.columns;
  }
}
