import type { Census } from "./census.ts";
import { ChangeLog } from "./change-log.ts";
import { backoffMs } from "./backoff.ts";
import * as row from "./exit-beliefs.ts";
import { Journal } from "./journal.ts";
import { LN_LONGEST, PoolTimes } from "./pool-times.ts";
import { Shape } from "./shape.ts";

/** One that has worked before is up again with this likelihood once nothing else is known any more. */
const BASE_KNOWN = 0.4;
/** The machine's own addresses work, until they show otherwise. */
const BASE_OWN = 0.9;
/** Back for a test after so long: it has worked a moment ago; it has just gone down. */
const AFTER_SUCCESS_MS = 15_000;
const AFTER_DOWN_MS = 6_000;
/** Times are remembered over so many successes, and each moves their mean by at least that much. */
const TIMES_KEPT = 20;
export const TIME_GAIN = 0.12;
/** Likelihood of being up below which an exit counts as down: three failures in a row of a good one, or one and a long silence. */
const DOWN = 0.25;

/**
 * What is believed of the exits of a pool and of its times, and what all targets share: the likelihood that an exit is up, which
 * relaxes to what is usual; its time scale; the shape of the answers' times. Exits are tested again the later the more often
 * that has failed. Times are ticks of the pool's epoch; `moment` says which one it is.
 */
export class PoolBeliefs {
  readonly shape = new Shape();
  /** Exits that are better than they were thought: targets look at them anew. */
  readonly changes = new ChangeLog();
  /** Before the last sign of life, so that a network that is gone need not be held against anybody. */
  readonly journal = new Journal();
  /** Exits that have ever worked. */
  readonly known: number[] = [];
  /** Now. */
  tick = 1;
  readonly times = new PoolTimes();
  readonly rows = row.newExitRows();
  readonly #census: Census;
  /** Offsets of all hosts and how many there are: only differences between hosts mean something, so their mean is taken off. */
  offsets = 0;
  hosts = 0;

  constructor(census: Census) {
    this.#census = census;
  }

  /** To be called with the tick of the moment before anything else of that moment. */
  moment(tick: number): void {
    this.tick = tick;
    const seconds = this.shape.learn(tick);
    if (seconds === 0) return;
    this.times.fade(seconds);
  }

  get bytes(): number {
    return this.rows.bytes;
  }

