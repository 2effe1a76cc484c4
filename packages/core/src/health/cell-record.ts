import * as cell from "./cell.ts";
import type { Page } from "./rows.ts";
import { cooldownMs, LAST_LEVEL, LONGEST_LATENCY_MS, type HealthRules } from "./rules.ts";
import { recencyOf } from "./score.ts";
import { lastOutcomes } from "./window.ts";

/** One cell as plain values, for status, explain and saving. Times are relative, so they can be read on another clock. */
export interface CellRecord {
  readonly success: number;
  readonly fail: number;
  readonly warnings: number;
  readonly consecutiveFails: number;
  readonly avgLatencyMs: number;
  readonly inflight: number;
  /** The last outcomes as bits, the newest lowest. */
  readonly outcomes: number;
  /** How many of them there are. */
  readonly samples: number;
  /** Cooldowns in a row; 0 since the last success. */
  readonly level: number;
  /** Since the last success; `undefined`: never. */
  readonly sinceSuccessMs: number | undefined;
  /** Until its cooldown ends; 0 when it does not rest. */
  readonly coolsForMs: number;
}

const BLANK: Page = { u32: new Uint32Array(cell.CELL_WORDS), f32: new Float32Array(cell.CELL_WORDS) };

export function readCell(page: Page | undefined, offset: number, tick: number): CellRecord {
  const into = blankRecord();
  fillRecord(into, page ?? BLANK, page === undefined ? 0 : offset, tick);
  return into;
}

/** A record to be filled again and again: an object for each of 200,000 cells would keep the collector busier than the cells. */
export type MutableCellRecord = { -readonly [Field in keyof CellRecord]: CellRecord[Field] };

export function blankRecord(): MutableCellRecord {
  return { success: 0, fail: 0, warnings: 0, consecutiveFails: 0, avgLatencyMs: 0, inflight: 0, outcomes: 0, samples: 0, level: 0, sinceSuccessMs: undefined, coolsForMs: 0 };
}

export function fillRecord(into: MutableCellRecord, { u32, f32 }: Page, at: number, tick: number): void {
  const last = u32[at + cell.LAST_GOOD];
  into.success = u32[at + cell.GOOD];
  into.fail = u32[at + cell.BAD];
  into.warnings = cell.warnings(u32, at);
  into.consecutiveFails = cell.inARow(u32, at);
  into.avgLatencyMs = Math.round(f32[at + cell.LATENCY] * 10) / 10;
  into.inflight = cell.outOf(u32, at);
  into.outcomes = u32[at + cell.BITS];
  into.samples = cell.sampled(u32, at);
  into.level = cell.levelOf(u32, at);
  into.sinceSuccessMs = last === 0 ? undefined : Math.max(0, tick - last);
  into.coolsForMs = Math.max(0, u32[at + cell.UNTIL] - tick);
}

/** Numbers that no cell can hold are cut to what it can: a saved state may hold anything. What is in flight stays. */
export function writeCell({ u32, f32 }: Page, at: number, saved: Omit<CellRecord, "inflight">, tick: number, rules: HealthRules): void {
  const age = saved.sinceSuccessMs !== undefined && saved.sinceSuccessMs >= 0 ? saved.sinceSuccessMs : undefined;
  const coolsForMs = saved.coolsForMs > 0 ? whole(saved.coolsForMs, cooldownMs(rules, LAST_LEVEL)) : 0;
  const samples = whole(saved.samples, rules.window);
  u32[at + cell.BITS] = (whole(saved.outcomes, 0xffff_ffff) & lastOutcomes(samples)) >>> 0;
  u32[at + cell.GOOD] = whole(saved.success, 0xffff_ffff);
  u32[at + cell.BAD] = whole(saved.fail, 0xffff_ffff);
  f32[at + cell.LATENCY] = whole(saved.avgLatencyMs * 16, LONGEST_LATENCY_MS * 16) / 16;
  // As far back as the scale of ticks goes.
  u32[at + cell.LAST_GOOD] = age === undefined ? 0 : Math.max(1, tick - whole(age, tick));
  u32[at + cell.UNTIL] = coolsForMs > 0 ? tick + coolsForMs : 0;
  u32[at + cell.RUN] = cell.runWord(whole(saved.consecutiveFails, 0xffff), whole(saved.warnings, 0x7fff));
  u32[at + cell.FLAGS] = cell.flagsWord(cell.outOf(u32, at), samples, whole(saved.level, LAST_LEVEL), age === undefined ? 0 : recencyOf(age));
}

function whole(value: number, most: number): number {
  return value > 0 ? (value < most ? Math.floor(value) : most) : 0;
}
