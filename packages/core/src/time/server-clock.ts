import { parseHttpDate } from "./retry-after.ts";

/** Clocks of machines drift by some 20 to 50 millionths; the bounds widen by that much while nothing new is learnt. */
const DRIFT = 50e-6;
/** Machines behind one name differ by this much, and a clock is being slewed now and then. */
const GUARD_MS = 25;
/** So many answers in a row must contradict what is known before it is thrown away: one error page of a proxy may carry any date. */
const CONTRADICTIONS = 3;
/** Without a Date in its answers a server is taken to be within this much of our own clock. */
const ASSUMED_MS = 1_000;

/**
 * What is known of a server's clock: bounds for its epoch time, counted from our monotonic clock, so that jumps of our own
 * wall clock change nothing.
 *
 * A Date header has a resolution of one second, and was written at some moment between sending and the answer. Each answer
 * therefore bounds the offset from both sides; the bounds of many answers together come as close as the network's delay allows.
 */
export class ServerClock {
  /** Goes up whenever windows have to be placed anew. */
  epoch = 0;
  #low = -Infinity;
  #high = Infinity;
  #learntAt = 0;
  #contradictions = 0;
  readonly #fixed: boolean;

  /** @param given server minus ours in milliseconds of the wall clock, where the user knows it */
  constructor(given?: { offsetMs: number; wallTime: number; now: number }) {
    this.#fixed = given !== undefined;
    if (given !== undefined) this.#low = this.#high = given.wallTime - given.now + given.offsetMs;
  }

  /** Until something is known, no window is believed to have turned. */
  get known(): boolean {
    return this.#low !== -Infinity;
  }

  /** The earliest that the server's clock can show at our `now`. */
  earliest(now: number): number {
    return now + this.#low - this.#slack(now);
  }

  /** The latest that the server's clock can show at our `now`. */
  latest(now: number): number {
    return now + this.#high + this.#slack(now);
  }

  /** Our monotonic time at which the server's clock has certainly reached `serverTime`. */
  certainlyAt(serverTime: number, now: number): number {
    return serverTime - this.#low + this.#slack(now);
  }

  #slack(now: number): number {
    return this.#fixed ? 0 : GUARD_MS + Math.max(0, now - this.#learntAt) * DRIFT;
  }

  /** Learns from an answer. Returns the epoch second that it was written in, where it says. */
  learn(date: string | undefined, sentAt: number, now: number, wallTime: number): number | undefined {
    const written = parseHttpDate(date);
    if (this.#fixed) return written;
    if (written === undefined) {
      if (!this.known) this.#restart(wallTime - now - ASSUMED_MS, wallTime - now + ASSUMED_MS, now);
      return undefined;
    }
    const low = written - now;
    const high = written + 1_000 - sentAt;
    if (!this.known) {
      this.#restart(low, high, now);
      return written;
    }
    const slack = this.#slack(now);
    if (low > this.#high + slack || high < this.#low - slack) {
      if (++this.#contradictions < CONTRADICTIONS) return undefined;
      this.#restart(low, high, now);
      return written;
    }
    this.#contradictions = 0;
    const drift = Math.max(0, now - this.#learntAt) * DRIFT;
    this.#low = Math.max(this.#low - drift, Math.min(low, this.#high + drift));
    this.#high = Math.max(this.#low, Math.min(this.#high + drift, high));
    this.#learntAt = now;
    return written;
  }

  #restart(low: number, high: number, now: number): void {
    this.#low = low;
    this.#high = high;
    this.#learntAt = now;
    this.#contradictions = 0;
    this.epoch++;
  }
}
