/**
 * How long answers take, as one curve for the whole pool: F(r) is the share of the successes to come that have come by
 * r = elapsed / L, where L is the proxy's own time scale. Learned from attempts that nearly certainly had a working proxy and a
 * willing host, by Kaplan and Meier's method with two ways to end: attempts that were cut or lost a race count as far as they got.
 */

const BINS = 36;
/** Bins are thirds of an octave; the first one ends at 1/16, so that 8 s of the fastest proxy (0.3 s) is bin 26. */
const PER_OCTAVE = 3;
const OCTAVES_BELOW = 4;
export const EDGES: readonly number[] = Array.from({ length: BINS }, (_, bin) => 2 ** (bin / PER_OCTAVE - OCTAVES_BELOW));

/** Counts of half an hour ago weigh a fortieth: 0.998 a second. */
const MEMORY_PER_SECOND = 0.998;
/** A curve that is given: F itself, and what share of attempts succeeds and fails with an answer. */
export interface Law {
  share(r: number): number;
  readonly success: number;
  readonly answered: number;
}

/** What is believed before anything was seen, with the weight of 30 attempts: log-logistic of slope 3. */
const PRIOR: Law = { share: (r) => 1 / (1 + r ** -3), success: 0.7, answered: 0.15 };
const PRIOR_ATTEMPTS = 30;

export type Ending = "success" | "failure" | "censored";

export interface Cut {
  /** Successes per second that an attempt brings which is given up at `at`. */
  index: number;
  /** In seconds. */
  at: number;
}

export class Shape {
  /** Likelihood of success of an attempt whose proxy is up and whose host accepts it. */
  q0 = 0;
  /** Share of the failures that answer. */
  phi = 0;
  readonly #learns: boolean;
  readonly #success = new Float64Array(BINS);
  readonly #failure = new Float64Array(BINS);
  /** Attempts that were given up after they had passed that many bins. */
  readonly #censored = new Float64Array(BINS + 1);
  readonly #prior: Counts;
  readonly #F = new Float64Array(BINS);
  /** Areas under 1 − F, and under its like for failures that answer. */
  readonly #AF = new Float64Array(BINS);
  readonly #AX = new Float64Array(BINS);

  /** @param learns false keeps what is believed at first */
  constructor(learns = true, law: Law = PRIOR) {
    this.#learns = learns;
    this.#prior = priorCounts(law);
    this.#solve();
  }

  /** An attempt of the time scale `scale` ended after `elapsed`, both in seconds. */
  record(elapsed: number, scale: number, ending: Ending): void {
    const r = elapsed / scale;
    switch (ending) {
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
        const never: never = ending;
        throw new TypeError(`Unknown ending ${String(never)}.`);
      }
    }
  }

  /** Once a second. */
  learn(): void {
    if (!this.#learns) return;
    this.#solve();
    for (const counts of [this.#success, this.#failure, this.#censored]) for (let bin = 0; bin < counts.length; bin++) counts[bin] *= MEMORY_PER_SECOND;
  }

  /** F, straight between the ends of the bins. */
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

  /**
   * When an attempt that succeeds with likelihood `p` is best given up, and what it is worth then: successes to be had by the cut
   * over the time that it takes up until then.
   */
  best(p: number, scale: number, limit: number): Cut {
    const { phi } = this;
    let best = 0;
    let at = 0;
    for (let bin = 0; bin < BINS && EDGES[bin] * scale <= limit; bin++) {
      const time = p * this.#AF[bin] + (1 - p) * (phi * this.#AX[bin] + (1 - phi) * EDGES[bin]);
      const value = (p * this.#F[bin]) / time;
      if (value <= best) continue;
      best = value;
      at = bin;
    }
    return { index: best / scale, at: EDGES[at] * scale };
  }

  #solve(): void {
    const { success, failure } = this.#prior;
    let atRisk = PRIOR_ATTEMPTS;
    for (const count of this.#success) atRisk += count;
    for (const count of this.#failure) atRisk += count;
    for (const count of this.#censored) atRisk += count;
    atRisk -= this.#censored[0];
    let survivors = 1;
    let succeeded = 0;
    let answered = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const s = this.#success[bin] + success[bin];
      const f = this.#failure[bin] + failure[bin];
      if (atRisk > 1e-9) {
        const ended = Math.min(1, (s + f) / atRisk);
        succeeded += (survivors * s) / Math.max(atRisk, s + f);
        answered += (survivors * f) / Math.max(atRisk, s + f);
        survivors *= 1 - ended;
      }
      this.#F[bin] = succeeded;
      this.#AX[bin] = answered;
      atRisk -= s + f + this.#censored[bin + 1];
    }
    this.q0 = Math.min(0.99, Math.max(0.05, succeeded));
    this.phi = Math.min(1, answered / Math.max(1e-6, 1 - succeeded));
    let areaF = 0;
    let areaX = 0;
    let F = 0;
    let X = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const width = EDGES[bin] - (bin === 0 ? 0 : EDGES[bin - 1]);
      const nextF = succeeded > 0 ? this.#F[bin] / succeeded : 1;
      const nextX = answered > 0 ? this.#AX[bin] / answered : 1;
      areaF += width * (1 - (F + nextF) / 2);
      areaX += width * (1 - (X + nextX) / 2);
      this.#F[bin] = F = nextF;
      this.#AF[bin] = areaF;
      this.#AX[bin] = areaX;
      X = nextX;
    }
  }
}

/** The bin whose end is the first at or after r. */
function binOf(r: number): number {
  if (r <= EDGES[0]) return 0;
  return Math.min(BINS - 1, Math.ceil(PER_OCTAVE * (Math.log2(r) + OCTAVES_BELOW) - 1e-9));
}

/** How many bins lie wholly before r. A cut is made at the end of a bin, and has passed it. */
function passed(r: number): number {
  if (r < EDGES[0] * 0.9999) return 0;
  return Math.min(BINS, Math.floor(PER_OCTAVE * (Math.log2(r) + OCTAVES_BELOW) + 1e-3) + 1);
}

interface Counts {
  readonly success: Float64Array;
  readonly failure: Float64Array;
}

function priorCounts(law: Law): Counts {
  const success = new Float64Array(BINS);
  const failure = new Float64Array(BINS);
  let before = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const by = law.share(EDGES[bin]);
    success[bin] = PRIOR_ATTEMPTS * law.success * (by - before);
    failure[bin] = PRIOR_ATTEMPTS * law.answered * (by - before);
    before = by;
  }
  return { success, failure };
}
