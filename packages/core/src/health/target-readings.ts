import * as cell from "./cell.ts";
import { CellBatch } from "./cell-batch.ts";
import { readCell, type CellRecord } from "./cell-record.ts";
import type { PoolHealth } from "./pool-health.ts";
import { Rows } from "./rows.ts";
import { scoreOf, stepOf, type Score } from "./score.ts";
import { TargetBeliefs } from "./target-beliefs.ts";
import { UNKNOWN_RATE } from "./window.ts";

export type ExitState = "unknown" | "healthy" | "cooldown" | "on-trial" | "dead";

/** What can be asked about the exits at one target. No question changes anything; what does is in `TargetHealth`. */
export class TargetReadings {
  protected readonly pool: PoolHealth;
  protected readonly cellRows = new Rows(cell.CELL_WORDS);
  /** What the adaptive policy believes here. */
  readonly beliefs: TargetBeliefs;
  #hint = 0;
  /** No exit has rested here so far. */
  protected noneRested = true;

  /** It is known without a look at every cell. */
  protected get nobodyRests(): boolean {
    return false;
  }

  protected constructor(pool: PoolHealth) {
    this.pool = pool;
    this.beliefs = new TargetBeliefs(pool.beliefs);
  }

  get bytes(): number {
    return this.cellRows.bytes + this.beliefs.bytes;
  }

  /** Cells that there is room for now. */
  get cells(): number {
    return this.cellRows.exits;
  }

  /** When an exit's rest here ends, on the clock's scale: 0 or a moment that has passed where it does not rest, `Infinity` where it is dead. */
  restsUntil(exit: number): number {
    if (this.pool.records.isDead(exit)) return Infinity;
    const page = this.cellRows.peek(exit);
    const until = page === undefined ? 0 : page.u32[this.cellRows.offset(exit) + cell.UNTIL];
    return until === 0 ? 0 : this.pool.epoch.at(until);
  }

  /** Half open, and its one trial is out: not to be used again before that has ended. */
  trialOut(exit: number): boolean {
    const { records } = this.pool;
    if (records.onTrial(exit) && records.inFlight(exit) > 0) return true;
    const page = this.cellRows.peek(exit);
    if (page === undefined) return false;
    const at = this.cellRows.offset(exit);
    return cell.levelOf(page.u32, at) > 0 && cell.outOf(page.u32, at) > 0;
  }

  /** It neither rests nor is it on trial, as nearly all: told by one look, and without one while none ever was. */
  isCalm(exit: number): boolean {
    return (this.noneRested && this.pool.records.allSound) || this.looksCalm(exit);
  }

  private looksCalm(exit: number): boolean {
    if (!this.pool.records.isSound(exit)) return false;
    const page = this.cellRows.peek(exit);
    return page === undefined || cell.isCalm(page.u32, this.cellRows.offset(exit));
  }

  /** Its attempts in flight here. */
  out(exit: number): number {
    const page = this.cellRows.peek(exit);
    return page === undefined ? 0 : cell.outOf(page.u32, this.cellRows.offset(exit));
  }

  /**
   * 0 when some exit neither rests nor is dead nor banned, whatever else it waits for; otherwise the moment at which the first
   * of them is back, `Infinity` where none will be by itself.
   *
   * @param bannedUntil when an exit's ban ends, 0 where it has none
   */
  goneUntil(now: number, bannedUntil: (exit: number) => number): number {
    const { exits, retiring } = this.pool.census;
    let back = Infinity;
    // The one that was found the last time is likely to do again.
    for (let i = -1; i < exits.length; i++) {
      const exit = i < 0 ? this.#hint : i;
      if (exits[exit] === undefined || retiring?.has(exit) === true) continue;
      const until = Math.max(this.restsUntil(exit), bannedUntil(exit));
      if (until <= now) {
        this.#hint = exit;
        return 0;
      }
      if (until < back) back = until;
    }
    return back;
  }

  /**
   * The exit for a breaker's probe when none is usable: the best score among those that rest here, or -1. A probe may ignore a
   * rest, never a ban or a limit, and a dead exit proves nothing. Looks at all exits; probes are seconds apart.
   */
  probeExit(mayUse: (exit: number) => boolean): number {
    const { census, records } = this.pool;
    let best = -1;
    let bestScore = -1;
    for (let exit = 0; exit < census.exits.length; exit++) {
      if (census.exits[exit] === undefined || records.isDead(exit) || this.trialOut(exit) || !mayUse(exit)) continue;
      const { total } = this.score(exit);
      if (total <= bestScore) continue;
      best = exit;
      bestScore = total;
    }
    return best;
  }

