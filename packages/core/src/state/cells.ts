import { blankRecord, type CellRecord } from "../health/cell-record.ts";
import type { SavedRecord } from "../health/exit-record.ts";
import { ByteReader, ByteWriter, folded, putNumber } from "./bytes.ts";

// 200,000 cells have to fit into 5 MB of text with their exits' names: some 15 bytes each. Most fields of most cells are
// small or zero, so a cell is a list of flags and of the numbers that they announce.

/** Six bits hold the number of outcomes, up to 32; the flags stand above. */
const SAMPLES = 63;
const LEVEL = 1 << 6;
const RUN = 1 << 7;
const WARNED = 1 << 8;
const LATENCY = 1 << 9;
const SUCCEEDED = 1 << 10;
const COOLS = 1 << 11;

/** Ten numbers of at most eight bytes, and the outcomes. */
const LONGEST_CELL = 96;

/** Recency is counted in minutes: the last success is kept to the second. */
const AGE_MS = 1_000;

export type SavedCell = Omit<CellRecord, "inflight">;

/** Cells of one target, by the numbers that exits have in the file; cheapest where these rise. */
export class CellWriter {
  readonly #bytes = new ByteWriter();
  #last = -1;

  add(exit: number, cell: SavedCell): void {
    const { success, fail, samples, outcomes, level, consecutiveFails, warnings, avgLatencyMs, sinceSuccessMs, coolsForMs } = cell;
    const size = Math.min(32, samples);
    const to = this.#bytes.reserve(LONGEST_CELL);
    let at = putNumber(to, this.#bytes.length, folded(exit - this.#last - 1));
    this.#last = exit;
    at = putNumber(
      to,
      at,
      size |
        (level > 0 ? LEVEL : 0) |
        (consecutiveFails > 0 ? RUN : 0) |
        (warnings > 0 ? WARNED : 0) |
        (avgLatencyMs > 0 ? LATENCY : 0) |
        (sinceSuccessMs === undefined ? 0 : SUCCEEDED) |
        (coolsForMs > 0 ? COOLS : 0),
    );
    for (let shift = 0; shift < size; shift += 8) to[at++] = outcomes >>> shift;
    at = putNumber(to, at, success);
    at = putNumber(to, at, fail);
    if (level > 0) at = putNumber(to, at, level);
    if (consecutiveFails > 0) at = putNumber(to, at, consecutiveFails);
    if (warnings > 0) at = putNumber(to, at, warnings);
    if (avgLatencyMs > 0) at = putNumber(to, at, Math.ceil(avgLatencyMs * 10));
    if (sinceSuccessMs !== undefined) at = putNumber(to, at, Math.floor(sinceSuccessMs / AGE_MS));
    if (coolsForMs > 0) at = putNumber(to, at, Math.ceil(coolsForMs));
    this.#bytes.length = at;
  }

  base64(): string {
    return this.#bytes.base64();
  }
}

/**
 * Calls back with every cell that is there, as of `sinceMs` after it was saved; it is one object for all of them. Whatever the bytes are, numbers come of it;
 * whoever stores them cuts them to what can be.
 *
 * @returns false where the bytes are not as they were written
 */
export function readCells(from: Uint8Array, exits: number, sinceMs: number, visit: (exit: number, cell: SavedCell) => void): boolean {
  const bytes = new ByteReader(from);
  const cell = blankRecord();
  for (let exit = -1; !bytes.ended; ) {
    exit += bytes.signed() + 1;
    const head = bytes.number();
    cell.samples = Math.min(32, head & SAMPLES);
    cell.outcomes = bytes.bits(cell.samples);
    cell.success = bytes.number();
    cell.fail = bytes.number();
    cell.level = (head & LEVEL) === 0 ? 0 : bytes.number();
    cell.consecutiveFails = (head & RUN) === 0 ? 0 : bytes.number();
    cell.warnings = (head & WARNED) === 0 ? 0 : bytes.number();
    cell.avgLatencyMs = (head & LATENCY) === 0 ? 0 : bytes.number() / 10;
    cell.sinceSuccessMs = (head & SUCCEEDED) === 0 ? undefined : bytes.number() * AGE_MS + sinceMs;
    cell.coolsForMs = (head & COOLS) === 0 ? 0 : Math.max(0, bytes.number() - sinceMs);
    if (bytes.over || exit < 0 || exit >= exits) return false;
    visit(exit, cell);
  }
  return true;
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

/** @returns false where the bytes are not as they were written */
export function readRecords(from: Uint8Array, exits: number, sinceMs: number, visit: (exit: number, record: SavedRecord | undefined, unseenDays: number) => void): boolean {
  const bytes = new ByteReader(from);
  for (let exit = 0; exit < exits; exit++) {
    const unseenDays = bytes.byte();
    const head = bytes.number();
    const samples = Math.min(32, head & SAMPLES);
    const isKnown = (head & KNOWN) !== 0;
    const outcomes = isKnown ? bytes.bits(samples) : 0;
    const success = isKnown ? bytes.number() : 0;
    const fail = isKnown ? bytes.number() : 0;
    const sinceSuccessMs = (head & EVER) === 0 ? undefined : bytes.number() * AGE_MS + sinceMs;
    const barren = (head & BARREN) === 0 ? 0 : bytes.number();
    const deaths = (head & DEATHS) === 0 ? 0 : bytes.number();
    const refreshesToSitOut = (head & DEATHS) === 0 ? 0 : bytes.number();
    if (bytes.over) return false;
    const record = { success, fail, outcomes, samples, sinceSuccessMs, barren, hadSuccess: (head & HAD_SUCCESS) !== 0, dead: (head & DEAD) !== 0, onTrial: (head & ON_TRIAL) !== 0, deaths, refreshesToSitOut };
    visit(exit, isKnown ? record : undefined, unseenDays);
  }
  return bytes.ended;
}
