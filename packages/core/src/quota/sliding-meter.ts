import { Log } from "./log.ts";
import { less, slowest, type Meter, type Outcome, type SavedCount } from "./meter.ts";

/** Entries are merged when they lie closer than this share of the span: at most so much of it is lost, and the log stays short. */
const GRAIN = 1 / 256;

/**
 * No span of that length may hold more than the limit, wherever it begins.
 *
 * A request is counted from its sending until one span after its answer: it arrived somewhere in between, so that the server
 * sees no more than we do however unevenly the network delays.
 */
export class SlidingMeter implements Meter {
  limit: number;
  readonly perMs: number;
  /** The span as our clock may see it. */
  readonly #spanMs: number;
  readonly #grainMs: number;
  readonly #logs: (Log | undefined)[] = [];

  constructor(limit: number, perMs: number) {
    this.limit = limit;
    this.perMs = perMs;
    this.#spanMs = slowest(perMs);
    this.#grainMs = perMs * GRAIN;
  }

  room(row: number, now: number): number {
    return this.limit - this.used(row, now);
  }

  take(row: number, _now: number, units: number): void {
    this.#logOf(row).flying += units;
  }

  settle(row: number, units: number, counted: number, outcome: Outcome, used?: number): boolean {
    const log = this.#logOf(row);
    log.flying = less(log.flying, units);
    if (counted > 0) log.add(outcome.now, counted, this.#grainMs);
    if (used !== undefined) this.observe(row, used, outcome);
    return counted < units;
  }

  observe(row: number, used: number, outcome: Outcome): void {
    const missing = used - this.used(row, outcome.now);
    if (missing > 0) this.#logOf(row).add(outcome.now, missing, this.#grainMs);
  }

  freeAt(row: number, now: number, units: number): number {
    if (units > this.limit) return Infinity;
    const short = units - this.room(row, now);
    if (short <= 0) return now;
    return this.#logs[row]?.whenGone(short, this.#spanMs) ?? Infinity;
  }

  used(row: number, now: number): number {
    const log = this.#logs[row];
    if (log === undefined) return 0;
    log.drain(now - this.#spanMs);
    return log.sum + log.flying;
  }

  resetsAt(row: number, now: number): number {
    const log = this.#logs[row];
    if (log === undefined || this.used(row, now) === 0) return now;
    const gone = log.whenGone(log.sum, this.#spanMs);
    return gone === Infinity || log.flying > 0 ? now + this.#spanMs : gone;
  }

  idle(row: number, now: number): boolean {
    return this.used(row, now) === 0;
  }

  clear(row: number): void {
    this.#logs[row] = undefined;
  }

  get rows(): number {
    return this.#logs.length;
  }

  save(row: number, now: number): SavedCount | undefined {
    const used = this.used(row, now);
    return used > 0 ? { used } : undefined;
  }

  /** All of it leaves as late as the last of it can. */
  restore(row: number, { used }: SavedCount, sinceMs: number, now: number): void {
    if (sinceMs < this.perMs) this.#logOf(row).add(now - sinceMs, Math.min(used, this.limit), this.#grainMs);
  }

  /** For a meter that takes over: what is in flight, and what was counted; the row is empty afterwards. */
  handOver(row: number, now: number): { flying: number; counted: number } {
    const log = this.#logs[row];
    if (log === undefined) return { flying: 0, counted: 0 };
    log.drain(now - this.#spanMs);
    this.#logs[row] = undefined;
    return { flying: log.flying, counted: log.sum };
  }

  /** From another meter: what is in flight there, and what was counted as if now. */
  takeOver(row: number, flying: number, counted: number, now: number): void {
    const log = this.#logOf(row);
    log.flying += flying;
    if (counted > 0) log.add(now, counted, this.#grainMs);
  }

  #logOf(row: number): Log {
    return (this.#logs[row] ??= new Log());
  }
}
