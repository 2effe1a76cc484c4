import type { Meter, Outcome } from "./meter.ts";

/** Entries are merged when they lie closer than this share of the span: at most so much of it is lost, and the log stays short. */
const GRAIN = 1 / 256;

/** What one row sent, oldest first, as a ring. */
class Log {
  flying = 0;
  sum = 0;
  #head = 0;
  #size = 0;
  #first = new Float64Array(4);
  #last = new Float64Array(4);
  #units = new Float64Array(4);

  add(now: number, units: number, grainMs: number): void {
    this.sum += units;
    if (this.#size > 0) {
      const newest = (this.#head + this.#size - 1) % this.#units.length;
      if (now - this.#first[newest] <= grainMs) {
        this.#last[newest] = now;
        this.#units[newest] += units;
        return;
      }
    }
    if (this.#size === this.#units.length) this.#widen();
    const slot = (this.#head + this.#size++) % this.#units.length;
    this.#first[slot] = this.#last[slot] = now;
    this.#units[slot] = units;
  }

  /** Forgets what is older than the span. */
  drain(before: number): void {
    while (this.#size > 0 && this.#last[this.#head] <= before) {
      this.sum -= this.#units[this.#head];
      this.#head = (this.#head + 1) % this.#units.length;
      this.#size--;
    }
    if (this.#size === 0) this.sum = 0;
  }

  /** When `units` of it will have left the span. */
  whenGone(units: number, perMs: number): number {
    let gone = 0;
    for (let i = 0; i < this.#size; i++) {
      const slot = (this.#head + i) % this.#units.length;
      gone += this.#units[slot];
      if (gone >= units) return this.#last[slot] + perMs;
    }
    return Infinity;
  }

  #widen(): void {
    const length = this.#units.length;
    const move = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(length * 2);
      for (let i = 0; i < length; i++) to[i] = from[(this.#head + i) % length];
      return to;
    };
    this.#first = move(this.#first);
    this.#last = move(this.#last);
    this.#units = move(this.#units);
    this.#head = 0;
  }
}

/**
 * No span of that length may hold more than the limit, wherever it begins.
 *
 * A request is counted from its sending until one span after its answer: it arrived somewhere in between, so that the server
 * sees no more than we do however unevenly the network delays.
 */
export class SlidingMeter implements Meter {
  limit: number;
  readonly perMs: number;
  readonly #grainMs: number;
  readonly #logs: (Log | undefined)[] = [];

  constructor(limit: number, perMs: number) {
    this.limit = limit;
    this.perMs = perMs;
    this.#grainMs = perMs * GRAIN;
  }

  room(row: number, now: number): number {
    return this.limit - this.used(row, now);
  }

  take(row: number, now: number, units: number): number {
    (this.#logs[row] ??= new Log()).flying += units;
    return now;
  }

  settle(row: number, _stamp: number, units: number, counted: number, outcome: Outcome): void {
    const log = (this.#logs[row] ??= new Log());
    log.flying = Math.max(0, log.flying - units);
    if (counted > 0) log.add(outcome.now, counted, this.#grainMs);
  }

  observe(row: number, used: number, outcome: Outcome): void {
    const missing = used - this.used(row, outcome.now);
    if (missing > 0) (this.#logs[row] ??= new Log()).add(outcome.now, missing, this.#grainMs);
  }

  freeAt(row: number, now: number, units: number): number {
    if (units > this.limit) return Infinity;
    const short = units - this.room(row, now);
    if (short <= 0) return now;
    return this.#logs[row]?.whenGone(short, this.perMs) ?? Infinity;
  }

  used(row: number, now: number): number {
    const log = this.#logs[row];
    if (log === undefined) return 0;
    log.drain(now - this.perMs);
    return log.sum + log.flying;
  }

  resetsAt(row: number, now: number): number {
    const log = this.#logs[row];
    if (log === undefined || this.used(row, now) === 0) return now;
    const gone = log.whenGone(log.sum, this.perMs);
    return gone === Infinity ? now + this.perMs : gone;
  }

  idle(row: number, now: number): boolean {
    return this.used(row, now) === 0;
  }

  clear(row: number): void {
    this.#logs[row] = undefined;
  }
}
