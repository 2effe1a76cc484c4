import { BINS, binOf, EDGES, LN_FIRST_EDGE, passed, PER_OCTAVE, PRIOR_ATTEMPTS, PRIOR_FAILURES, PRIOR_SUCCESSES } from "./shape-bins.ts";
import { WorthTable } from "./worth-table.ts";

/** Counts of half an hour ago weigh a fortieth. */
const MEMORY_PER_SECOND = 0.998;
const SECOND_MS = 1_000;
/** After so long a pause nothing is left of what was counted: no need to take the power of more. */
const FORGOTTEN_SECONDS = 10_000;

/** How an attempt ended of which it was nearly certain that its exit worked and its host was willing. */
export type Finish = "success" | "failure" | "censored";

/**
 * How long answers take, as one curve for the whole pool: `share(r)` is the share of the successes to come that have come by
 * r = elapsed / L, where L is the exit's own time scale. One curve, because a few hundred answers of one exit would be needed to
 * learn its own, and those of a pool differ in scale more than in shape.
 *
 * Learned by the method of Kaplan and Meier with two ways to end: an attempt that was given up, or lost a race, counts as far
 * as it got, so that giving up early does not make answers look faster than they are.
 */
export class Shape {
  /** Likelihood of success of an attempt whose exit is up and whose host accepts it. */
  q0 = 0;
  /** Share of the failures of such attempts that end with an answer; the others stay silent. */
  phi = 0;
  readonly #success = new Float64Array(BINS);
  readonly #failure = new Float64Array(BINS);
  /** Attempts that were given up after they had passed so many bins. */
  readonly #censored = new Float64Array(BINS + 1);
  readonly #F = new Float64Array(BINS);
  /** Areas under 1 − F, and under its like for failures that answer. */
  readonly #areaF = new Float64Array(BINS);
  readonly #areaX = new Float64Array(BINS);
  readonly worth = new WorthTable();
  #learnedAt = -1;
  #fresh = false;

  constructor() {
    this.#solve();
  }

  /** @param r how long it took in units of its time scale */
  record(r: number, finish: Finish): void {
    this.#fresh = true;
    switch (finish) {
      case "success":
        this.#success[binOf(r)]++;
        return;
      case "failure":
        this.#failure[binOf(r)]++;
        return;
      case "censored":
        this.#censored[passed(r)]++;
        return;
      default: {
        const never: never = finish;
        throw new TypeError(`Unknown finish ${String(never)}.`);
      }
    }
  }

  /** Takes in what was recorded, at most once a second. @returns whole seconds since the last time, 0 where it is too soon */
  learn(tick: number): number {
    if (this.#learnedAt < 0) this.#learnedAt = tick;
    const seconds = Math.floor((tick - this.#learnedAt) / SECOND_MS);
    if (seconds === 0) return 0;
    this.#learnedAt = tick;
    // A scale of times that has moved: nothing has aged.
    if (seconds < 0) return 0;
    if (this.#fresh) this.#solve();
    this.#fresh = false;
    const kept = MEMORY_PER_SECOND ** Math.min(FORGOTTEN_SECONDS, seconds);
    for (const counts of [this.#success, this.#failure, this.#censored]) for (let bin = 0; bin < counts.length; bin++) counts[bin] *= kept;
    return Math.min(FORGOTTEN_SECONDS, seconds);
  }

  /** Straight between the ends of the bins. */
  share(r: number): number {
    if (!(r > 0)) return 0;
    const bin = binOf(r);
    if (r >= EDGES[bin]) return this.#F[bin];
    const from = bin === 0 ? 0 : EDGES[bin - 1];
    const below = bin === 0 ? 0 : this.#F[bin - 1];
    return below + ((this.#F[bin] - below) * (r - from)) / (EDGES[bin] - from);
  }

  /** The r by which that share of the successes has come. */
  quantile(share: number): number {
    let bin = 0;
    while (bin < BINS - 1 && this.#F[bin] < share) bin++;
    const from = bin === 0 ? 0 : EDGES[bin - 1];
    const below = bin === 0 ? 0 : this.#F[bin - 1];
    const rise = this.#F[bin] - below;
    return rise <= 0 ? EDGES[bin] : from + (EDGES[bin] - from) * Math.min(1, (share - below) / rise);
  }

  /** Curve and counts for a state file, short enough to be written as plain numbers. */
  save(): { success: number[]; failure: number[]; censored: number[] } {
    const plain = (counts: Float64Array): number[] => Array.from(counts, (count) => Math.round(count * 10) / 10);
    return { success: plain(this.#success), failure: plain(this.#failure), censored: plain(this.#censored) };
  }

  /** Whatever the numbers are, counts come of it. */
  restore(saved: { success: readonly number[]; failure: readonly number[]; censored: readonly number[] }): void {
    const fill = (counts: Float64Array, from: readonly number[]): void => {
      for (let bin = 0; bin < counts.length; bin++) counts[bin] = from[bin] > 0 ? Math.min(1e6, from[bin]) : 0;
    };
    fill(this.#success, saved.success);
    fill(this.#failure, saved.failure);
    fill(this.#censored, saved.censored);
    this.#solve();
  }

  #solve(): void {
    let atRisk = PRIOR_ATTEMPTS - this.#censored[0];
    for (const counts of [this.#success, this.#failure, this.#censored]) for (let bin = 0; bin < counts.length; bin++) atRisk += counts[bin];
    let survivors = 1;
    let succeeded = 0;
    let answered = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const s = this.#success[bin] + PRIOR_SUCCESSES[bin];
      const f = this.#failure[bin] + PRIOR_FAILURES[bin];
      // Rounding must not let more end than there were.
      const among = Math.max(atRisk, s + f, 1e-9);
      succeeded += (survivors * s) / among;
      answered += (survivors * f) / among;
      survivors *= 1 - (s + f) / among;
      this.#F[bin] = succeeded;
      this.#areaX[bin] = answered;
      atRisk -= s + f + this.#censored[bin + 1];
    }
    this.q0 = Math.min(0.99, Math.max(0.05, succeeded));
    this.phi = Math.min(1, answered / Math.max(1e-6, 1 - succeeded));
    this.#integrate(succeeded, answered);
    this.worth.fill(this.#F, this.#areaF, this.#areaX, this.phi);
  }

  /** From counts to shares, and the areas above their curves. */
  #integrate(succeeded: number, answered: number): void {
    let areaF = 0;
    let areaX = 0;
    let F = 0;
    let X = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const width = EDGES[bin] - (bin === 0 ? 0 : EDGES[bin - 1]);
      const nextF = succeeded > 0 ? Math.min(1, this.#F[bin] / succeeded) : 1;
      const nextX = answered > 0 ? Math.min(1, this.#areaX[bin] / answered) : 1;
      areaF += width * (1 - (F + nextF) / 2);
      areaX += width * (1 - (X + nextX) / 2);
      this.#F[bin] = F = nextF;
      this.#areaF[bin] = areaF;
      this.#areaX[bin] = areaX;
      X = nextX;
    }
  }
}

/** How many bins of an attempt on the scale e^`lnScale` end before a limit of e^`lnLimit`, at least one: the last of them is where it may be given up. */
export function lastBin(lnScale: number, lnLimit: number): number {
  const bin = Math.floor(((lnLimit - lnScale - LN_FIRST_EDGE) * PER_OCTAVE) / Math.LN2 + 1e-9);
  return bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
}
