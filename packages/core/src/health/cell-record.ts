import * as cell from "./cell.ts";
import type { Page } from "./rows.ts";

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

const BLANK: Page = { exits: 1, u32: new Uint32Array(cell.CELL_WORDS), f32: new Float32Array(cell.CELL_WORDS) };

export function readCell(page: Page | undefined, offset: number, tick: number): CellRecord {
  const { u32, f32 } = page ?? BLANK;
  const at = page === undefined ? 0 : offset;
  const last = u32[at + cell.LAST_GOOD];
  return {
    success: u32[at + cell.GOOD],
    fail: u32[at + cell.BAD],
    warnings: cell.warnings(u32, at),
    consecutiveFails: cell.inARow(u32, at),
    avgLatencyMs: Math.round(f32[at + cell.LATENCY] * 10) / 10,
    inflight: cell.outOf(u32, at),
    outcomes: u32[at + cell.BITS],
    samples: cell.sampled(u32, at),
    level: cell.levelOf(u32, at),
    sinceSuccessMs: last === 0 ? undefined : Math.max(0, tick - last),
    coolsForMs: Math.max(0, u32[at + cell.UNTIL] - tick),
  };
}