  isProxy(exit: number): boolean {
    return Boolean(this.#census.isProxy[exit] ?? true);
  }

  /** Likelihood that the exit is up. */
  up(exit: number): number {
    const page = this.rows.peek(exit);
    if (page === undefined) return this.isProxy(exit) ? this.times.baseUnknown : BASE_OWN;
    const at = this.rows.offset(exit);
    const base = this.#base(exit, row.hasWorked(page.u32, at));
    const since = page.u32[at + row.U_AT];
    if (since === 0) return base;
    // Most are asked about when something has just been learnt of them.
    const kept = since === this.tick ? 1 : Math.exp(-(this.tick - since) / this.times.meanUpMs);
    return base + (page.f32[at + row.U] - base) * kept;
  }

  /** Likelihood of success when the exit is up and its host accepts it. */
  quality(exit: number): number {
    const { q0 } = this.shape;
    const page = this.rows.peek(exit);
    if (page === undefined) return q0;
    const at = this.rows.offset(exit);
    const good = page.f32[at + row.GOOD_WHILE_UP];
    return (good + 2 * q0) / (good + page.f32[at + row.BAD_WHILE_UP] + 2);
  }

  /** Logarithm of its time scale in ms: its own mean, drawn towards the pool's while little is known. */
  lnScale(exit: number): number {
    const page = this.rows.peek(exit);
    if (page === undefined) return this.times.m0;
    const at = this.rows.offset(exit);
    const { kappa, m0 } = this.times;
    const n = row.timesOf(page.u32, at);
    return (n * page.f32[at + row.MEAN] + kappa * m0) / (n + kappa);
  }

  hasWorked(exit: number): boolean {
    const page = this.rows.peek(exit);
    return page !== undefined && row.hasWorked(page.u32, this.rows.offset(exit));
  }

  isUp(exit: number): boolean {
    const page = this.rows.peek(exit);
    return page === undefined ? !this.isProxy(exit) : row.isUp(page.u32, this.rows.offset(exit)) || !this.isProxy(exit);
  }

  /** No attempt through it has said anything. */
  isUnknown(exit: number): boolean {
    return (this.rows.peek(exit)?.u32[this.rows.offset(exit) + row.U_AT] ?? 0) === 0;
  }

  isTesting(exit: number): boolean {
    const page = this.rows.peek(exit);
    return page !== undefined && row.isTesting(page.u32, this.rows.offset(exit));
  }

  /** Are attempts of it out that have brought no answer? */
  isOut(exit: number): boolean {
    const page = this.rows.peek(exit);
    return page !== undefined && row.outOf(page.u32, this.rows.offset(exit)) > 0;
  }

  /** Tests in a row that it has failed. */
  missed(exit: number): number {
    const page = this.rows.peek(exit);
    return page === undefined ? 0 : row.missedOf(page.u32, this.rows.offset(exit));
  }

  /** When it is due for a test. */
  dueAt(exit: number): number {
    return this.rows.peek(exit)?.u32[this.rows.offset(exit) + row.DUE] ?? 0;
  }

  /** How long it is left alone after as many tests in a row as have failed. */
  backoffMs(exit: number): number {
    const page = this.rows.peek(exit);
    return page === undefined ? 0 : this.#backoffMs(row.hasWorked(page.u32, this.rows.offset(exit)), row.missedOf(page.u32, this.rows.offset(exit)));
  }

  /** Attempts of it that are out without an answer, and since when. */
  quiet(exit: number): { readonly out: number; readonly sinceMs: number } | undefined {
    const page = this.rows.peek(exit);
    const at = this.rows.offset(exit);
    const out = page === undefined ? 0 : row.outOf(page.u32, at);
    return page === undefined || out === 0 ? undefined : { out, sinceMs: this.tick - page.u32[at + row.QUIET_SINCE] };
  }

  started(exit: number, test: boolean): void {
    const { u32 } = this.rows.open(exit);
    const at = this.rows.offset(exit);
    if (row.outOf(u32, at) === 0) u32[at + row.QUIET_SINCE] = this.tick;
    row.addOut(u32, at, 1);
    if (test) row.setTesting(u32, at, true);
  }

  /** Its head has come, or never will. */
  heard(exit: number): void {
    const page = this.rows.peek(exit);
    if (page !== undefined) row.addOut(page.u32, this.rows.offset(exit), -1);
  }

  /** @param ln logarithm of its time in ms without what is its host's; `undefined`: not measured. @returns how far it was from what was expected */
  succeeded(exit: number, ln: number | undefined): number {
    const { tick } = this;
    const before = this.up(exit);
    const { u32, f32 } = this.rows.open(exit);
    const at = this.rows.offset(exit);
    if (!row.hasWorked(u32, at)) {
      this.known.push(exit);
      this.times.firstTest(true);
    } else if (row.isUp(u32, at)) {
      this.times.wasUp(tick - u32[at + row.WORKED_AT]);
    }
    if (before < 0.7) this.changes.note(exit);
    f32[at + row.U] = 0.995;
    u32[at + row.U_AT] = u32[at + row.WORKED_AT] = u32[at + row.QUIET_SINCE] = tick;
    u32[at + row.DUE] = tick + AFTER_SUCCESS_MS;
    row.setMissed(u32, at, 0);
    row.setUp(u32, at, true);
    row.setWorked(u32, at);
    // Some twenty outcomes count.
    f32[at + row.GOOD_WHILE_UP] = 0.95 * f32[at + row.GOOD_WHILE_UP] + 1;
    f32[at + row.BAD_WHILE_UP] *= 0.95;
    return ln === undefined ? 0 : this.#timed(f32, u32, at, ln);
  }

  /**
   * Writes down what a failure has left of the belief that it is up.
   *
   * @param failed how much of a failure of its own it was
   * @param late how much later than its mean it must be, as a logarithm: it was given up, and an answer may have been on its way
   * @returns true when it is believed to have gone down by this
   */
  failed(exit: number, up: number, failed: number, late: number): boolean {
    const { tick } = this;
    const { u32, f32 } = this.rows.open(exit);
    const at = this.rows.offset(exit);
    f32[at + row.U] = up;
    u32[at + row.U_AT] = tick;
    f32[at + row.BAD_WHILE_UP] += failed;
    if (late > 0) {
      if (row.timesOf(u32, at) === 0) f32[at + row.MEAN] = this.times.m0;
      f32[at + row.MEAN] = Math.min(LN_LONGEST, f32[at + row.MEAN] + late);
    }
    if (up >= DOWN || !row.isUp(u32, at)) return false;
    row.setUp(u32, at, false);
    row.setMissed(u32, at, 0);
    u32[at + row.DUE] = tick + Math.min(AFTER_DOWN_MS, this.#backoffMs(true, 0));
    this.times.wentDown(tick - u32[at + row.WORKED_AT]);
    return true;
  }

  /** Its test is over. @param missed it was one more in vain */
  tested(exit: number, missed: boolean): void {
    const { u32 } = this.rows.open(exit);
    const at = this.rows.offset(exit);
    row.setTesting(u32, at, false);
    if (!missed) return;
    const count = row.missedOf(u32, at) + 1;
    const worked = row.hasWorked(u32, at);
    if (!worked && count === 1) this.times.firstTest(false);
    row.setMissed(u32, at, count);
    u32[at + row.DUE] = this.tick + this.#backoffMs(worked, count);
  }

  /** The index is given to another exit. */
  forget(exit: number): void {
    const at = this.known.indexOf(exit);
    if (at >= 0) this.known.splice(at, 1);
    this.rows.wipe(exit);
    this.changes.note(exit);
  }

  rebase(byMs: number): void {
    this.tick = Math.max(1, this.tick - byMs);
    this.rows.each((page, at) => row.moveExit(page, at, byMs));
    this.journal.clear();
  }

  #backoffMs(worked: boolean, missed: number): number {
    return backoffMs(worked, missed, worked ? this.known.length : this.#census.proxies);
  }

  #base(exit: number, worked: boolean): number {
    return this.isProxy(exit) ? (worked ? BASE_KNOWN : this.times.baseUnknown) : BASE_OWN;
  }

  #timed(f32: Float32Array, u32: Uint32Array, at: number, ln: number): number {
    const n = row.timesOf(u32, at);
    const before = n === 0 ? this.times.m0 : f32[at + row.MEAN];
    const after = before + Math.max(1 / (n + 1), TIME_GAIN) * (ln - before);
    f32[at + row.MEAN] = after;
    row.setTimes(u32, at, Math.min(TIMES_KEPT, n + 1));
    this.times.timed(ln, n === 0 ? undefined : before, after);
    return ln - after;
  }
}
