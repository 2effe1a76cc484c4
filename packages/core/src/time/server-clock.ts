import { parseHttpDate } from "./retry-after.ts";

/** Clocks of machines drift by some 20 to 50 millionths; the bounds widen by that much while nothing new is learnt. */
const DRIFT = 50e-6;
/** Machines behind one name differ by this much, and a clock is being slewed now and then. */
const GUARD_MS = 25;
/** A Date that is off by less is another machine behind the same name, or a clock being corrected: it is believed as well. */
const STEP_MS = 5_000;
/** How long a disagreement of that kind is remembered. */
const SPREAD_MS = 600_000;
/**
 * So many answers in a row must be off by more before what is known is thrown away: one page of a cache may carry any date.
 * Twice as many each time: of two machines hours apart none may win every other minute, for windows would never end.
 */
const CONTRADICTIONS = 3;
const MOST_CONTRADICTIONS = 1_000;
/** After so long without such a change the next one is believed as fast as the first. */
const FORGET_MS = 3_600_000;

/**
 * What is known of a server's clock: bounds for its epoch time, counted from our monotonic clock, so that jumps of our own
 * wall clock change nothing.
 *
 * A Date header has a resolution of one second, and was written at some moment between sending and the answer. Each answer
 * therefore bounds the offset from both sides; the bounds of many answers together come as close as the network's delay allows.
 */
export class ServerClock {
  /** Goes up whenever windows have to be placed anew; 0 while nothing is known. */
  epoch = 0;
  #low = -Infinity;
  #high = Infinity;
  #learntAt = 0;
  /** How far machines behind this name were seen to disagree. */
  #spread = 0;
  #contradictions = 0;
  #patience = CONTRADICTIONS;
  #restartedAt = -Infinity;
  readonly #fixed: boolean;
  /** What is known comes from before this process: the first answer that says otherwise is believed. */
  #recalled = false;
  /** Most answers repeat the second of the one before. */
  #date: string | undefined;
  #written: number | undefined;

  /** @param given server minus ours in milliseconds of the wall clock, where the user knows it */
  constructor(given?: { offsetMs: number; wallTime: number; now: number }) {
    this.#fixed = given !== undefined;
    if (given === undefined) return;
    this.#low = this.#high = given.wallTime - given.now + given.offsetMs;
    this.epoch = 1;
  }

  /** Until something is known, windows may turn at any moment. */
  get known(): boolean {
    return this.epoch > 0;
  }

  /** The earliest that the server's clock can show at our `now`; for moments that have passed, as far as is known today. */
  earliest(now: number): number {
    return now + this.#low - this.#slack(now);
  }

  /** The latest that the server's clock can show at our `now`. */
  latest(now: number): number {
    return now + this.#high + this.#slack(now);
  }

  /** How far apart the two are. */
  uncertainMs(now: number): number {
    return this.#high - this.#low + 2 * this.#slack(now);
  }

  /** Our monotonic time at which the server's clock has certainly reached `serverTime`. */
  certainlyAt(serverTime: number, now: number): number {
    return serverTime - this.#low + this.#slack(now);
  }

  /** What an earlier process knew. Nothing happens where something is known already. */
  recall(earliest: number, latest: number, now: number): void {
    if (this.known || !(earliest <= latest)) return;
    this.#restart(earliest - now, latest - now, now);
    this.#recalled = true;
  }

  /** Learns from an answer. Returns the epoch second that it was written in, where it says so and is believed. */
  learn(date: string | undefined, sentAt: number, now: number): number | undefined {
    const written = this.#parse(date);
    if (this.#fixed || written === undefined) return written;
    const low = written - now;
    const high = written + 1_000 - sentAt;
    if (!this.known) {
      this.#restart(low, high, now);
      return written;
    }
    const apart = Math.max(low - this.#high, this.#low - high);
    if (apart > this.#slack(now) && this.#recalled) {
      this.#restart(low, high, now);
      return written;
    }
    this.#recalled = false;
    if (apart > this.#slack(now)) return this.#contradict(apart, low, high, now) ? written : undefined;

    this.#contradictions = 0;
    const sinceMs = Math.max(0, now - this.#learntAt);
    const drift = sinceMs * DRIFT;
    this.#low = Math.max(this.#low - drift, Math.min(low, this.#high + drift));
    this.#high = Math.max(this.#low, Math.min(this.#high + drift, high));
    if (this.#spread > 0) this.#spread *= Math.max(0, 1 - sinceMs / SPREAD_MS);
    this.#learntAt = now;
    return written;
  }

  #parse(date: string | undefined): number | undefined {
    if (date === this.#date) return this.#written;
    this.#date = date;
    this.#written = parseHttpDate(date);
    return this.#written;
  }

  #slack(now: number): number {
    return this.#fixed ? 0 : GUARD_MS + this.#spread + Math.abs(now - this.#learntAt) * DRIFT;
  }

  /** @returns is this answer's date believed? */
  #contradict(apart: number, low: number, high: number, now: number): boolean {
    if (apart <= STEP_MS) {
      // Both may be right: the bounds follow the latest, and stay wide enough for the one before.
      this.#spread = Math.max(this.#spread, Math.abs(low - this.#low), Math.abs(high - this.#high));
      this.#low = low;
      this.#high = high;
      this.#learntAt = now;
      return true;
    }
    if (now - this.#restartedAt > FORGET_MS) this.#patience = CONTRADICTIONS;
    if (++this.#contradictions < this.#patience) return false;
    this.#restartedAt = now;
    this.#patience = Math.min(MOST_CONTRADICTIONS, this.#patience * 2);
    this.#restart(low, high, now);
    return true;
  }

  #restart(low: number, high: number, now: number): void {
    this.#recalled = false;
    this.#low = low;
    this.#high = high;
    this.#learntAt = now;
    this.#spread = 0;
    this.#contradictions = 0;
    this.epoch++;
  }
}
