import type { VerdictKind } from "../model/verdict.ts";
import { Blame } from "./blame.ts";
import * as cell from "./cell.ts";
import { NO_CHANGE, type Change } from "./change.ts";
import { Ejection } from "./ejection.ts";
import type { PoolHealth } from "./pool-health.ts";
import { Rows } from "./rows.ts";
import { cooldownMs, LAST_LEVEL } from "./rules.ts";
import { recencyOf, scoreOf, stepOf, type Score } from "./score.ts";
import { pushOutcome } from "./window.ts";

/** Weight of the newest latency in the average; about the last ten count. */
const LATENCY_GAIN = 0.2;
/** A latency beyond a day is a clock that jumped. */
const LONGEST_LATENCY_MS = 86_400_000;
/** How much being good elsewhere says about a target where an exit was never tried: a host may well shut many of them out. */
const EXPECTED_ELSEWHERE = 0.25;
/** The same of one of the machine's own addresses that has never been used: nothing speaks against it. */
const EXPECTED_OF_LOCAL = 0.5;

export type ExitState = "unknown" | "healthy" | "cooldown" | "on-trial" | "dead";

/** One cell as plain values, for status, explain and saving. Times are relative, so they can be read on another clock. */
export interface CellRecord {
  readonly success: number;
  readonly fail: number;
  readonly warnings: number;
  readonly consecutiveFails: number;
  readonly avgLatencyMs: number;
  readonly inflight: number;
  /** Newest lowest. */
  readonly outcomes: number;
  readonly samples: number;
  readonly level: number;
  /** Since the last success; `undefined`: never. */
  readonly sinceSuccessMs: number | undefined;
  /** Until its cooldown ends; 0 when it does not rest. */
  readonly coolsForMs: number;
}

/**
 * What came of the attempts of each exit at one target, and what follows from it: score, cooldown, half-open trial. Arithmetic
 * over `now`; nothing happens by itself, and nothing is allocated for an outcome that changes nothing.
 */
export class TargetHealth {
  readonly #pool: PoolHealth;
  readonly #cells = new Rows(cell.CELL_WORDS);
  readonly #ejection: Ejection;
  readonly #blame = new Blame();
  /** Where this target stands in the order of use of all targets. */
  usedAt = 0;
  /** Attempts that are out. */
  inFlight = 0;
  #hint = 0;

  /** Made by `PoolHealth.target()`. */
  constructor(pool: PoolHealth) {
    this.#pool = pool;
    this.#ejection = new Ejection(this.#cells, pool.census, pool.records);
  }

  /** The target fails everywhere, so nobody is judged by it: offer exits in any order, and take failures there as the target's. */
  get blamed(): boolean {
    return this.#blame.standing;
  }

  get bytes(): number {
    return this.#cells.bytes;
  }

  get cells(): number {
    return this.#cells.exits;
  }

