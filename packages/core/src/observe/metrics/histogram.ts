/** Upper bounds in seconds: from a loopback's answer to a task at its deadline, about two steps an octave at the ends and three in the middle. */
export const BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Of connections that are held for long: a minute to a day. */
export const LONG_BOUNDS: readonly number[] = [1, 10, 60, 300, 900, 3_600, 14_400, 86_400];

/** Durations in fixed buckets: an array of counts, whatever the traffic. */
export class Histogram {
  readonly bounds: readonly number[];
  /** By bucket, not cumulative; the last is what lies above all bounds. */
  readonly counts: Float64Array;
  sumMs = 0;
  count = 0;

  constructor(bounds: readonly number[] = BOUNDS) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  add(ms: number): void {
    // A clock that was set back between two readings.
    const value = ms > 0 ? ms : 0;
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket] * 1_000) bucket++;
    this.counts[bucket]++;
    this.sumMs += value;
    this.count++;
  }
}
