/** What a score is made of; weights sum to 1, so a score lies between 0 and 1. An exit without any past has 0.4. */
export interface ScoreWeights {
  /** Success rate at this target. */
  readonly affinity: number;
  /** Success rate over all targets. */
  readonly global: number;
  /** 1 / (1 + minutes between the last success here and the last outcome here). */
  readonly recency: number;
}

export const SCORE_WEIGHTS: ScoreWeights = { affinity: 0.5, global: 0.3, recency: 0.2 };

export interface Score {
  readonly affinity: number;
  readonly global: number;
  readonly recency: number;
  readonly total: number;
}

const MINUTE_MS = 60_000;

/**
 * How much an age takes from a success. Applied when an outcome arrives and kept until the next: a score that changes with
 * every tick of the clock would have to be sorted anew for every pick.
 */
export function recencyOf(ageMs: number): number {
  return 1 / (1 + Math.max(0, ageMs) / MINUTE_MS);
}

export function scoreOf(affinity: number, global: number, recency: number, weights: ScoreWeights = SCORE_WEIGHTS): number {
  return weights.affinity * affinity + weights.global * global + weights.recency * recency;
}

/** Scores are told apart to 1/64: finer than ten outcomes can say. */
export const SCORE_STEPS = 64;

export function stepOf(score: number): number {
  return Math.min(SCORE_STEPS - 1, Math.floor(score * SCORE_STEPS));
}