  started(exit: number): void {
    const before = this.#cells.exits;
    const { u32 } = this.#cells.open(exit);
    if (cell.enter(u32, this.#cells.offset(exit))) this.inFlight++;
    this.#pool.records.started(exit);
    this.#pool.used(this, this.#cells.exits - before);
  }

  /**
   * An attempt is over.
   *
   * @param latencyMs from its start to this moment
   * @returns what has changed by it, most often nothing
   */
  ended(exit: number, kind: VerdictKind, latencyMs: number, now: number): readonly Change[] {
    const { u32 } = this.#cells.open(exit);
    const at = this.#cells.offset(exit);
    if (cell.leave(u32, at)) this.inFlight--;
    this.#pool.records.ended(exit);
    const tookMs = latencyMs > 0 ? Math.min(LONGEST_LATENCY_MS, latencyMs) : 0;
    switch (kind) {
      case "success":
        return this.#succeeded(exit, at, tookMs, this.#pool.epoch.tick(now));
      case "blocked":
      case "exit-error":
        return this.#failed(exit, at, tookMs, this.#pool.epoch.tick(now));
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

  /** When an exit's rest here ends, on the clock's scale: 0 or a moment that has passed where it does not rest, `Infinity` where it is dead. */
  restsUntil(exit: number): number {
    if (this.#pool.records.isDead(exit)) return Infinity;
    const page = this.#cells.peek(exit);
    const until = page === undefined ? 0 : page.u32[this.#cells.offset(exit) + cell.UNTIL];
    return until === 0 ? 0 : this.#pool.epoch.at(until);
  }

  /** Half open, and its one trial is out: not to be used again before that has ended. */
  trialOut(exit: number): boolean {
    const { records } = this.#pool;
    if (records.onTrial(exit) && records.inFlight(exit) > 0) return true;
    const page = this.#cells.peek(exit);
    if (page === undefined) return false;
    const at = this.#cells.offset(exit);
    return cell.levelOf(page.u32, at) > 0 && cell.outOf(page.u32, at) > 0;
  }

  /** Exits that rest here now; dead ones are not counted. */
  cooling(now: number): number {
    return this.#ejection.count(this.#pool.epoch.tick(now));
  }

  /**
   * 0 when some exit neither rests nor is dead nor banned, whatever else it waits for; otherwise the moment at which the first
   * of them is back, `Infinity` where none will be by itself.
   *
   * @param bannedUntil when an exit's ban ends, 0 where it has none
   */
  goneUntil(now: number, bannedUntil: (exit: number) => number): number {
    const { exits } = this.#pool.census;
    let back = Infinity;
    // The one that was found the last time is likely to do again.
    for (let i = -1; i < exits.length; i++) {
      const exit = i < 0 ? this.#hint : i;
      if (exits[exit] === undefined) continue;
      const until = Math.max(this.restsUntil(exit), bannedUntil(exit));
      if (until <= now) {
        this.#hint = exit;
        return 0;
      }
      if (until < back) back = until;
    }
    return back;
  }

  /** Where an exit belongs among all: the step of its score doubled, and 1 more when there is no need to explore it. */
  rankOf(exit: number): number {
    const { records } = this.#pool;
    const page = this.#cells.peek(exit);
    const global = records.rate(exit);
    if (page === undefined) return stepOf(scoreOf(0.5, global, 0)) * 2;
    const { u32 } = page;
    const at = this.#cells.offset(exit);
    if (cell.isSpared(u32, at)) return 1;
    const unproven = cell.sampled(u32, at) === 0 || cell.levelOf(u32, at) > 0 || records.onTrial(exit);
    const step = stepOf(scoreOf(cell.rateAt(u32, at), global, cell.recency(u32, at)));
    return step * 2 + (unproven && cell.outOf(u32, at) === 0 ? 0 : 1);
  }

  score(exit: number): Score {
    const page = this.#cells.peek(exit);
    const at = this.#cells.offset(exit);
    const affinity = page === undefined ? 0.5 : cell.rateAt(page.u32, at);
    const recency = page === undefined ? 0 : cell.recency(page.u32, at);
    const global = this.#pool.records.rate(exit);
    const spared = page !== undefined && cell.isSpared(page.u32, at);
    return { affinity, global, recency, total: spared ? 0 : scoreOf(affinity, global, recency) };
  }

  stateOf(exit: number, now: number): ExitState {
    const { records } = this.#pool;
    if (records.isDead(exit)) return "dead";
    if (this.restsUntil(exit) > now) return "cooldown";
    const page = this.#cells.peek(exit);
    const at = this.#cells.offset(exit);
    if (records.onTrial(exit) || (page !== undefined && cell.levelOf(page.u32, at) > 0)) return "on-trial";
    return page !== undefined && cell.sampled(page.u32, at) > 0 ? "healthy" : "unknown";
  }

  of(exit: number, now: number): CellRecord {
    const { u32, f32 } = this.#cells.peek(exit) ?? BLANK;
    const at = u32 === BLANK.u32 ? 0 : this.#cells.offset(exit);
    const tick = this.#pool.epoch.tick(now);
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
      sinceSuccessMs: u32[at + cell.LAST_GOOD] === 0 ? undefined : Math.max(0, tick - u32[at + cell.LAST_GOOD]),
      coolsForMs: Math.max(0, u32[at + cell.UNTIL] - tick),
    };
  }

  /** Exits of which something is known here. */
  known(): number[] {
    const found: number[] = [];
    this.#cells.each(({ u32 }, at, exit) => {
      if (u32[at + cell.GOOD] + u32[at + cell.BAD] + cell.warnings(u32, at) > 0) found.push(exit);
    });
    return found;
  }

  /** Puts back what was saved. Numbers that no cell can hold are cut to what it can; what is in flight now stays. */
  restore(exit: number, saved: Omit<CellRecord, "inflight">, now: number): void {
    const before = this.#cells.exits;
    const { u32, f32 } = this.#cells.open(exit);
    const at = this.#cells.offset(exit);
    const tick = this.#pool.epoch.tick(now);
    const whole = (value: number, most: number): number => (value > 0 ? Math.floor(Math.min(value, most)) : 0);
    const { window } = this.#pool.rules;
    const out = cell.outOf(u32, at);
    this.#ejection.over(exit);
    u32[at + cell.BITS] = whole(saved.outcomes, 0xffff_ffff);
    u32[at + cell.GOOD] = whole(saved.success, 0xffff_ffff);
    u32[at + cell.BAD] = whole(saved.fail, 0xffff_ffff);
    f32[at + cell.LATENCY] = whole(saved.avgLatencyMs * 16, LONGEST_LATENCY_MS * 16) / 16;
    // A success before this process has no tick on its clock: its age is taken from the scale as far as that goes back.
    u32[at + cell.LAST_GOOD] = saved.sinceSuccessMs === undefined || !(saved.sinceSuccessMs >= 0) ? 0 : Math.max(1, tick - whole(saved.sinceSuccessMs, tick));
    u32[at + cell.RUN] = whole(saved.warnings, 0x7fff);
    cell.setInARow(u32, at, whole(saved.consecutiveFails, 0xffff));
    u32[at + cell.FLAGS] = out;
    cell.setSampled(u32, at, whole(saved.samples, window));
    cell.setLevel(u32, at, whole(saved.level, LAST_LEVEL));
    cell.setRecency(u32, at, saved.sinceSuccessMs === undefined || !(saved.sinceSuccessMs >= 0) ? 0 : recencyOf(saved.sinceSuccessMs));
    const coolsForMs = whole(saved.coolsForMs, cooldownMs(this.#pool.rules, LAST_LEVEL));
    u32[at + cell.UNTIL] = coolsForMs > 0 ? tick + coolsForMs : 0;
    if (coolsForMs > 0) this.#ejection.cooled(exit, tick + coolsForMs);
    this.#pool.used(this, this.#cells.exits - before);
  }

  /** The index is given to another exit. */
  forget(exit: number): void {
    const page = this.#cells.peek(exit);
    if (page === undefined) return;
    this.inFlight -= cell.outOf(page.u32, this.#cells.offset(exit));
    this.#ejection.over(exit);
    this.#cells.wipe(exit);
  }

  /** Everything known here goes; for a target that has been idle for longest when there are too many. */
  clear(): void {
    this.#cells.clear();
    this.#ejection.clear();
    this.#blame.succeeded();
    this.inFlight = 0;
  }

  /** The scale of times moves on. */
  rebase(byMs: number): void {
    this.#cells.each((page, at) => cell.moveCell(page, at, byMs));
    this.#ejection.rebase(byMs);
  }

  #succeeded(exit: number, at: number, tookMs: number, tick: number): readonly Change[] {
    const { u32, f32 } = this.#cells.open(exit);
    const first = ++u32[at + cell.GOOD] === 1;
    f32[at + cell.LATENCY] = first ? tookMs : f32[at + cell.LATENCY] + LATENCY_GAIN * (tookMs - f32[at + cell.LATENCY]);
    this.#push(u32, at, true);
    u32[at + cell.LAST_GOOD] = tick;
    cell.setInARow(u32, at, 0);
    cell.setSpared(u32, at, false);
    cell.setRecency(u32, at, 1);
    const revived = this.#pool.records.succeeded(exit, tick);
    const cleared = this.#blame.succeeded();
    const level = cell.levelOf(u32, at);
    if (level === 0 && !revived && !cleared) return NO_CHANGE;

    const changes: Change[] = [];
    if (level > 0) {
      const until = u32[at + cell.UNTIL];
      // Sent while it rested, as a breaker's probe may be: news that the rest is not needed. One sent before it says nothing new.
      const early = until > tick && tick - tookMs >= until - cooldownMs(this.#pool.rules, level);
      if (early) {
        u32[at + cell.UNTIL] = tick;
        this.#ejection.over(exit);
      }
      cell.setLevel(u32, at, 0);
      changes.push({ kind: "recovered", exit, level, early });
    }
    if (revived) changes.push({ kind: "revived", exit });
    if (cleared) changes.push({ kind: "target-cleared" });
    return changes;
  }

  #failed(exit: number, at: number, tookMs: number, tick: number): readonly Change[] {
    const { records, rules } = this.#pool;
    const { u32 } = this.#cells.open(exit);
    u32[at + cell.BAD]++;
    if (this.#blame.standing) {
      records.excused(exit);
      return NO_CHANGE;
    }
    // One that is down says so once, with its first failure in a row.
    if (cell.inARow(u32, at) === 0 && this.#blame.failed(this.#expected(exit, at, tick))) {
      records.excused(exit);
      return [{ kind: "target-blamed", exits: this.#blame.exits }];
    }
    this.#push(u32, at, false);
    const run = cell.inARow(u32, at) + 1;
    cell.setInARow(u32, at, run);
    const last = u32[at + cell.LAST_GOOD];
    cell.setRecency(u32, at, last === 0 ? 0 : recencyOf(tick - last));
    const deaths = records.failed(exit, this.#pool.census.isProxy[exit] === true);
    if (deaths > 0) return [{ kind: "died", exit, fails: records.read(exit).fail, deaths }];

    const until = u32[at + cell.UNTIL];
    if (until > tick) return NO_CHANGE;
    const level = cell.levelOf(u32, at);
    // Half open: the first failure of an attempt that was sent after the rest. Rounding of ticks may make it look 1 ms older.
    const due = level > 0 ? tick - tookMs >= until - 1 : run >= rules.cooldownAfter;
    return due ? this.#cool(exit, at, tick, run, level) : NO_CHANGE;
  }

  #cool(exit: number, at: number, tick: number, consecutiveFails: number, from: number): readonly Change[] {
    const { rules, epoch } = this.#pool;
    const { u32 } = this.#cells.open(exit);
    if (!this.#ejection.mayCool(exit, tick, rules)) {
      if (cell.isSpared(u32, at)) return NO_CHANGE;
      cell.setSpared(u32, at, true);
      return [{ kind: "spared", exit, consecutiveFails }];
    }
    const level = Math.min(LAST_LEVEL, from + 1);
    const forMs = cooldownMs(rules, level);
    u32[at + cell.UNTIL] = tick + forMs;
    cell.setLevel(u32, at, level);
    cell.setSpared(u32, at, false);
    this.#ejection.cooled(exit, tick + forMs);
    return [{ kind: "cooled", exit, trial: from > 0, level, forMs, untilAt: epoch.at(tick + forMs), consecutiveFails }];
  }

  /** The chance that an attempt here succeeds, as far as it was known before. */
  #expected(exit: number, at: number, tick: number): number {
    const { records, census } = this.#pool;
    const { u32 } = this.#cells.open(exit);
    const last = u32[at + cell.LAST_GOOD];
    if (last !== 0) return cell.rateAt(u32, at) * recencyOf(tick - last);
    if (cell.sampled(u32, at) > 0) return 0;
    if (!records.isKnown(exit)) return census.isProxy[exit] ? 0 : EXPECTED_OF_LOCAL;
    return EXPECTED_ELSEWHERE * records.expected(exit, tick);
  }

  #push(u32: Uint32Array, at: number, good: boolean): void {
    const { window } = this.#pool.rules;
    u32[at + cell.BITS] = pushOutcome(u32[at + cell.BITS], good, window);
    const count = cell.sampled(u32, at);
    if (count !== window) cell.setSampled(u32, at, Math.min(window, count + 1));
  }
}

const BLANK = { u32: new Uint32Array(cell.CELL_WORDS), f32: new Float32Array(cell.CELL_WORDS) };
