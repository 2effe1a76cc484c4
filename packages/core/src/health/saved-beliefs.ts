import * as cell from "./cell-beliefs.ts";
import * as row from "./exit-beliefs.ts";
import type { PoolBeliefs } from "./pool-beliefs.ts";
import { LN_LONGEST } from "./pool-times.ts";
import type { TargetBeliefs } from "./target-beliefs.ts";

/** What is believed of an exit as plain values; times are relative, so they can be read on another clock. */
export interface SavedExitBelief {
  /** Likelihood that it is up, and how long ago it was that. */
  readonly up: number;
  readonly ageMs: number;
  /** How long its answers take, and how many of them that is known from. */
  readonly typicalMs: number;
  readonly times: number;
  readonly good: number;
  readonly bad: number;
  /** Tests in a row that were in vain, and how long until the next. */
  readonly missed: number;
  readonly dueInMs: number;
  readonly worked: boolean;
  readonly isUp: boolean;
}

/** The same of an exit at a host. */
export interface SavedCellBelief {
  readonly acceptance: number;
  readonly ageMs: number;
  readonly tries: number;
  readonly accepted: boolean;
}

export function saveExit({ rows, tick }: PoolBeliefs, exit: number): SavedExitBelief | undefined {
  const page = rows.peek(exit);
  if (page === undefined) return undefined;
  const { u32, f32 } = page;
  const at = rows.offset(exit);
  if (u32[at + row.U_AT] === 0) return undefined;
  return {
    up: f32[at + row.U],
    ageMs: Math.max(0, tick - u32[at + row.U_AT]),
    typicalMs: Math.exp(f32[at + row.MEAN]),
    times: row.timesOf(u32, at),
    good: f32[at + row.GOOD_WHILE_UP],
    bad: f32[at + row.BAD_WHILE_UP],
    missed: row.missedOf(u32, at),
    dueInMs: Math.max(0, u32[at + row.DUE] - tick),
    worked: row.hasWorked(u32, at),
    isUp: row.isUp(u32, at),
  };
}

/** Cut to what can be: a saved state may hold anything. What is out stays out. */
export function restoreExit(beliefs: PoolBeliefs, exit: number, saved: SavedExitBelief): void {
  const { rows, tick, known } = beliefs;
  const { u32, f32 } = rows.open(exit);
  const at = rows.offset(exit);
  const wasKnown = row.hasWorked(u32, at);
  f32[at + row.U] = within(saved.up, 0.001, 0.995);
  u32[at + row.U_AT] = Math.max(1, tick - within(saved.ageMs, 0, tick - 1));
  f32[at + row.MEAN] = Math.log(within(saved.typicalMs, 1, Math.exp(LN_LONGEST)));
  row.setTimes(u32, at, Math.floor(within(saved.times, 0, 20)));
  f32[at + row.GOOD_WHILE_UP] = within(saved.good, 0, 20);
  f32[at + row.BAD_WHILE_UP] = within(saved.bad, 0, 1e6);
  row.setMissed(u32, at, Math.floor(within(saved.missed, 0, 63)));
  // No exit rests for longer between tests.
  u32[at + row.DUE] = tick + Math.floor(within(saved.dueInMs, 0, 240_000));
  row.setUp(u32, at, saved.isUp && saved.worked);
  if (saved.worked) {
    row.setWorked(u32, at);
    u32[at + row.WORKED_AT] = u32[at + row.U_AT];
    if (!wasKnown) known.push(exit);
  }
  beliefs.changes.note(exit);
}

/** Of an exit it is only known that it has worked: it is tested before those that never have. */
export function restoreWorked({ known, rows, tick, times }: PoolBeliefs, exit: number, ageMs: number): void {
  const { u32, f32 } = rows.open(exit);
  const at = rows.offset(exit);
  if (row.hasWorked(u32, at)) return;
  f32[at + row.U] = 0.4;
  u32[at + row.U_AT] = tick;
  u32[at + row.WORKED_AT] = Math.max(1, tick - within(ageMs, 0, tick - 1));
  f32[at + row.MEAN] = times.m0;
  row.setWorked(u32, at);
  known.push(exit);
}

/** Calls back with every exit of which something is believed. It is one object for all of them: to be read, not to be kept. */
export function eachCell({ cells, pool }: TargetBeliefs, visit: (exit: number, belief: SavedCellBelief) => void): void {
  const belief = { acceptance: 0.5, ageMs: 0, tries: 0, accepted: false };
  cells.eachPage(({ u32 }, first) => {
    for (let at = 0; at < u32.length; at++) {
      const word = u32[at];
      const tries = cell.triesOf(word);
      if (tries === 0) continue;
      belief.acceptance = cell.likelihoodOf(word);
      belief.ageMs = cell.ageOf(word, pool.tick);
      belief.tries = tries;
      belief.accepted = cell.wasAccepted(word);
      visit(first + at, belief);
    }
  });
}

/** @param level of its acceptance, of which a file knows only a few values: `levelOf` */
export function restoreCell({ cells, pool }: TargetBeliefs, exit: number, saved: SavedCellBelief, level: number): void {
  const { u32 } = cells.open(exit);
  const at = cells.offset(exit);
  let word = cell.listed(0, cell.isListed(u32[at]));
  word = cell.writtenLevel(word, level, Math.max(1, pool.tick - within(saved.ageMs, 0, pool.tick - 1)));
  for (let tries = Math.min(3, saved.tries); tries > 0; tries--) word = cell.triedOnce(word);
  u32[at] = saved.accepted ? cell.accepted(word) : word;
}

function within(value: number, least: number, most: number): number {
  return value >= least ? Math.min(most, value) : least;
}
