import { Columns, less, slowest, type Meter, type Outcome, type SavedCount } from "./meter.ts";

/** So little is no lack: sums of fractions are exact to some fifteen digits, and who waits for the sixteenth waits for nothing that comes. */
const DROP = 1e-9;

/**
 * A bucket that holds the limit and fills at `limit / per`.
 *
 * What is in flight keeps its place in the bucket empty: a server refills only up to the brim, so tokens that we would have
 * won while our own requests were still on their way are not there when these arrive together.
 */
export class BucketMeter implements Meter {
  limit: number;
  readonly perMs: number;
  /** How long it takes to fill, as our clock may see it. */
  readonly #fillMs: number;
  readonly #columns = new Columns(3);
  /** Units missing from a full bucket, as of `at`. */
  #missing!: Float64Array;
  #at!: Float64Array;
  #flying!: Float64Array;

  constructor(limit: number, perMs: number) {
    this.limit = limit;
    this.perMs = perMs;
    this.#fillMs = slowest(perMs);
    this.#bind();
  }

  room(row: number, now: number): number {
    return this.limit - this.used(row, now);
  }

  take(row: number, now: number, units: number): void {
    this.#refill(row, now);
    this.#missing[row] += units;
    this.#flying[row] += units;
  }

  settle(row: number, units: number, counted: number, outcome: Outcome, used?: number): boolean {
    this.#refill(row, outcome.now);
    this.#flying[row] = less(this.#flying[row], units);
    this.#missing[row] = less(this.#missing[row], units - counted);
    if (used !== undefined) this.observe(row, used, outcome);
    return counted < units;
  }

  observe(row: number, used: number, outcome: Outcome): void {
    this.#refill(row, outcome.now);
    if (used > this.#missing[row]) this.#missing[row] = used;
  }

  freeAt(row: number, now: number, units: number): number {
    if (units > this.limit) return Infinity;
    const short = units - this.room(row, now);
    if (short <= 0) return now;
    const refilling = this.#missing[row] - this.#flying[row];
    return refilling > 0 && short <= refilling + DROP ? now + (short * this.#fillMs) / this.limit : Infinity;
  }

  used(row: number, now: number): number {
    this.#refill(row, now);
    return this.#missing[row];
  }

  resetsAt(row: number, now: number): number {
    return now + (this.used(row, now) * this.#fillMs) / this.limit;
  }

  idle(row: number, now: number): boolean {
    return this.used(row, now) === 0;
  }

  clear(row: number): void {
    if (this.#columns.ensure(row)) this.#bind();
    for (const column of this.#columns.columns) column[row] = 0;
  }

  get rows(): number {
    return this.#columns.capacity;
  }

  save(row: number, now: number): SavedCount | undefined {
    const used = this.used(row, now);
    return used > 0 ? { used } : undefined;
  }

  restore(row: number, { used }: SavedCount, sinceMs: number, now: number): void {
    this.#refill(row, now);
    this.#missing[row] = Math.min(this.limit + this.#flying[row], this.#missing[row] + Math.max(0, Math.min(used, this.limit) - (sinceMs * this.limit) / this.#fillMs));
  }

  #refill(row: number, now: number): void {
    if (this.#columns.ensure(row)) this.#bind();
    const since = now - this.#at[row];
    if (since <= 0) return;
    this.#at[row] = now;
    const missing = this.#missing[row] - (since * this.limit) / this.#fillMs;
    this.#missing[row] = missing - this.#flying[row] < DROP ? this.#flying[row] : missing;
  }

  #bind(): void {
    [this.#missing, this.#at, this.#flying] = this.#columns.columns;
  }
}
