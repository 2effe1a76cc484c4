/**
 * Counts one limit in many rows: a row is an exit (by what the target sees of it), an account, an instrument, or the target
 * as a whole.
 *
 * Units are taken before a request is written and stay in flight until it is known what became of them. Until then they may
 * arrive at any moment, so they count in whatever span a server could put them in.
 */
export interface Meter {
  limit: number;
  readonly perMs: number;
  /** Units that may be taken now. */
  room(row: number, now: number): number;
  /** Takes units that `room` has allowed. */
  take(row: number, now: number, units: number): void;
  /**
   * It is known what became of units that were taken: `counted` of them are in the server's books.
   *
   * @param used what the answer says that the server has counted so far, where it does
   * @returns is there more room now than before?
   */
  settle(row: number, units: number, counted: number, outcome: Outcome, used?: number): boolean;
  /** The server says, in an answer to a request that this limit does not count, that it has counted `used` so far. */
  observe(row: number, used: number, outcome: Outcome): void;
  /** When `units` would fit if nothing else happened: now or later, `Infinity` where only an answer can make room. */
  freeAt(row: number, now: number, units: number): number;
  used(row: number, now: number): number;
  /** When the span that is being counted ends, or has drained. */
  resetsAt(row: number, now: number): number;
  /** Nothing is counted and nothing in flight: the row may be given to another. */
  idle(row: number, now: number): boolean;
  clear(row: number): void;
  /** No row from this number on was ever used. */
  readonly rows: number;
  /** What is counted, for a process to come; what is in flight has been counted by then. `undefined`: nothing is. */
  save(row: number, now: number): SavedCount | undefined;
  /**
   * Counts what an earlier process had counted, beside what has been counted since.
   *
   * @param sinceMs how long ago it was saved
   */
  restore(row: number, saved: SavedCount, sinceMs: number, now: number): void;
}

/** What a meter has counted in one row. */
export interface SavedCount {
  readonly used: number;
  /** Where windows turn with the server's clock: the number of the one that `used` is of, and what the next may hold already. */
  readonly window?: number;
  readonly next?: number;
}

/** What an answer, or the lack of one, says about when its request arrived. */
export interface Outcome {
  now: number;
  sentAt: number;
  /** Epoch milliseconds of the second in which the server wrote its answer, where it said so. */
  writtenAt: number | undefined;
  /** False: nothing came back; by `now` it has arrived, or never will. */
  answered: boolean;
}

/** Subtracts, and takes what rounding leaves for nothing: a counter that never came back to 0 would never be idle. */
export function less(from: number, units: number): number {
  const left = from - units;
  return left > 1e-9 ? left : 0;
}

/** The server's clock may be slower than ours by so many millionths: its spans last longer … */
const DRIFT = 50e-6;
/** … by less than a network's delay where they are shorter than this. */
const LONG_MS = 300_000;

/** How long a span of the server's may last by our clock. */
export function slowest(perMs: number): number {
  return perMs < LONG_MS ? perMs : perMs * (1 + DRIFT);
}

/** A growing set of Float64 columns that share their rows. */
export class Columns {
  #capacity = 0;
  readonly columns: Float64Array[];

  constructor(count: number) {
    this.columns = Array.from({ length: count }, () => new Float64Array(0));
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Room for `row`; true when the columns were replaced. */
  ensure(row: number): boolean {
    if (row < this.#capacity) return false;
    this.#capacity = Math.max(8, this.#capacity * 2, row + 1);
    for (let i = 0; i < this.columns.length; i++) {
      const wider = new Float64Array(this.#capacity);
      wider.set(this.columns[i]);
      this.columns[i] = wider;
    }
    return true;
  }
}
