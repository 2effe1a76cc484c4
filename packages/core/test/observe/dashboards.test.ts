import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FAMILIES, type Family } from "../../src/observe/metrics/families.ts";

const docs = (file: string): string => fileURLToPath(new URL(`../../../../../docs/${file}`, import.meta.url));
const read = (file: string): Promise<string> => readFile(docs(file), "utf8");

/** Every series that a pool writes, by name: `metrics.test.ts` sees to it that the catalogue is what is written. */
const SERIES = new Map<string, Family>(Object.values(FAMILIES).flatMap((family: Family) => (family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""]).map((suffix): [string, Family] => [family.name + suffix, family])));

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string; legendFormat: string }[];
}

async function expressions(): Promise<{ where: string; expr: string }[]> {
  const dashboard = JSON.parse(await read("grafana/multihome.json")) as { panels: Panel[]; annotations: { list: { expr: string }[] } };
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expr })));
  const rules = [...(await read("alerts.yml")).matchAll(/^ +expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/gm)].map(([, block, line]) => ({ where: "alerts.yml", expr: block ?? line }));
  assert.ok(panels.length > 30 && rules.length > 10);
  return [...panels, ...rules, ...dashboard.annotations.list.map(({ expr }) => ({ where: "annotations", expr }))];
}

test("the dashboard and the alerts ask for metrics and labels that there are", async () => {
  const unknown: string[] = [];
  for (const { where, expr } of await expressions()) {
    const used = [...expr.matchAll(/\b(multihome_\w+)(?:\{([^}]*)\})?/g)];
    if (used.length === 0) unknown.push(`${where}: no metric in ${expr}`);
    for (const [, name, selector = ""] of used) {
      const family = SERIES.get(name);
      if (family === undefined) {
        unknown.push(`${where}: ${name}`);
        continue;
      }
      for (const [, label] of selector.matchAll(/(\w+)\s*[=!]/g)) if (label !== "pool" && label !== "le" && !family.labels.includes(label)) unknown.push(`${where}: ${name} has no label ${label}`);
    }
    const labels = new Set(["pool", "le", ...used.flatMap(([, name]) => SERIES.get(name)?.labels ?? [])]);
    for (const [, list] of expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)) for (const label of list.split(",")) if (!labels.has(label.trim())) unknown.push(`${where}: groups by ${label.trim()}`);
  }
  assert.deepEqual(unknown, []);
});

test("every metric stands in docs/metrics.md, and nothing there that is none", async () => {
  const page = await read("metrics.md");
  const named = new Set([...page.matchAll(/\bmultihome_[a-z_]+[a-z]/g)].map(([name]) => name));
  assert.deepEqual(Object.values(FAMILIES).map(({ name }) => name).filter((name) => !named.has(name)), []);
  assert.deepEqual([...named].filter((name) => !SERIES.has(name) && !Object.values(FAMILIES).some((family) => family.name === name)), []);
});

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;

test("promtool accepts the alert rules and every query of the dashboard", { skip: hasPromtool ? false : "promtool is not installed" }, async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "multihome-rules-"));
  // What Grafana puts in for its variables.
  const queries = (await expressions()).map(({ expr }) => expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$\w+/g, ".*"));
  const file = path.join(directory, "queries.json");
  await writeFile(file, JSON.stringify({ groups: [{ name: "queries", rules: queries.map((expr, i) => ({ record: `query:${i}`, expr })) }] }));
  for (const rules of [docs("alerts.yml"), file]) {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", rules], { encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  }
  await rm(directory, { recursive: true });
});

test("the alerts are raised by what they are for, and by nothing else", { skip: hasPromtool ? false : "promtool is not installed" }, async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "multihome-alerts-"));
  // promtool compares the sentences for people as well.
  const rules = path.join(directory, "alerts.yml");
  await writeFile(rules, (await read("alerts.yml")).replaceAll(/^ {8}annotations:\n(?: {10}.*\n)+/gm, ""));
  const at = 'pool="pool-1",target="api"';
  const series = (name: string, labels: string, values: string): object => ({ series: `${name}{${labels}}`, values });
  const raised = (alertname: string, labels: Record<string, string>): object => ({ eval_time: "10m", alertname, exp_alerts: [{ exp_labels: { pool: "pool-1", ...labels } }] });
  const quiet = (alertname: string): object => ({ eval_time: "10m", alertname, exp_alerts: [] });
  const tests = {
    rule_files: [rules],
    evaluation_interval: "30s",
    tests: [
      {
        interval: "30s",
        input_series: [
          series("multihome_limit_used_ratio", `${at},limit="1m",exit="192.0.2.1"`, "0.75x40"),
          series("multihome_limit_used_ratio", `${at},limit="1m",exit="192.0.2.2"`, "0.95x40"),
          series("multihome_limit_used_ratio", `${at},limit="1m",exit="192.0.2.3"`, "0.69x40"),
          series("multihome_alerts_total", `${at},alert="ban"`, "0x15 1x25"),
          series("multihome_exit_consecutive_failures", `${at},exit="192.0.2.1"`, "5x40"),
          series("multihome_exit_consecutive_failures", `${at},exit="192.0.2.2"`, "4x40"),
          series("multihome_exits", 'pool="pool-1",state="healthy"', "1x40"),
          series("multihome_exits", 'pool="pool-2",state="healthy"', "0x40"),
          series("multihome_outage", 'pool="pool-1"', "1x40"),
          series("multihome_outage", 'pool="pool-2"', "0x40"),
          series("multihome_breaker_state", `${at},state="open"`, "1x40"),
          series("multihome_source_up", 'pool="pool-1",source="good"', "1x80"),
          series("multihome_source_up", 'pool="pool-1",source="gone"', "0x80"),
        ].map((one) => ({ ...one, values: (one as { values: string }).values.replace(/(\S+)x(\d+)/g, "$1+0x$2") })),
        alert_rule_test: [
          { eval_time: "10m", alertname: "MultihomeLimitWarning", exp_alerts: [1, 2].map((n) => ({ exp_labels: { severity: "warning", pool: "pool-1", target: "api", limit: "1m", exit: `192.0.2.${n}` } })) },
          raised("MultihomeLimitCritical", { severity: "critical", target: "api", limit: "1m", exit: "192.0.2.2" }),
          raised("MultihomeBan", { severity: "critical", target: "api", alert: "ban" }),
          raised("MultihomeExitFailing", { severity: "warning", target: "api", exit: "192.0.2.1" }),
          raised("MultihomeNoHealthyExit", { severity: "critical", pool: "pool-2" }),
          raised("MultihomeBreakerOpen", { severity: "critical", target: "api" }),
          raised("MultihomeOutage", { severity: "critical" }),
          { ...raised("MultihomeSourceDown", { severity: "warning", source: "gone" }), eval_time: "35m" },
          quiet("MultihomeTargetPaused"),
          quiet("MultihomeObserverErrors"),
        ],
      },
    ],
  };
  const file = path.join(directory, "test.json");
  await writeFile(file, JSON.stringify(tests));
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  await rm(directory, { recursive: true });
});
