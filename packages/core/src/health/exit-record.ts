import { ChangeLog } from "./change-log.ts";
import { moved } from "./epoch.ts";
import { Rows } from "./rows.ts";
import type { HealthRules } from "./rules.ts";
import type { ExitRecord, SavedRecord } from "./saved-record.ts";
import { recencyOf } from "./score.ts";
import { lastOutcomes, pushOutcome, successRate, UNKNOWN_RATE } from "./window.ts";

/**
 * An exit over all targets: 6 words, 24 bytes.
 *
 * | word | |
 * |---|---|
 * | 0 | the last outcomes, as bits |
 * | 1, 2 | successes and failures ever |
 * | 3 | tick of the last success |
 * | 4 | failures of this generation while it had no success (16 bits), in flight (16) |
 * | 5 | rate last told to the targets (6 bits), on trial, dead, a success in this generation (1 each), refreshes to sit out (6), deaths in a row (3), outcomes in the window (6) |
 */
const WORDS = 6;
const BITS = 0;
const GOOD = 1;
const BAD = 2;
const LAST_GOOD = 3;
const COUNTS = 4;
const FLAGS = 5;

const MOST = 0xffff;
const HAD_SUCCESS = 1 << 15;
const DEAD = 1 << 16;
const TRIAL = 1 << 17;
/** All but the rate last told to the targets. */
const ALL_BUT_TOLD = ~(63 << 18);
/** A rate that moved by this much moves a score by 0.045, three of its steps: then the targets hear of it. */
const TELL_AT = 0.15;
/** Back at the first refresh after one death, at the second after two in a row, then 4, 8, 16, 32: with one every ten minutes, five hours. */
const MOST_DEATHS = 6;

/** What is known of each exit whatever the target: its rate of success, and whether it is dead. */
export class ExitRecords {
  readonly changes = new ChangeLog();
  /** How many are dead. */
  dead = 0;
  /** None has died so far. */
  allSound = true;
  /** Deaths and returns so far: who counts exits looks whether it has changed. */
  turns = 0;
  private readonly rows = new Rows(WORDS);
  rules: HealthRules;

  constructor(rules: HealthRules) {
    this.rules = rules;
  }

  get bytes(): number {
    return this.rows.bytes;
  }

  /** Share of successes among the last outcomes; 0.5 of an unknown one. */
  rate(exit: number): number {
    const page = this.rows.peek(exit);
    if (page === undefined) return UNKNOWN_RATE;
    const at = this.rows.offset(exit);
    return successRate(page.u32[at + BITS], page.u32[at + FLAGS] & 63);
  }

  /** As the chance that its next attempt succeeds: an exit that has not succeeded for long may have gone. */
  expected(exit: number, tick: number): number {
    const page = this.rows.peek(exit);
    if (page === undefined) return 0;
    const last = page.u32[this.rows.offset(exit) + LAST_GOOD];
    return last === 0 ? 0 : this.rate(exit) * recencyOf(tick - last);
  }

  isKnown(exit: number): boolean {
    const page = this.rows.peek(exit);
    return page !== undefined && (page.u32[this.rows.offset(exit) + FLAGS] & 63) > 0;
  }

  isDead(exit: number): boolean {
    return this.has(exit, DEAD);
  }

  /** Back from the dead, and yet to show that it works. */
  onTrial(exit: number): boolean {
    return this.has(exit, TRIAL);
  }

  /** Neither dead nor on trial. */
  isSound(exit: number): boolean {
    return !this.has(exit, DEAD | TRIAL);
  }

  inFlight(exit: number): number {
    const page = this.rows.peek(exit);
    return page === undefined ? 0 : page.u32[this.rows.offset(exit) + COUNTS] & MOST;
  }

  started(exit: number): void {
    const { u32 } = this.rows.open(exit);
    const at = this.rows.offset(exit) + COUNTS;
    if ((u32[at] & MOST) < MOST) u32[at]++;
  }

  ended(exit: number): void {
    const { u32 } = this.rows.open(exit);
    const at = this.rows.offset(exit) + COUNTS;
    if ((u32[at] & MOST) > 0) u32[at]--;
  }

