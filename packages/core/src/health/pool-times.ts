/** How fast the pool's own averages move with each success: over the last two hundred. */
export const SLOW = 0.005;
/** Scale of times before the first success. */
const FIRST_TIME_MS = 1_000;
/** How much the pool's time counts against an exit's own: variance within an exit over variance between exits, within reason. */
const KAPPA = { least: 0.3, most: 4 };
/** Bounds of the mean time up that is learned: shorter ones cannot be told from bad luck, longer ones not be seen. */
const UP_MS = { first: 1_200_000, weight: 4, least: 30_000, most: 3_600_000 };
/** A twentieth of a percent of what was seen of times up is forgotten each second: half an hour's worth is kept. */
const UP_MEMORY = 0.9995;
/** Until something is known, one exit in twelve of a list works, and that weighs as much as fifty first tests of the pool's own. */
const BASE = { unknown: 0.08, tests: 50, least: 0.01, most: 0.9 };
/** A day, as a logarithm of ms. */
export const LN_LONGEST: number = Math.log(86_400_000);

export interface SavedTimes {
  readonly m0: number;
  readonly successes: number;
  readonly within: number;
  readonly between: number;
  readonly upMs: number;
  readonly downs: number;
  readonly tests: number;
  readonly worked: number;
}

/** What all exits of a pool have in common: how long answers take, how long exits stay up, how many of a list ever work. */
export class PoolTimes {
  /** Mean logarithm of the times of answers in ms, and from how many it is known. */
  m0 = Math.log(FIRST_TIME_MS);
  successes = 0;
  kappa = 0.42;
  #within = 0.25;
  #between = 0.6;
  #upMs = UP_MS.first * UP_MS.weight;
  #downs = UP_MS.weight;
  /** First tests of exits, and those that succeeded. */
  #tests = BASE.tests;
  #worked = BASE.tests * BASE.unknown;

  get meanUpMs(): number {
    return Math.min(UP_MS.most, Math.max(UP_MS.least, this.#upMs / Math.max(1e-6, this.#downs)));
  }

  /** What an exit that has never worked is taken for: in a list of good ones it is soon trusted unseen. */
  get baseUnknown(): number {
    return Math.min(BASE.most, Math.max(BASE.least, this.#worked / this.#tests));
  }

  /** So many seconds have passed. */
  fade(seconds: number): void {
    const kept = UP_MEMORY ** seconds;
    this.#upMs *= kept;
    this.#downs *= kept;
  }

  /** An exit was up for so long. */
  wasUp(ms: number): void {
    this.#upMs += Math.max(0, ms);
  }

  /** An exit has gone down, at some moment since it last worked. */
  wentDown(sinceMs: number): void {
    this.#upMs += Math.max(0, sinceMs / 2);
    this.#downs++;
  }

  firstTest(worked: boolean): void {
    this.#tests++;
    if (worked) this.#worked++;
  }

  /** @param before the exit's mean before this answer, `undefined` for its first; @param after its mean now */
  timed(ln: number, before: number | undefined, after: number): void {
    if (before !== undefined) this.#within += SLOW * ((ln - before) ** 2 - this.#within);
    this.#between += SLOW * ((after - this.m0) ** 2 - this.#between);
    this.kappa = Math.min(KAPPA.most, Math.max(KAPPA.least, this.#within / Math.max(1e-6, this.#between)));
    this.successes++;
    this.m0 += Math.max(1 / this.successes, SLOW) * (ln - this.m0);
  }

  save(): SavedTimes {
    return { m0: this.m0, successes: this.successes, within: this.#within, between: this.#between, upMs: this.#upMs, downs: this.#downs, tests: this.#tests, worked: this.#worked };
  }

  /** @returns false where the numbers are none that could have been saved; then nothing has changed */
  restore({ m0, successes, within, between, upMs, downs, tests, worked }: SavedTimes): boolean {
    const numbers = [m0, successes, within, between, upMs, downs, tests, worked];
    if (!numbers.every((value) => Number.isFinite(value) && value >= 0 && value < 1e13) || tests < 1 || worked > tests) return false;
    this.m0 = Math.min(LN_LONGEST, m0);
    this.successes = Math.floor(successes);
    this.#within = Math.min(100, within);
    this.#between = Math.min(100, between);
    this.#upMs = upMs;
    this.#downs = downs;
    this.#tests = tests;
    this.#worked = worked;
    return true;
  }
}
