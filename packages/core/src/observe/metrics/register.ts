import type { ExitPool } from "../../model/pool.ts";
import { FAMILIES, type Family } from "./families.ts";
import { readingsOf, type PoolReadings } from "./readings.ts";
import { Snapshot, type Sample } from "./snapshot.ts";

/** As much of a registry as is needed: `Registry` of prom-client, and of @prometheus-io/client, which follows it. */
export interface RegistryLike {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

interface Value {
  readonly metricName?: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/**
 * Adds everything that a pool counts to a registry that the program already has. Several pools may share one registry; the
 * label `pool` tells them apart.
 *
 * @returns takes the pool out again; its close does too
 * @throws TypeError where it is given something else than a pool and a registry; whatever the registry throws where a name is taken
 */
export function registerMetrics(pool: ExitPool, registry: RegistryLike): () => void {
  const readings = readingsOf(pool);
  if (typeof registry?.registerMetric !== "function") throw new TypeError(`Expected a registry as the second argument of \`registerMetrics\`, such as \`register\` of prom-client, got ${registry === null ? "null" : typeof registry}.`);
  readings.countDurations();
  const collection = collections.get(registry) ?? new Collection(registry);
  collections.set(registry, collection);
  collection.pools.add(readings);
  const end = (): void => {
    forget();
    collection.pools.delete(readings);
    if (collection.pools.size > 0 || collections.get(registry) !== collection) return;
    collections.delete(registry);
    for (const { name } of Object.values(FAMILIES)) registry.removeSingleMetric(name);
  };
  const forget = pool.adapterHost.onClose(end);
  return end;
}

const collections = new WeakMap<RegistryLike, Collection>();

/** The pools of one registry. It asks every metric at once, so one look at the pools serves them all. */
class Collection {
  readonly pools = new Set<PoolReadings>();
  #snapshot: Snapshot | undefined;

  constructor(registry: RegistryLike) {
    const added: string[] = [];
    try {
      for (const family of Object.values(FAMILIES)) {
        registry.registerMetric(new Metric(this, family) as never);
        added.push(family.name);
      }
    } catch (error) {
      for (const name of added) registry.removeSingleMetric(name);
      throw error;
    }
  }

  look(): Snapshot {
    if (this.#snapshot === undefined) {
      this.#snapshot = new Snapshot(this.pools);
      queueMicrotask(() => {
        this.#snapshot = undefined;
      });
    }
    return this.#snapshot;
  }
}

/** A metric as registries take them. */
class Metric {
  /** Registries in OpenMetrics mode write another one into it. */
  name: string;
  readonly help: string;
  readonly type: Family["type"];
  /** Over the processes of a cluster: shares and states cannot be added. */
  readonly aggregator: "sum" | "max";
  readonly #collection: Collection;
  readonly #family: Family;

  constructor(collection: Collection, family: Family) {
    this.#collection = collection;
    this.#family = family;
    this.name = family.name;
    this.help = family.help;
    this.type = family.type;
    this.aggregator = family.type === "gauge" && (family.unit === "1" || family.unit === "s") ? "max" : "sum";
  }

  get labelNames(): string[] {
    return ["pool", ...this.#family.labels];
  }

  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const values = this.#collection.look().of(this.#family).flatMap((sample) => valuesOf(this.#family, sample));
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values });
  }

  /** What a pool has counted is the pool's. */
  reset(): void {}
}

function valuesOf({ name, labels: names }: Family, { pool, labels: given, value }: Sample): Value[] {
  const labels: Record<string, string> = { pool };
  names.forEach((label, i) => {
    labels[label] = given[i];
  });
  if (typeof value === "number") return [{ labels, value }];
  const values: Value[] = [];
  let below = 0;
  value.bounds.forEach((le, i) => {
    below += value.counts[i];
    values.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: below });
  });
  values.push({ metricName: `${name}_bucket`, labels: { le: "+Inf", ...labels }, value: value.count });
  values.push({ metricName: `${name}_sum`, labels, value: value.sumMs / 1_000 });
  values.push({ metricName: `${name}_count`, labels, value: value.count });
  return values;
}
