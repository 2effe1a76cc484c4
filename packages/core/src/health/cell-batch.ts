import * as cell from "./cell.ts";
import type { CellRecord } from "./cell-record.ts";
import { PAGE_EXITS, type Page } from "./rows.ts";
import { LAST_LEVEL, LONGEST_LATENCY_MS } from "./rules.ts";
import { recencyOf } from "./score.ts";
import { lastOutcomes } from "./window.ts";

/** As many as a page has: 22 kB, which fit the nearest cache. */
const BATCH_CELLS = PAGE_EXITS;

/** Where the numbers of a cell stand among those of a batch, so many each; all of them are whole and have 32 bits. */
export const FIELDS = 11;
export const EXIT = 0;
export const OUTCOMES = 1;
export const SAMPLES = 2;
export const SUCCESS = 3;
export const FAIL = 4;
export const LEVEL = 5;
export const RUN = 6;
export const WARNED = 7;
/** In tenths of a millisecond. */
export const LATENCY = 8;
/** Milliseconds since the last success; `NONE` where there was none. */
export const SINCE = 9;
/** For how many ms it still rests. */
export const COOLS = 10;

/** No exit, no time: the largest number there is. */
export const NONE = 0xffff_ffff;

// Of this module, so that the compiler knows them: those of others are looked up each time.
const CELL_BITS = cell.BITS;
const CELL_GOOD = cell.GOOD;
const CELL_BAD = cell.BAD;
const CELL_LATENCY = cell.LATENCY;
const CELL_LAST_GOOD = cell.LAST_GOOD;
const CELL_UNTIL = cell.UNTIL;
const CELL_RUN = cell.RUN;
const CELL_FLAGS = cell.FLAGS;
const LONGEST_LATENCY = LONGEST_LATENCY_MS * 10;
const HIGHEST_LEVEL = LAST_LEVEL;

export type SavedCell = Omit<CellRecord, "inflight">;

/**
 * Cells of one target as plain numbers side by side, on their way to a file or from it. What is kept of 200,000 cells passes
 * through one of these: an object for each would keep the collector busier than the cells.
 */
export class CellBatch {
  readonly values = new Uint32Array(BATCH_CELLS * FIELDS);
  count = 0;

  get full(): boolean {
    return this.count === BATCH_CELLS;
  }

  /** One more, whatever its numbers are; the batch must not be full. */
  put(exit: number, saved: SavedCell): void {
    const { values } = this;
    const at = this.count++ * FIELDS;
    values[at + EXIT] = exit < 0 ? NONE : exit;
    values[at + OUTCOMES] = whole(saved.outcomes);
    values[at + SAMPLES] = whole(saved.samples);
    values[at + SUCCESS] = whole(saved.success);
    values[at + FAIL] = whole(saved.fail);
    values[at + LEVEL] = whole(saved.level);
    values[at + RUN] = whole(saved.consecutiveFails);
    values[at + WARNED] = whole(saved.warnings);
    values[at + LATENCY] = whole(saved.avgLatencyMs * 10);
    values[at + SINCE] = saved.sinceSuccessMs === undefined ? NONE : Math.min(NONE - 1, whole(saved.sinceSuccessMs));
    values[at + COOLS] = whole(saved.coolsForMs);
  }

  /** The same of a row of a target's. */
  take(exit: number, { u32, f32 }: Page, from: number, tick: number): void {
    const { values } = this;
    const at = this.count++ * FIELDS;
    const last = u32[from + CELL_LAST_GOOD];
    const until = u32[from + CELL_UNTIL];
    values[at + EXIT] = exit;
    values[at + OUTCOMES] = u32[from + CELL_BITS];
    values[at + SAMPLES] = cell.sampled(u32, from);
    values[at + SUCCESS] = u32[from + CELL_GOOD];
    values[at + FAIL] = u32[from + CELL_BAD];
    values[at + LEVEL] = cell.levelOf(u32, from);
    values[at + RUN] = cell.inARow(u32, from);
    values[at + WARNED] = cell.warnings(u32, from);
    // Rounded: an assignment cuts off.
    values[at + LATENCY] = f32[from + CELL_LATENCY] * 10 + 0.5;
    values[at + SINCE] = last === 0 ? NONE : tick > last ? tick - last : 0;
    values[at + COOLS] = until > tick ? until - tick : 0;
  }

  /** The `i`-th, for whoever wants a single one. */
  read(i: number): { exit: number; cell: SavedCell } {
    const { values } = this;
    const at = i * FIELDS;
    return {
      exit: values[at + EXIT],
      cell: {
        outcomes: values[at + OUTCOMES],
        samples: values[at + SAMPLES],
        success: values[at + SUCCESS],
        fail: values[at + FAIL],
        level: values[at + LEVEL],
        consecutiveFails: values[at + RUN],
        warnings: values[at + WARNED],
        avgLatencyMs: values[at + LATENCY] / 10,
        sinceSuccessMs: values[at + SINCE] === NONE ? undefined : values[at + SINCE],
        coolsForMs: values[at + COOLS],
      },
    };
  }
}

/**
 * Numbers that no cell can hold are cut to what it can: a saved state may hold anything. What is in flight stays.
 *
 * @param longestMs no rest is longer
 * @param window outcomes that are looked back on
 */
export function writeCell({ u32, f32 }: Page, at: number, values: Uint32Array, from: number, tick: number, longestMs: number, window: number): void {
  // Compared and not given to Math.min: these have 32 bits, which it takes for fractions, and there are 200,000 cells.
  const age = values[from + SINCE];
  const coolsForMs = values[from + COOLS];
  const latency = values[from + LATENCY];
  const run = values[from + RUN];
  const warned = values[from + WARNED];
  const level = values[from + LEVEL];
  const samples = Math.min(values[from + SAMPLES], window);
  u32[at + CELL_BITS] = values[from + OUTCOMES] & lastOutcomes(samples);
  u32[at + CELL_GOOD] = values[from + SUCCESS];
  u32[at + CELL_BAD] = values[from + FAIL];
  f32[at + CELL_LATENCY] = (latency < LONGEST_LATENCY ? latency : LONGEST_LATENCY) / 10;
  // As far back as the scale of ticks goes.
  u32[at + CELL_LAST_GOOD] = age === NONE ? 0 : age < tick ? tick - age : 1;
  u32[at + CELL_UNTIL] = coolsForMs > 0 ? tick + (coolsForMs < longestMs ? coolsForMs : longestMs) : 0;
  u32[at + CELL_RUN] = cell.runWord(run < 0xffff ? run : 0xffff, warned < 0x7fff ? warned : 0x7fff);
  u32[at + CELL_FLAGS] = cell.flagsWord(cell.outOf(u32, at), samples, level < HIGHEST_LEVEL ? level : HIGHEST_LEVEL, age === NONE ? 0 : recencyOf(age));
}

/** What 32 bits hold of it, and nothing of what is no number. */
function whole(value: number): number {
  return value > 0 ? (value < 0xffff_ffff ? Math.round(value) : 0xffff_ffff) : 0;
}
