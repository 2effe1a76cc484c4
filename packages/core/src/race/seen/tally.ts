import type { VerdictKind } from "../../model/verdict.ts";
import type { PauseReason } from "../../quota/pauses.ts";

export const ANSWERED = 0;
export const FAILED = 1;
export const ABORTED = 2;
export const REQUEUED = 3;
export const RACES = 4;
export const RACE_LEGS = 5;
export const WEIGHT = 6;
export const OPENED = 7;
export const FAILURE_RUNS = 8;
export const BANS = 9;
export const RECOVERED = 10;
export const FAILED_AGAIN = 11;
/** Milliseconds of rest by reason, then attempts by verdict. */
const RESTS = 12;
const VERDICTS = 16;
const SIZE = 23;

/** Why an exit keeps away from a target. */
export type RestReason = PauseReason | "failures";
export const REST_REASONS: readonly RestReason[] = ["failures", "rate-limited", "banned", "timeout"];

/** What a target has counted since the pool began: a row of numbers, so that counting costs an increment. */
export class Tally {
  readonly counts = new Float64Array(SIZE);
  /** How often counters rose above a level of their limit, by `level` and the limit's name. */
  readonly crossings = new Map<string, { limit: string; level: string; count: number }>();

  /** A request has its answer, from one of so many legs. */
  answered(legs: number): void {
    const { counts } = this;
    counts[ANSWERED]++;
    if (legs > 1) this.#raced(legs);
  }

  #raced(legs: number): void {
    const { counts } = this;
    counts[RACES]++;
    counts[RACE_LEGS] += legs;
  }

  unanswered(outcome: "failed" | "aborted"): void {
    this.counts[outcome === "aborted" ? ABORTED : FAILED]++;
  }

  attempts(kind: VerdictKind): number {
    return this.counts[VERDICTS + verdictIndex(kind)];
  }

  ended(kind: VerdictKind): void {
    if (kind === "success") this.counts[VERDICTS]++;
    else this.counts[VERDICTS + verdictIndex(kind)]++;
  }

  restMs(reason: RestReason): number {
    return this.counts[RESTS + REST_REASONS.indexOf(reason)];
  }

  rested(reason: RestReason, ms: number): void {
    if (ms > 0) this.counts[RESTS + REST_REASONS.indexOf(reason)] += ms;
  }

  crossed(limit: string, level: string): void {
    const key = `${level} ${limit}`;
    const known = this.crossings.get(key);
    if (known === undefined) this.crossings.set(key, { limit, level, count: 1 });
    else known.count++;
  }

  add(other: Tally): void {
    for (let i = 0; i < SIZE; i++) this.counts[i] += other.counts[i];
    for (const [key, { limit, level, count }] of other.crossings) this.crossings.set(key, { limit, level, count: count + (this.crossings.get(key)?.count ?? 0) });
  }

  clear(): void {
    this.counts.fill(0);
    this.crossings.clear();
  }
}

function verdictIndex(kind: VerdictKind): number {
  switch (kind) {
    case "success":
      return 0;
    case "blocked":
      return 1;
    case "rate-limited":
      return 2;
    case "banned":
      return 3;
    case "target-error":
      return 4;
    case "exit-error":
      return 5;
    case "aborted":
      return 6;
    default: {
      const never: never = kind;
      throw new TypeError(`Unknown verdict ${String(never)}.`);
    }
  }
}
