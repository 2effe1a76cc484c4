import type { ExitPool } from "../../model/pool.ts";
import { FAMILIES, type Family } from "./families.ts";
import { BOUNDS, LONG_BOUNDS } from "./histogram.ts";
import { readingsOf } from "./readings.ts";
import { Snapshot } from "./snapshot.ts";
import { describeSpans, type TraceApiLike } from "./spans.ts";

interface MetricOptionsLike {
  description?: string;
  unit?: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

type AttributesLike = Record<string, string>;

/** An observable instrument; nothing of it is used here. */
export type ObservableLike = object;

export interface ObservableResultLike {
  observe(instrument: ObservableLike, value: number, attributes?: AttributesLike): void;
}

/** As much of OpenTelemetry's `Meter` as is needed. */
export interface MeterLike {
  createObservableCounter(name: string, options?: MetricOptionsLike): ObservableLike;
  createObservableGauge(name: string, options?: MetricOptionsLike): ObservableLike;
  createHistogram(name: string, options?: MetricOptionsLike): { record(value: number, attributes?: AttributesLike): void };
  addBatchObservableCallback(callback: (result: ObservableResultLike) => void, observables: ObservableLike[]): void;
  removeBatchObservableCallback(callback: (result: ObservableResultLike) => void, observables: ObservableLike[]): void;
}

export interface InstrumentOptions {
  /** Where metrics go. @default `api.metrics.getMeter("@multihome/core")`, where there is an `api` with `metrics` */
  meter?: MeterLike;
  /**
   * `@opentelemetry/api`, imported by the program: `import * as api from "@opentelemetry/api"`. With it the span that is active
   * when a request is made is told the exit that it left by. Without it spans are left alone.
   */
  api?: { trace: TraceApiLike; metrics?: { getMeter(name: string): MeterLike } };
}

/**
 * Shows everything that a pool counts to OpenTelemetry, and where a request went to the span that it was made in
 * (`network.local.address`, `multihome.exit` and others). This package never imports OpenTelemetry: what is given is used.
 *
 * @returns ends it; the pool's close does too
 * @throws TypeError where it is given something else than a pool, or neither a meter nor an api
 */
export function instrument(pool: ExitPool, options: InstrumentOptions): () => void {
  const { api } = options;
  const meter = options.meter ?? api?.metrics?.getMeter("@multihome/core");
  if (meter === undefined && api === undefined) throw new TypeError("Expected `meter`, `api` or both.");
  const ends: (() => void)[] = [];
  if (meter !== undefined) ends.push(meterPool(pool, meter));
  if (api !== undefined) ends.push(describeSpans(pool, api.trace));
  const end = (): void => {
    for (const one of ends.splice(0)) one();
    forget();
  };
  const forget = pool.adapterHost.onClose(end);
  return end;
}

function meterPool(pool: ExitPool, meter: MeterLike): () => void {
  const readings = readingsOf(pool);
  const instruments = new Map<Family, ObservableLike>();
  const histograms = new Map<Family, { record(value: number, attributes?: AttributesLike): void }>();
  for (const family of Object.values(FAMILIES)) {
    const options: MetricOptionsLike = { description: family.help, unit: family.unit };
    const name = nameOf(family);
    if (family.type === "counter") instruments.set(family, meter.createObservableCounter(name, options));
    else if (family.type === "gauge") instruments.set(family, meter.createObservableGauge(name, options));
    else histograms.set(family, meter.createHistogram(name, { ...options, advice: { explicitBucketBoundaries: [...(family === FAMILIES.sharedDuration ? LONG_BOUNDS : BOUNDS)] } }));
  }
  const observe = (result: ObservableResultLike): void => {
    const snapshot = new Snapshot([readings]);
    for (const [family, known] of instruments) {
      for (const { pool: name, labels, value } of snapshot.of(family)) if (typeof value === "number") result.observe(known, value, attributesOf(family, name, labels));
    }
  };
  const observables = [...instruments.values()];
  meter.addBatchObservableCallback(observe, observables);
  const stop = readings.onDuration((family, labels, ms) => histograms.get(family)?.record(ms / 1_000, attributesOf(family, readings.name, labels)));
  return () => {
    meter.removeBatchObservableCallback(observe, observables);
    stop();
  };
}

/** `multihome_tasks_total` is `multihome.tasks` there: units and kinds of instruments are no part of a name. */
function nameOf({ name }: Family): string {
  return name.replace(/_total$/, "").replace(/_seconds$/, "").replace("multihome_", "multihome.");
}

function attributesOf({ labels: names }: Family, pool: string, labels: readonly string[]): AttributesLike {
  const attributes: AttributesLike = { "multihome.pool": pool };
  names.forEach((label, i) => {
    attributes[`multihome.${label}`] = labels[i];
  });
  return attributes;
}
