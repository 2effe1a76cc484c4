import assert from "node:assert/strict";

export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Metric {
  name: string;
  type: string;
  help: string;
  series: Series[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Reads Prometheus' text format (version 0.0.4) back, and refuses what a scraper would: written from the format's description,
 * not from what writes it here.
 */
export function parseExposition(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  const seen = new Set<string>();
  let current: Metric | undefined;
  assert.ok(text === "" || text.endsWith("\n"), "the last line ends");
  for (const line of text.split("\n").slice(0, -1)) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, what, name, rest] = comment;
      assert.match(name, NAME);
      if (what === "HELP") {
        assert.ok(!metrics.has(name), `${name} has one HELP, and its series together`);
        current = { name, type: "untyped", help: rest, series: [] };
        metrics.set(name, current);
      } else {
        assert.equal(current?.name, name, "TYPE follows its HELP");
        assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/);
        current.type = rest;
      }
      continue;
    }
    const series = parseSeries(line);
    const metric = current as Metric;
    const suffix = series.name.slice(metric.name.length);
    assert.ok(series.name.startsWith(metric.name) && (suffix === "" || (metric.type === "histogram" && /^_(bucket|sum|count)$/.test(suffix))), `${series.name} stands under ${metric.name}`);
    const key = `${series.name} ${JSON.stringify(Object.entries(series.labels).sort())}`;
    assert.ok(!seen.has(key), `twice: ${line}`);
    seen.add(key);
    metric.series.push(series);
  }
  for (const metric of metrics.values()) check(metric);
  return metrics;
}

function parseSeries(line: string): Series {
  const head = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{)?/.exec(line);
  assert.ok(head !== null, line);
  const labels: Record<string, string> = {};
  let at = head[0].length;
  if (head[2] !== undefined) {
    while (line[at] !== "}") {
      const name = /^([^=]+)="/.exec(line.slice(at));
      assert.ok(name !== null, line);
      assert.match(name[1], LABEL);
      assert.ok(!(name[1] in labels), `${name[1]} twice: ${line}`);
      at += name[0].length;
      let value = "";
      for (; line[at] !== '"'; at++) {
        assert.ok(at < line.length, line);
        if (line[at] !== "\\") {
          value += line[at];
          continue;
        }
        at++;
        assert.match(line[at], /[\\"n]/);
        value += line[at] === "n" ? "\n" : line[at];
      }
      labels[name[1]] = value;
      at++;
      if (line[at] === ",") at++;
    }
    at++;
  }
  const value = line.slice(at).trim();
  assert.match(value, /^([+-]?Inf|NaN|[+-]?[\d.]+(e[+-]?\d+)?)$/, line);
  return { name: head[1], labels, value: value.endsWith("Inf") ? (value.startsWith("-") ? -Infinity : Infinity) : Number(value) };
}

function check({ name, type, series }: Metric): void {
  assert.equal(name.endsWith("_total"), type === "counter", `_total is for counters, and for all of them: ${name}`);
  if (type === "counter") for (const { value } of series) assert.ok(value >= 0 && Number.isFinite(value), name);
  if (type !== "histogram") return;
  const groups = grouped(series);
  for (const [key, group] of groups) {
    const buckets = group.filter((one) => one.name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels: { le } }) => (le === "+Inf" ? Infinity : Number(le)));
    assert.deepEqual(bounds, [...bounds].sort((a, b) => a - b), key);
    assert.equal(bounds.at(-1), Infinity, key);
    for (let i = 1; i < buckets.length; i++) assert.ok(buckets[i].value >= buckets[i - 1].value, `buckets are cumulative: ${key}`);
    assert.equal(group.find((one) => one.name.endsWith("_count"))?.value, buckets.at(-1)?.value, key);
    assert.ok(group.some((one) => one.name.endsWith("_sum")), key);
  }
}

function grouped(series: Series[]): Map<string, Series[]> {
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const { le: _, ...labels } = one.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

/** The value of the one series that has these labels. */
export function valueOf(metrics: Map<string, Metric>, name: string, labels: Record<string, string> = {}): number | undefined {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  const found = (metrics.get(name) ?? metrics.get(base))?.series.filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value)) ?? [];
  assert.ok(found.length <= 1, `${name} ${JSON.stringify(labels)} has ${found.length} series`);
  return found[0]?.value;
}
