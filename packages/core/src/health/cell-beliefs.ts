/**
 * What is believed of an exit at a host, in one word, because there may be a million of them: the likelihood that the host
 * accepts the exit as a logarithm of odds (11 bits, steps of 1/128 from -8), how often it was tried (2 bits, 3 means more), has
 * it ever been accepted (1), does it stand among those that are to be tried here (1), was it counted as shut out (1), and when
 * this was written (16 bits of 33 seconds: what is believed of a host fades over ten minutes).
 */
const STEPS = 128;
const LEVELS = 2048;
const MOST_TRIES = 3;
const LISTED = 1 << 14;
const ACCEPTED = 1 << 13;
const COUNTED = 1 << 15;
const TIME_SHIFT = 16;
/** A tick has 31 bits. */
const TICK_BITS = 15;

/** Odds back to likelihoods: an exponential for each comparison would cost more than all the rest of it. */
const LIKELIHOODS = Float64Array.from({ length: LEVELS }, (_, level) => 1 / (1 + Math.exp(LEVELS / 2 / STEPS - level / STEPS)));

export function triesOf(cell: number): number {
  return (cell >>> 11) & MOST_TRIES;
}

export function wasAccepted(cell: number): boolean {
  return (cell & ACCEPTED) !== 0;
}

/** Stands among those that are yet to be tried at this host. */
export function isListed(cell: number): boolean {
  return (cell & LISTED) !== 0;
}

export function listed(cell: number, on: boolean): number {
  return (on ? cell | LISTED : cell & ~LISTED) >>> 0;
}

/** As it was believed when it was written. */
export function likelihoodOf(cell: number): number {
  return LIKELIHOODS[cell & (LEVELS - 1)];
}

export function ageOf(cell: number, tick: number): number {
  return Math.max(0, (tick >>> TICK_BITS) - (cell >>> TIME_SHIFT)) * (1 << TICK_BITS);
}

/** A likelihood as it is kept. */
export function levelOf(likelihood: number): number {
  const p = Math.min(0.9996, Math.max(0.0004, likelihood));
  return Math.min(LEVELS - 1, Math.max(0, Math.round((Math.log(p / (1 - p)) + LEVELS / 2 / STEPS) * STEPS)));
}

export function written(cell: number, likelihood: number, tick: number): number {
  return writtenLevel(cell, levelOf(likelihood), tick);
}

/** The same by the level of the likelihood: a logarithm for each of 200,000 that are put back would be felt. */
export function writtenLevel(cell: number, level: number, tick: number): number {
  return ((cell & ((1 << TIME_SHIFT) - LEVELS)) | level | ((tick >>> TICK_BITS) << TIME_SHIFT)) >>> 0;
}

export function triedOnce(cell: number): number {
  return triesOf(cell) < MOST_TRIES ? (cell + (1 << 11)) >>> 0 : cell;
}

export function accepted(cell: number): number {
  return (cell | ACCEPTED) >>> 0;
}

/** Is it among the exits that this host is known to shut out? */
export function isCounted(cell: number): boolean {
  return (cell & COUNTED) !== 0;
}

export function counted(cell: number): number {
  return (cell | COUNTED) >>> 0;
}

/** The scale of ticks has moved on. */
export function movedCell(cell: number, byMs: number): number {
  if (cell === 0) return 0;
  const time = Math.max(0, (cell >>> TIME_SHIFT) - Math.round(byMs / (1 << TICK_BITS)));
  return ((cell & ((1 << TIME_SHIFT) - 1)) | (time << TIME_SHIFT)) >>> 0;
}
