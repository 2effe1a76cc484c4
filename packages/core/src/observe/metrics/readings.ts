import type { Family } from "./families.ts";
import type { Histogram } from "./histogram.ts";

/** Takes what a pool has counted. */
export interface Sink {
  /** @param labels values of the family's labels, in order */
  value(family: Family, labels: readonly string[], value: number): void;
  histogram(family: Family, labels: readonly string[], histogram: Histogram): void;
}

/** What metrics may know of a pool. */
export interface PoolReadings {
  /** Names it in the label `pool`. */
  readonly name: string;
  /** Durations are put into buckets from the first call on. */
  countDurations(): void;
  /** Tells each duration as it ends. @returns takes it back */
  onDuration(listener: DurationListener): () => void;
  readInto(sink: Sink): void;
}

export type DurationListener = (family: Family, labels: readonly string[], ms: number) => void;

// By pool and not on it: nobody but the metrics is to use this.
const readings = new WeakMap<object, PoolReadings>();

export function offerReadings(pool: object, own: PoolReadings): void {
  readings.set(pool, own);
}

/** @throws TypeError where it is no pool */
export function readingsOf(pool: object): PoolReadings {
  const own = readings.get(pool);
  if (own === undefined) throw new TypeError("Expected a pool made by `createExitPool` of this copy of @multihome/core.");
  return own;
}
