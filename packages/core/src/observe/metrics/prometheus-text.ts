import type { ExitPool } from "../../model/pool.ts";
import { FAMILIES, type Family } from "./families.ts";
import type { Histogram } from "./histogram.ts";
import { readingsOf } from "./readings.ts";
import { Snapshot } from "./snapshot.ts";

/** The content type of `prometheusText`'s answer. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Everything that a pool counts, in Prometheus' text format. For an endpoint of your own that is scraped; `registerMetrics` is
 * for programs that have a registry already. Several pools of one process go into one text, told apart by the label `pool`.
 *
 * Counters count from the pool's start. Durations are put into buckets from the first call on, so make one when the program starts.
 *
 * @throws TypeError where it is given something else than pools
 */
export function prometheusText(pool: ExitPool | readonly ExitPool[]): string {
  const pools = Array.isArray(pool) ? (pool as readonly ExitPool[]) : [pool as ExitPool];
  const readings = [...new Set(pools)].map(readingsOf);
  for (const one of readings) one.countDurations();
  const snapshot = new Snapshot(readings);
  const escaped = new Map<string, string>();
  const escape = (value: string): string => {
    let safe = escaped.get(value);
    if (safe === undefined) escaped.set(value, (safe = escapeLabel(value)));
    return safe;
  };
  let text = "";
  let pooled = "";
  let prefix = "";
  for (const family of Object.values(FAMILIES)) {
    const samples = snapshot.of(family);
    if (samples.length === 0) continue;
    text += `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n`;
    for (const { pool: name, labels, value } of samples) {
      let inside = name === pooled ? prefix : (prefix = `pool="${escape((pooled = name))}"`);
      for (let i = 0; i < labels.length; i++) inside += `,${family.labels[i]}="${escape(labels[i])}"`;
      if (typeof value === "number") text += `${family.name}{${inside}} ${numberText(value)}\n`;
      else text += histogramText(family, inside, value);
    }
  }
  return text;
}

function histogramText({ name }: Family, inside: string, { bounds, counts, sumMs, count }: Histogram): string {
  let text = "";
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    below += counts[i];
    text += `${name}_bucket{${inside},le="${bounds[i]}"} ${below}\n`;
  }
  return `${text}${name}_bucket{${inside},le="+Inf"} ${count}\n${name}_sum{${inside}} ${numberText(sumMs / 1_000)}\n${name}_count{${inside}} ${count}\n`;
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (found) => (found === "\n" ? "\\n" : `\\${found}`));
}
