/** Times are counted by r = elapsed / time scale, in thirds of an octave from 1/16 to 203: 8 s of an exit of 0.3 s is bin 26, and tails still have room. */
export const BINS = 36;
export const PER_OCTAVE = 3;
const OCTAVES_BELOW = 4;

/** Where each bin ends. */
export const EDGES: Float64Array = Float64Array.from({ length: BINS }, (_, bin) => 2 ** (bin / PER_OCTAVE - OCTAVES_BELOW));
export const LN_FIRST_EDGE: number = -OCTAVES_BELOW * Math.LN2;

/** What is believed before anything was seen weighs as much as so many attempts: outweighed within a minute of use. */
export const PRIOR_ATTEMPTS = 30;
/** Of a hundred attempts 70 succeed and 15 fail with an answer, their times log-logistic with slope 3: the middle of what public proxies are like. */
const PRIOR = { success: 0.7, answered: 0.15, slope: 3 };

export const PRIOR_SUCCESSES: Float64Array = priorCounts(PRIOR.success);
export const PRIOR_FAILURES: Float64Array = priorCounts(PRIOR.answered);

/** The bin whose end is the first at or after r. */
export function binOf(r: number): number {
  if (!(r > EDGES[0])) return 0;
  return Math.min(BINS - 1, Math.ceil(PER_OCTAVE * (Math.log2(r) + OCTAVES_BELOW) - 1e-9));
}

/** How many bins lie wholly before r. A cut is made at the end of a bin, and has passed it. */
export function passed(r: number): number {
  if (!(r >= EDGES[0] * 0.9999)) return 0;
  return Math.min(BINS, Math.floor(PER_OCTAVE * (Math.log2(r) + OCTAVES_BELOW) + 1e-3) + 1);
}

function priorCounts(share: number): Float64Array {
  const by = (r: number): number => 1 / (1 + r ** -PRIOR.slope);
  return Float64Array.from(EDGES, (edge, bin) => PRIOR_ATTEMPTS * share * (by(edge) - (bin === 0 ? 0 : by(EDGES[bin - 1]))));
}
