import type { VerdictKind } from "../model/verdict.ts";
import { Blame } from "./blame.ts";
import * as cell from "./cell.ts";
import { EXIT, FIELDS, NONE, writeCell, type CellBatch } from "./cell-batch.ts";
import { NO_CHANGE, type Change } from "./change.ts";
import { Ejection } from "./ejection.ts";
import type { PoolHealth } from "./pool-health.ts";
import { cooldownMs, LAST_LEVEL, LONGEST_LATENCY_MS } from "./rules.ts";
import type { Page } from "./rows.ts";
import { recencyOf } from "./score.ts";
import { TargetReadings } from "./target-readings.ts";
import { pushOutcome } from "./window.ts";

/** How much being good elsewhere says about a target where an exit was never tried: a host may well shut many of them out. */
const EXPECTED_ELSEWHERE = 0.25;
/** The same of one of the machine's own addresses that has never been used: nothing speaks against it. */
const EXPECTED_OF_LOCAL = 0.5;

/**
 * What came of the attempts of each exit at one target, and what follows from it: score, cooldown, half-open trial. Arithmetic
 * over `now`; nothing happens by itself, and nothing is allocated for an outcome that changes nothing.
 */
export class TargetHealth extends TargetReadings {
  private readonly ejection: Ejection;
  private readonly blame = new Blame();
  /** Where this target stands in the order of use of all targets. */
  usedAt = 0;
  /** Attempts that are out. */
  inFlight = 0;

  /** Made by `PoolHealth.target()`. */
  constructor(pool: PoolHealth) {
    super(pool);
    this.ejection = new Ejection(this.cellRows, pool.census, pool.records);
  }

  /** The target fails everywhere, so nobody is judged by it: offer exits in any order, and take failures there as the target's. */
  get blamed(): boolean {
    return this.blame.standing;
  }

  protected override get nobodyRests(): boolean {
    return this.ejection.none;
  }

  started(exit: number): void {
    const before = this.cellRows.exits;
    const { u32 } = this.cellRows.open(exit);
    if (cell.enter(u32, this.cellRows.offset(exit))) this.inFlight++;
    this.pool.records.started(exit);
    this.pool.used(this, this.cellRows.exits - before);
  }

  /**
   * An attempt is over.
   *
   * @param latencyMs from its start to this moment
   * @returns what has changed by it, most often nothing
   */
  ended(exit: number, kind: VerdictKind, latencyMs: number, now: number): readonly Change[] {
    const page = this.cellRows.open(exit);
    const { u32 } = page;
    const at = this.cellRows.offset(exit);
    if (cell.leave(u32, at)) this.inFlight--;
    const tookMs = latencyMs > LONGEST_LATENCY_MS ? LONGEST_LATENCY_MS : latencyMs > 0 ? latencyMs : 0;
    return kind === "success" ? this.succeeded(exit, page, at, tookMs, this.pool.epoch.tick(now)) : this.otherwise(exit, kind, u32, at, tookMs, now);
  }

  private otherwise(exit: number, kind: Exclude<VerdictKind, "success">, u32: Uint32Array, at: number, tookMs: number, now: number): readonly Change[] {
    this.pool.records.ended(exit);
    switch (kind) {
      case "blocked":
      case "exit-error":
        return this.failed(exit, at, tookMs, this.pool.epoch.tick(now));
      case "rate-limited":
      case "banned":
        cell.addWarning(u32, at);
        return NO_CHANGE;
      case "target-error":
      case "aborted":
        return NO_CHANGE;
      default: {
        const never: never = kind;
        throw new TypeError(`Unknown verdict ${String(never)}.`);
      }
    }
  }

  /** Exits that rest here now; dead ones are not counted. */
  cooling(now: number): number {
    return this.ejection.count(this.pool.epoch.tick(now));
  }

  /** Puts back what was saved, of exits by their index, `NONE` meaning none of ours; what is in flight now stays. Whatever is there, cells come of it. */
  restore({ values, count }: CellBatch, now: number): void {
    const { cellRows } = this;
    const { epoch, rules } = this.pool;
    const before = cellRows.exits;
    const tick = epoch.tick(now);
    const longestMs = cooldownMs(rules, LAST_LEVEL);
    let page: Page | undefined;
    let first = 0;
    for (let from = 0, end = count * FIELDS; from < end; from += FIELDS) {
      const exit = values[from + EXIT];
      if (exit === NONE) continue;
      // Nearly always of the page that the one before it was of.
      if (page === undefined || exit < first || exit - first >= page.exits) {
        page = cellRows.open(exit);
        first = exit - cellRows.offset(exit) / cell.CELL_WORDS;
      }
      const at = (exit - first) * cell.CELL_WORDS;
      if (cell.isCooling(page.u32, at)) this.ejection.over(exit);
      writeCell(page, at, values, from, tick, longestMs, rules.window);
      const until = page.u32[at + cell.UNTIL];
      if (!cell.isCalm(page.u32, at)) this.noneRested = false;
      if (until > 0) this.ejection.cooledAt(exit, page.u32, at, until);
    }
    if (cellRows.exits > before) this.pool.used(this, cellRows.exits - before);
  }

  /** Most exits below this one are about to be restored. */
  makeRoom(exits: number): void {
    const before = this.cellRows.exits;
    this.cellRows.makeRoom(exits);
    this.pool.used(this, this.cellRows.exits - before);
  }

  /** The index is given to another exit. */
  forget(exit: number): void {
    const page = this.cellRows.peek(exit);
    if (page === undefined) return;
    this.inFlight -= cell.outOf(page.u32, this.cellRows.offset(exit));
    this.ejection.over(exit);
    this.cellRows.wipe(exit);
    this.beliefs.forget(exit);
  }

