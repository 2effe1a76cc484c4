import { FAMILIES, type Family } from "./families.ts";
import type { Histogram } from "./histogram.ts";
import type { PoolReadings, Sink } from "./readings.ts";

export interface Sample {
  readonly pool: string;
  /** Values of the family's labels, in order. */
  readonly labels: readonly string[];
  readonly value: number | Histogram;
}

/** What one or more pools have counted, family by family. */
export class Snapshot implements Sink {
  readonly #samples = new Map<Family, Sample[]>();
  #pool = "";

  constructor(pools: Iterable<PoolReadings>) {
    for (const known of Object.values(FAMILIES)) this.#samples.set(known, []);
    for (const pool of pools) {
      this.#pool = pool.name;
      pool.readInto(this);
    }
  }

  of(family: Family): readonly Sample[] {
    return this.#samples.get(family) ?? [];
  }

  value(family: Family, labels: readonly string[], value: number): void {
    this.#samples.get(family)?.push({ pool: this.#pool, labels, value });
  }

  histogram(family: Family, labels: readonly string[], histogram: Histogram): void {
    this.#samples.get(family)?.push({ pool: this.#pool, labels, value: histogram });
  }
}
