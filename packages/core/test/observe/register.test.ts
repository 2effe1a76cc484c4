import assert from "node:assert/strict";
import { test } from "node:test";
import * as successor from "@prometheus-io/client";
import * as promClient from "prom-client";
import { prometheusText, registerMetrics, type RegistryLike } from "../../src/metrics.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { get, openPool } from "../pool/support.ts";
import { parseExposition, valueOf, type Metric } from "./exposition.ts";

interface Registry extends RegistryLike {
  metrics(): Promise<string>;
  getMetricsAsJSON(): Promise<object[]>;
}

const CLIENTS: Record<string, { registry(): Registry; openMetrics(): Registry; own(registry: Registry): void }> = {
  "prom-client": {
    registry: () => new promClient.Registry(),
    openMetrics: () => Reflect.construct(promClient.Registry, [promClient.Registry.OPENMETRICS_CONTENT_TYPE]) as Registry,
    own: (registry) => void new promClient.Counter({ name: "own_total", help: "The program's own.", registers: [registry as promClient.Registry] }),
  },
  "@prometheus-io/client": {
    registry: () => new successor.Registry(),
    openMetrics: () => Reflect.construct(successor.Registry, [successor.Registry.OPENMETRICS_CONTENT_TYPE]),
    own: (registry) => void new successor.Counter({ name: "own_total", help: "The program's own.", registers: [registry as unknown as successor.Registry] }),
  },
};

/** As one line each, whatever the order of labels. */
function linesOf(metrics: Map<string, Metric>): string[] {
  return [...metrics.values()].flatMap(({ type, series }) => series.map(({ name, labels, value }) => `${type} ${name} ${JSON.stringify(Object.entries(labels).sort())} ${value}`)).sort();
}

for (const [name, client] of Object.entries(CLIENTS)) {
  test(`a registry of ${name} says what prometheusText says`, async () => {
    const registry = client.registry();
    client.own(registry);
    const { pool, clock } = await openPool({}, 2);
    const end = registerMetrics(pool, registry);
    const answer = pool.run(get(), scriptedTransport([{ status: 429, headers: { "retry-after": "3" } }, { afterMs: 30 }], { clock }));
    await clock.advance(30);
    await answer;
    const text = await registry.metrics();
    const said = parseExposition(text);
    assert.ok(said.delete("own_total"));
    assert.deepEqual(linesOf(said), linesOf(parseExposition(prometheusText(pool))));
    assert.equal(valueOf(said, "multihome_task_duration_seconds_sum"), 0.03);
    assert.ok((await registry.getMetricsAsJSON()).length > 30);
    end();
    assert.ok(!(await registry.metrics()).includes("multihome_"));
    await pool.close();
  });

  test(`several pools share a registry of ${name}, and leave it when they close`, async () => {
    const registry = client.registry();
    const { pool: one } = await openPool({}, 1);
    const { pool: other } = await openPool({}, 1);
    registerMetrics(one, registry);
    registerMetrics(other, registry);
    const states = async (): Promise<number> => parseExposition((await registry.metrics())).get("multihome_exits")?.series.length ?? 0;
    assert.equal(await states(), 8);
    await one.close();
    assert.equal(await states(), 4);
    await other.close();
    assert.equal(await states(), 0);
    const { pool: third } = await openPool({}, 1);
    registerMetrics(third, registry);
    assert.equal(await states(), 4);
    await third.close();
  });

  test(`a registry of ${name} that speaks OpenMetrics says _total once`, async () => {
    const registry = client.openMetrics();
    const { pool } = await openPool({}, 1);
    registerMetrics(pool, registry);
    await pool.run(get(), scriptedTransport());
    const text = await registry.metrics();
    assert.match(text, /^multihome_tasks_total\{.*outcome="answered".*\} 1$/m);
    assert.ok(!text.includes("_total_total"));
    await pool.close();
  });

  test(`a name that a registry of ${name} has already is refused, and nothing is left of the attempt`, async () => {
    const registry = client.registry();
    registry.registerMetric({ name: "multihome_tasks_total", help: "Another's.", type: "counter", get: () => Promise.resolve({ name: "multihome_tasks_total", help: "Another's.", type: "counter", values: [] }) } as never);
    const { pool } = await openPool({}, 1);
    assert.throws(() => registerMetrics(pool, registry), /multihome_tasks_total/);
    assert.ok(!(await registry.metrics()).includes("multihome_exits"));
    await pool.close();
  });
}