  /** Everything known here goes; for a target that has been idle for longest when there are too many. */
  clear(): void {
    this.cellRows.clear();
    this.beliefs.clear();
    this.ejection.clear();
    this.blame.succeeded();
    this.inFlight = 0;
  }

  /** The scale of times moves on. */
  rebase(byMs: number): void {
    this.cellRows.each((page, at) => cell.moveCell(page, at, byMs));
    this.beliefs.rebase(byMs);
    this.ejection.rebase(byMs);
  }

  private succeeded(exit: number, { u32, f32 }: Page, at: number, tookMs: number, tick: number): readonly Change[] {
    cell.setGood(u32, f32, at, tookMs, tick);
    // Among nothing but successes one more changes nothing.
    if (!cell.isPerfect(u32, at, this.pool.rules.window)) this.push(u32, at, true);
    const revived = this.pool.records.succeeded(exit, tick);
    const cleared = this.blame.doubted && this.blame.succeeded();
    return revived || cleared || cell.levelOf(u32, at) > 0 ? this.cured(exit, u32, at, tookMs, tick, revived, cleared) : NO_CHANGE;
  }

  /** A success has changed how the exit or the target stands. */
  private cured(exit: number, u32: Uint32Array, at: number, tookMs: number, tick: number, revived: boolean, cleared: boolean): readonly Change[] {
    const level = cell.levelOf(u32, at);
    const changes: Change[] = [];
    if (level > 0) {
      const until = u32[at + cell.UNTIL];
      // Sent while it rested, as a breaker's probe may be: news that the rest is not needed. One sent before it says nothing new.
      const early = until > tick && tick - tookMs >= until - cooldownMs(this.pool.rules, level);
      if (early) {
        u32[at + cell.UNTIL] = tick;
        this.ejection.over(exit);
      }
      cell.setLevel(u32, at, 0);
      changes.push({ kind: "recovered", exit, level, early });
    }
    if (revived) changes.push({ kind: "revived", exit });
    if (cleared) changes.push({ kind: "target-cleared" });
    return changes;
  }

  private failed(exit: number, at: number, tookMs: number, tick: number): readonly Change[] {
    const { records, rules } = this.pool;
    const { u32 } = this.cellRows.open(exit);
    u32[at + cell.BAD]++;
    if (this.blame.standing) {
      records.excused(exit);
      return NO_CHANGE;
    }
    // One that is down says so once, with its first failure in a row.
    if (cell.inARow(u32, at) === 0 && this.blame.failed(this.expected(exit, at, tick))) {
      records.excused(exit);
      return [{ kind: "target-blamed", exits: this.blame.exits }];
    }
    this.push(u32, at, false);
    const run = cell.inARow(u32, at) + 1;
    cell.setInARow(u32, at, run);
    const last = u32[at + cell.LAST_GOOD];
    cell.setRecency(u32, at, last === 0 ? 0 : recencyOf(tick - last));
    const deaths = records.failed(exit, Boolean(this.pool.census.isProxy[exit]));
    if (deaths > 0) return [{ kind: "died", exit, fails: records.read(exit).fail, deaths }];

    const until = u32[at + cell.UNTIL];
    if (until > tick) return NO_CHANGE;
    const level = cell.levelOf(u32, at);
    // Half open: the first failure of an attempt that was sent after the rest. Rounding of ticks may make it look 1 ms older.
    const due = level > 0 ? tick - tookMs >= until - 1 : run >= rules.cooldownAfter;
    return due ? this.cool(exit, at, tick, run, level) : NO_CHANGE;
  }

  private cool(exit: number, at: number, tick: number, consecutiveFails: number, from: number): readonly Change[] {
    const { rules, epoch } = this.pool;
    const { u32 } = this.cellRows.open(exit);
    if (!this.ejection.mayCool(exit, tick, rules)) {
      if (cell.isSpared(u32, at)) return NO_CHANGE;
      cell.setSpared(u32, at, true);
      return [{ kind: "spared", exit, consecutiveFails }];
    }
    const level = Math.min(LAST_LEVEL, from + 1);
    const forMs = cooldownMs(rules, level);
    this.noneRested = false;
    u32[at + cell.UNTIL] = tick + forMs;
    cell.setLevel(u32, at, level);
    cell.setSpared(u32, at, false);
    this.ejection.cooled(exit, tick + forMs);
    return [{ kind: "cooled", exit, trial: from > 0, level, forMs, untilAt: epoch.at(tick + forMs), consecutiveFails }];
  }

  /** The chance that an attempt here succeeds, as far as it was known before. */
  private expected(exit: number, at: number, tick: number): number {
    const { records, census } = this.pool;
    const { u32 } = this.cellRows.open(exit);
    const last = u32[at + cell.LAST_GOOD];
    if (last !== 0) return cell.rateAt(u32, at) * recencyOf(tick - last);
    if (cell.sampled(u32, at) > 0) return 0;
    if (!records.isKnown(exit)) return census.isProxy[exit] ? 0 : EXPECTED_OF_LOCAL;
    return EXPECTED_ELSEWHERE * records.expected(exit, tick);
  }

  private push(u32: Uint32Array, at: number, good: boolean): void {
    const { window } = this.pool.rules;
    u32[at + cell.BITS] = pushOutcome(u32[at + cell.BITS], good, window);
    const count = cell.sampled(u32, at);
    if (count !== window) cell.setSampled(u32, at, Math.min(window, count + 1));
  }
}