  /** An attempt has ended, and well. @returns true when it was dead or on trial */
  succeeded(exit: number, tick: number): boolean {
    const { u32 } = this.rows.open(exit);
    const at = this.rows.offset(exit);
    u32[at + GOOD]++;
    u32[at + LAST_GOOD] = tick;
    // One less in flight, and no failures of this generation.
    const inFlight = u32[at + COUNTS] & MOST;
    u32[at + COUNTS] = inFlight > 0 ? inFlight - 1 : 0;
    const { window } = this.rules;
    // As well as can be already, which the targets have been told: one more success changes nothing.
    return (u32[at + BITS] !== lastOutcomes(window) || (u32[at + FLAGS] & ALL_BUT_TOLD) !== (HAD_SUCCESS | window)) && this.improved(u32, at, exit);
  }

  private improved(u32: Uint32Array, at: number, exit: number): boolean {
    const flags = u32[at + FLAGS];
    if ((flags & DEAD) !== 0) this.turned(-1);
    // Reluctance ends with the first success: deaths and refreshes to sit out are forgotten.
    u32[at + FLAGS] = (flags & ~(DEAD | TRIAL | (511 << 6))) | HAD_SUCCESS;
    this.push(u32, at, exit, true);
    return (flags & (DEAD | TRIAL)) !== 0;
  }

  /** @returns how often it has died, where this failure is its death; else 0 */
  failed(exit: number, mayDie: boolean): number {
    const { u32 } = this.rows.open(exit);
    const at = this.rows.offset(exit);
    u32[at + BAD]++;
    this.push(u32, at, exit, false);
    const flags = u32[at + FLAGS];
    if ((flags & (HAD_SUCCESS | DEAD)) !== 0) return 0;
    const barren = Math.min(MOST, (u32[at + COUNTS] >>> 16) + 1);
    u32[at + COUNTS] = (u32[at + COUNTS] & MOST) | (barren << 16);
    if (!mayDie || (barren < Math.min(MOST, this.rules.deadAfterSamples) && (flags & TRIAL) === 0)) return 0;
    const deaths = Math.min(MOST_DEATHS, ((flags >>> 6) & 7) + 1);
    u32[at + FLAGS] = (flags & ~(TRIAL | (511 << 6))) | DEAD | (deaths << 6) | (2 ** (deaths - 1) << 9);
    this.allSound = false;
    this.turned(1);
    return deaths;
  }

  /** A failure that is not its fault: counted, not judged. */
  excused(exit: number): void {
    this.rows.open(exit).u32[this.rows.offset(exit) + BAD]++;
  }

  /**
   * A source still lists it. That begins a new generation: what it did in the last one no longer keeps it from dying.
   * @returns true when it was dead and may be tried again, once
   */
  refreshed(exit: number): boolean {
    const page = this.rows.peek(exit);
    if (page === undefined) return false;
    const { u32 } = page;
    const at = this.rows.offset(exit) + FLAGS;
    const flags = u32[at];
    if ((flags & DEAD) === 0) {
      u32[at] = flags & ~HAD_SUCCESS;
      return false;
    }
    const wait = ((flags >>> 9) & 63) - 1;
    if (wait > 0) {
      u32[at] = (flags & ~(63 << 9)) | (wait << 9);
      return false;
    }
    u32[at] = (flags & ~(DEAD | (63 << 9))) | TRIAL;
    this.turned(-1);
    return true;
  }

  /** What is known of it, for a process to come; `undefined`: nothing is. */
  save(exit: number, tick: number): SavedRecord | undefined {
    const page = this.rows.peek(exit);
    if (page === undefined) return undefined;
    const { u32 } = page;
    const at = this.rows.offset(exit);
    if (u32[at + GOOD] + u32[at + BAD] === 0) return undefined;
    const last = u32[at + LAST_GOOD];
    const flags = u32[at + FLAGS];
    return {
      success: u32[at + GOOD],
      fail: u32[at + BAD],
      outcomes: u32[at + BITS],
      samples: flags & 63,
      sinceSuccessMs: last === 0 ? undefined : Math.max(0, tick - last),
      barren: u32[at + COUNTS] >>> 16,
      hadSuccess: (flags & HAD_SUCCESS) !== 0,
      dead: (flags & DEAD) !== 0,
      onTrial: (flags & TRIAL) !== 0,
      deaths: (flags >>> 6) & 7,
      refreshesToSitOut: (flags >>> 9) & 63,
    };
  }