  /** Where an exit belongs among all: the step of its score doubled, and odd when there is no need to explore it (now). */
  rankOf(exit: number): number {
    const { records } = this.pool;
    const page = this.cellRows.peek(exit);
    const global = records.rate(exit);
    if (page === undefined) return stepOf(scoreOf(UNKNOWN_RATE, global, 0)) * 2;
    const { u32 } = page;
    const at = this.cellRows.offset(exit);
    if (cell.isSpared(u32, at)) return 1;
    const unproven = cell.sampled(u32, at) === 0 || cell.levelOf(u32, at) > 0 || records.onTrial(exit);
    const step = stepOf(scoreOf(cell.rateAt(u32, at), global, cell.recency(u32, at)));
    if (!unproven) return step * 2 + 1;
    // Its trial is out: just below those of the same score that are yet to be tried. Above them it would be sent again at each
    // spacing while it hangs, and a few dead exits would hold every place there is.
    return cell.outOf(u32, at) === 0 ? step * 2 : Math.max(1, step * 2 - 1);
  }

  score(exit: number): Score {
    const page = this.cellRows.peek(exit);
    const at = this.cellRows.offset(exit);
    const affinity = page === undefined ? UNKNOWN_RATE : cell.rateAt(page.u32, at);
    const recency = page === undefined ? 0 : cell.recency(page.u32, at);
    const global = this.pool.records.rate(exit);
    const spared = page !== undefined && cell.isSpared(page.u32, at);
    return { affinity, global, recency, total: spared ? 0 : scoreOf(affinity, global, recency) };
  }

  stateOf(exit: number, now: number): ExitState {
    const { records } = this.pool;
    if (records.isDead(exit)) return "dead";
    if (this.restsUntil(exit) > now) return "cooldown";
    const page = this.cellRows.peek(exit);
    const at = this.cellRows.offset(exit);
    if (records.onTrial(exit) || (page !== undefined && cell.levelOf(page.u32, at) > 0)) return "on-trial";
    return page !== undefined && cell.sampled(page.u32, at) > 0 ? "healthy" : "unknown";
  }

  of(exit: number, now: number): CellRecord {
    return readCell(this.cellRows.peek(exit), this.cellRows.offset(exit), this.pool.epoch.tick(now));
  }

  /** Ever, a state file's memory included; 0 again where the cells were given up to make room. */
  successes(exit: number): number {
    return this.#word(exit, cell.GOOD);
  }

  failures(exit: number): number {
    return this.#word(exit, cell.BAD);
  }

  failsInARow(exit: number): number {
    return this.#word(exit, cell.RUN) >>> 16;
  }

  /** Of successes; 0 before the first. */
  avgLatencyMs(exit: number): number {
    const page = this.cellRows.peek(exit);
    return page === undefined ? 0 : page.f32[this.cellRows.offset(exit) + cell.LATENCY];
  }

  /** Sets `mark` for each exit that rests here, and says how many there are. One look at every cell. */
  markResting(now: number, marks: Uint8Array, mark: number): number {
    return this.nobodyRests ? 0 : this.cellRows.markAbove(cell.UNTIL, this.pool.epoch.tick(now), marks, mark);
  }

  /** Exits of which something is known here. */
  known(): number[] {
    const found: number[] = [];
    this.cellRows.each(({ u32 }, at, exit) => {
      if (isKnown(u32, at)) found.push(exit);
    });
    return found;
  }

  #word(exit: number, word: number): number {
    const page = this.cellRows.peek(exit);
    return page === undefined ? 0 : page.u32[this.cellRows.offset(exit) + word];
  }

  /**
   * Exits of which something is known, with the little that a map of all exits shows: for many targets at once.
   *
   * @param visit is told of successes, their average latency, and when its last rest here ends or has ended
   */
  glance(visit: (exit: number, success: number, latencyMs: number, untilAt: number) => void): void {
    const { epoch } = this.pool;
    this.cellRows.each(({ u32, f32 }, at, exit) => {
      if (!isKnown(u32, at)) return;
      const until = u32[at + cell.UNTIL];
      visit(exit, u32[at + cell.GOOD], f32[at + cell.LATENCY], until === 0 ? 0 : epoch.at(until));
    });
  }

  /** The same with what is known, a batch at a time. It is one batch for all of them: to be read, not to be kept. */
  eachKnown(now: number, visit: (batch: CellBatch) => void): void {
    const tick = this.pool.epoch.tick(now);
    const batch = new CellBatch();
    this.cellRows.eachPage((page, first) => {
      const { u32 } = page;
      for (let at = 0, exit = first; at < u32.length; at += cell.CELL_WORDS, exit++) if (isKnown(u32, at)) batch.take(exit, page, at, tick);
      if (batch.count === 0) return;
      visit(batch);
      batch.count = 0;
    });
  }
}

function isKnown(u32: Uint32Array, at: number): boolean {
  return u32[at + cell.GOOD] + u32[at + cell.BAD] + cell.warnings(u32, at) > 0;
}
