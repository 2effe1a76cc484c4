import * as batch from "../health/cell-batch.ts";
import type { CellBatch } from "../health/cell-batch.ts";
import type { SavedRecord } from "../health/saved-record.ts";
import { countBits, lastOutcomes } from "../health/window.ts";
import { ByteReader, ByteWriter, folded, putSmall, unfolded } from "./bytes.ts";
import { putCell, quickCell } from "./cell-code.ts";
import { AGE_MS, COOLS, FEW, LATENCY, LEVEL, LONGEST_CELL, RUN, SAMPLES, SUCCEEDED, WARNED } from "./cell-head.ts";

/** Cells of one target, by the numbers that exits have in the file; cheapest where these rise. */
export class CellWriter {
  readonly #bytes = new ByteWriter();
  #last = -1;

  /** All of a batch whose exit has a number; `NONE`: it has none. */
  add({ values, count }: CellBatch): void {
    const bytes = this.#bytes;
    const to = bytes.reserve(LONGEST_CELL * count);
    let at = bytes.length;
    for (let from = 0, end = count * batch.FIELDS; from < end; from += batch.FIELDS) {
      const exit = values[from + batch.EXIT];
      if (exit === batch.NONE) continue;
      at = putSmall(to, at, folded(exit - this.#last - 1));
      this.#last = exit;
      at = putCell(to, at, values, from);
    }
    bytes.length = at;
  }

  base64(): string {
    return this.#bytes.base64();
  }
}

/**
 * Reads cells a batch at a time, as of `sinceMs` after they were saved. Whatever the bytes are, numbers come of it; whoever
 * stores them cuts them to what can be.
 */
export class CellReader {
  readonly #bytes: ByteReader;
  /** What begins behind this may end before it should. */
  readonly #quickUntil: number;
  readonly #exits: number;
  readonly #sinceMs: number;
  #exit = -1;
  /** False once the bytes are not as they were written: nothing is read behind that. */
  whole = true;

  /**
   * @param exits how many the file has
   * @param quick false: byte by byte, which comes to the same
   */
  constructor(from: Uint8Array, exits: number, sinceMs: number, quick = true) {
    this.#bytes = new ByteReader(from);
    this.#quickUntil = quick ? from.length - LONGEST_CELL : -1;
    this.#exits = exits;
    this.#sinceMs = Math.min(batch.NONE - 1, Math.round(sinceMs));
  }

  /** @returns false where there was nothing left */
  fill(into: CellBatch): boolean {
    const bytes = this.#bytes;
    const sinceMs = this.#sinceMs;
    const { values } = into;
    into.count = 0;
    while (!into.full && this.whole && !bytes.ended) {
      this.#fillQuickly(into);
      if (into.full || !this.whole || bytes.ended) break;
      const at = into.count * batch.FIELDS;
      const exit = (this.#exit += unfolded(bytes.small()) + 1);
      const head = bytes.small();
      const samples = Math.min(32, head & SAMPLES);
      values[at + batch.EXIT] = exit;
      values[at + batch.SAMPLES] = samples;
      const outcomes = bytes.bits(samples);
      values[at + batch.OUTCOMES] = outcomes;
      const good = countBits(outcomes & lastOutcomes(samples));
      values[at + batch.SUCCESS] = (head & FEW) === 0 ? bytes.small() : good;
      values[at + batch.FAIL] = (head & FEW) === 0 ? bytes.small() : samples - good;
      values[at + batch.LEVEL] = (head & LEVEL) === 0 ? 0 : bytes.small();
      values[at + batch.RUN] = (head & RUN) === 0 ? 0 : bytes.small();
      values[at + batch.WARNED] = (head & WARNED) === 0 ? 0 : bytes.small();
      values[at + batch.LATENCY] = (head & LATENCY) === 0 ? 0 : bytes.small();
      values[at + batch.SINCE] = (head & SUCCEEDED) === 0 ? batch.NONE : Math.min(batch.NONE - 1, bytes.small() * AGE_MS + sinceMs);
      values[at + batch.COOLS] = (head & COOLS) === 0 ? 0 : Math.max(0, bytes.small() - sinceMs);
      if (bytes.over || exit < 0 || exit >= this.#exits) this.whole = false;
      else into.count++;
    }
    return into.count > 0;
  }

  /** As far as cells are short. */
  #fillQuickly(into: CellBatch): void {
    const { values } = into;
    const from = this.#bytes.bytes;
    const sinceMs = this.#sinceMs;
    let { at } = this.#bytes;
    let exit = this.#exit;
    while (!into.full && at <= this.#quickUntil) {
      const to = into.count * batch.FIELDS;
      const next = quickCell(from, at, values, to, exit, sinceMs);
      // Left to the other way, which also knows whether there is such an exit: one before the first is a large number here.
      if (next < 0 || values[to + batch.EXIT] >= this.#exits) break;
      exit = values[to + batch.EXIT];
      at = next;
      into.count++;
    }
    this.#bytes.at = at;
    this.#exit = exit;
  }
}

const KNOWN = 1 << 6;
const HAD_SUCCESS = 1 << 7;
const DEAD = 1 << 8;
const ON_TRIAL = 1 << 9;
const EVER = 1 << 10;
const BARREN = 1 << 11;
const DEATHS = 1 << 12;

/** Days after which an exit that no list has named is forgotten: lists of free proxies turn over within hours. */
export const FORGET_DAYS = 7;

/** What is known of each exit whatever the target, in the order of their names. */
export class RecordWriter {
  readonly #bytes = new ByteWriter();

  /** @param unseenDays for how many days the pool has not had this exit */
  add(record: SavedRecord | undefined, unseenDays: number): void {
    const bytes = this.#bytes;
    bytes.byte(Math.min(255, unseenDays));
    if (record === undefined) {
      bytes.number(0);
      return;
    }
    const { success, fail, samples, barren, deaths, refreshesToSitOut, sinceSuccessMs } = record;
    bytes.number(
      Math.min(32, samples) |
        KNOWN |
        (record.hadSuccess ? HAD_SUCCESS : 0) |
        (record.dead ? DEAD : 0) |
        (record.onTrial ? ON_TRIAL : 0) |
        (sinceSuccessMs === undefined ? 0 : EVER) |
        (barren > 0 ? BARREN : 0) |
        (deaths > 0 ? DEATHS : 0),
    );
    for (let shift = 0; shift < Math.min(32, samples); shift += 8) bytes.byte((record.outcomes >>> shift) & 255);
    bytes.number(success);
    bytes.number(fail);
    if (sinceSuccessMs !== undefined) bytes.number(Math.floor(sinceSuccessMs / AGE_MS));
    if (barren > 0) bytes.number(barren);
    if (deaths > 0) {
      bytes.number(deaths);
      bytes.number(refreshesToSitOut);
    }
  }

  base64(): string {
    return this.#bytes.base64();
  }
}

/** It is one object for all records: to be read, not to be kept. @returns false where the bytes are not as they were written */
export function readRecords(from: Uint8Array, exits: number, sinceMs: number, visit: (exit: number, record: SavedRecord | undefined, unseenDays: number) => void): boolean {
  const bytes = new ByteReader(from);
  const record = { success: 0, fail: 0, outcomes: 0, samples: 0, sinceSuccessMs: undefined as number | undefined, barren: 0, hadSuccess: false, dead: false, onTrial: false, deaths: 0, refreshesToSitOut: 0 };
  for (let exit = 0; exit < exits; exit++) {
    const unseenDays = bytes.byte();
    const head = bytes.number();
    const isKnown = (head & KNOWN) !== 0;
    record.samples = Math.min(32, head & SAMPLES);
    record.outcomes = isKnown ? bytes.bits(record.samples) : 0;
    record.success = isKnown ? bytes.number() : 0;
    record.fail = isKnown ? bytes.number() : 0;
    record.sinceSuccessMs = (head & EVER) === 0 ? undefined : bytes.number() * AGE_MS + sinceMs;
    record.barren = (head & BARREN) === 0 ? 0 : bytes.number();
    record.deaths = (head & DEATHS) === 0 ? 0 : bytes.number();
    record.refreshesToSitOut = (head & DEATHS) === 0 ? 0 : bytes.number();
    record.hadSuccess = (head & HAD_SUCCESS) !== 0;
    record.dead = (head & DEAD) !== 0;
    record.onTrial = (head & ON_TRIAL) !== 0;
    if (bytes.over) return false;
    visit(exit, isKnown ? record : undefined, unseenDays);
  }
  return bytes.ended;
}