  /** Most exits below this one are about to be restored. */
  makeRoom(exits: number): void {
    this.rows.makeRoom(exits);
  }

  /** Puts back what was saved, cut to what a record can hold; what is in flight stays. */
  restore(exit: number, saved: SavedRecord, tick: number): void {
    const { u32 } = this.rows.open(exit);
    const at = this.rows.offset(exit);
    const wasDead = (u32[at + FLAGS] & DEAD) !== 0;
    const age = saved.sinceSuccessMs;
    const samples = whole(saved.samples, this.rules.window);
    u32[at + BITS] = (whole(saved.outcomes, 0xffff_ffff) & lastOutcomes(samples)) >>> 0;
    u32[at + GOOD] = whole(saved.success, 0xffff_ffff);
    u32[at + BAD] = whole(saved.fail, 0xffff_ffff);
    u32[at + LAST_GOOD] = age === undefined ? 0 : Math.max(1, tick - whole(age, tick));
    u32[at + COUNTS] = (u32[at + COUNTS] & MOST) | (whole(saved.barren, MOST) << 16);
    const deaths = whole(saved.deaths, MOST_DEATHS);
    u32[at + FLAGS] =
      samples |
      (deaths << 6) |
      (saved.dead ? Math.min(2 ** Math.max(0, deaths - 1), Math.max(1, whole(saved.refreshesToSitOut, 63))) << 9 : 0) |
      (saved.hadSuccess ? HAD_SUCCESS : 0) |
      (saved.dead ? DEAD : saved.onTrial ? TRIAL : 0) |
      ((Math.round(successRate(u32[at + BITS], samples) * 62) + 1) << 18);
    if (saved.dead || saved.onTrial) this.allSound = false;
    if (saved.dead !== wasDead) this.turned(saved.dead ? 1 : -1);
    this.changes.note(exit);
  }

  /** Successes and failures ever. */
  outcomes(exit: number): number {
    const page = this.rows.peek(exit);
    return page === undefined ? 0 : page.u32[this.rows.offset(exit) + GOOD] + this.failures(exit);
  }

  failures(exit: number): number {
    return this.rows.peek(exit)?.u32[this.rows.offset(exit) + BAD] ?? 0;
  }

  read(exit: number): ExitRecord {
    const page = this.rows.peek(exit);
    const at = this.rows.offset(exit);
    return {
      success: page?.u32[at + GOOD] ?? 0,
      fail: page?.u32[at + BAD] ?? 0,
      successRate: this.rate(exit),
      dead: this.isDead(exit),
      onTrial: this.onTrial(exit),
    };
  }

  /** The index is given to another exit. */
  forget(exit: number): void {
    if (this.isDead(exit)) this.turned(-1);
    this.rows.wipe(exit);
    this.changes.note(exit);
  }

  rebase(byMs: number): void {
    this.rows.each(({ u32 }, at) => {
      u32[at + LAST_GOOD] = moved(u32[at + LAST_GOOD], byMs);
    });
  }

  private turned(by: 1 | -1): void {
    this.dead += by;
    this.turns++;
  }

  private has(exit: number, flag: number): boolean {
    const page = this.rows.peek(exit);
    return page !== undefined && (page.u32[this.rows.offset(exit) + FLAGS] & flag) !== 0;
  }

  private push(u32: Uint32Array, at: number, exit: number, good: boolean): void {
    const { window } = this.rules;
    u32[at + BITS] = pushOutcome(u32[at + BITS], good, window);
    const flags = u32[at + FLAGS];
    const count = Math.min(window, (flags & 63) + 1);
    const rate = successRate(u32[at + BITS], count);
    const told = (flags >>> 18) & 63;
    let next = (flags & ~63) | count;
    if (Math.abs(rate - (told === 0 ? UNKNOWN_RATE : (told - 1) / 62)) >= TELL_AT) {
      next = (next & ~(63 << 18)) | ((Math.round(rate * 62) + 1) << 18);
      this.changes.note(exit);
    }
    u32[at + FLAGS] = next;
  }
}

function whole(value: number, most: number): number {
  return value > 0 ? Math.floor(Math.min(value, most)) : 0;
}
