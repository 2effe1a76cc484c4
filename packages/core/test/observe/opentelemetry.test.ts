import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import * as api from "@opentelemetry/api";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { instrument, type SpanLike } from "../../src/metrics.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool } from "../pool/support.ts";

/** What context managers of OpenTelemetry do, in three lines. */
class Contexts implements api.ContextManager {
  readonly #storage = new AsyncLocalStorage<api.Context>();
  active(): api.Context {
    return this.#storage.getStore() ?? api.ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(context: api.Context, fn: F, thisArg?: ThisParameterType<F>, ...args: A): ReturnType<F> {
    return this.#storage.run(context, () => fn.apply(thisArg, args));
  }
  bind<T>(_context: api.Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

test("what a pool counts goes to a meter, in seconds and without _total", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e8 });
  const provider = new MeterProvider({ readers: [reader] });
  const { pool, clock } = await openPool({}, 2);
  const end = instrument(pool, { meter: provider.getMeter("test") });
  const answer = pool.run(get(), scriptedTransport([{ afterMs: 40 }], { clock }), { hints: { kind: "quote" } });
  await clock.advance(40);
  await answer;
  await reader.forceFlush();
  const found = new Map(exporter.getMetrics()[0].scopeMetrics[0].metrics.map((metric) => [metric.descriptor.name, metric]));
  const tasks = found.get("multihome.tasks")?.dataPoints.find(({ attributes }) => attributes["multihome.outcome"] === "answered");
  assert.equal(tasks?.value, 1);
  assert.equal(tasks?.attributes["multihome.target"], "api.test");
  const duration = found.get("multihome.task_duration");
  assert.equal(duration?.descriptor.unit, "s");
  const point = duration?.dataPoints[0];
  assert.deepEqual(point?.attributes["multihome.kind"], "quote");
  assert.equal((point?.value as { sum: number } | undefined)?.sum, 0.04);
  assert.ok([...found.keys()].every((name) => /^multihome\.[a-z_]+$/.test(name) && !/_(total|seconds)$/.test(name)), [...found.keys()].join(" "));

  end();
  await pool.run(get(), scriptedTransport());
  exporter.reset();
  await reader.forceFlush();
  const after = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics.find(({ descriptor }) => descriptor.name === "multihome.task_duration");
  assert.equal((after?.dataPoints[0].value as { count: number } | undefined)?.count ?? 1, 1);
  await pool.close();
  await provider.shutdown();
});

test("the span in which a request is made is told where it went, also where the exit came later", async () => {
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  api.context.setGlobalContextManager(new Contexts());
  try {
    const tracer = provider.getTracer("test");
    const { pool, clock } = await openPool({ perExitInFlight: 1 }, 1);
    instrument(pool, { api });
    const inSpan = (name: string): Promise<unknown> => {
      const span = tracer.startSpan(name);
      return api.context.with(api.trace.setSpan(api.context.active(), span), () => pool.run(get(), scriptedTransport([{ afterMs: 10 }], { clock }), { hints: { batchId: name } })).finally(() => span.end());
    };
    const both = Promise.all([inSpan("first"), inSpan("second")]);
    await clock.advance(30);
    await both;
    const byHand = tracer.startSpan("by-hand");
    const lease = api.context.with(api.trace.setSpan(api.context.active(), byHand), () => pool.tryAcquire(get()));
    assert.ok(lease.granted);
    lease.lease.release();
    byHand.end();
    assert.deepEqual(
      spans.getFinishedSpans().map(({ name, attributes }) => [name, attributes["network.local.address"], attributes["multihome.batch_id"], attributes["multihome.waited_ms"], attributes["multihome.outcome"]]),
      [
        ["first", addresses(1)[0], "first", 0, "answered"],
        ["second", addresses(1)[0], "second", 10, "answered"],
        ["by-hand", addresses(1)[0], undefined, 0, undefined],
      ],
    );
    await pool.close();
  } finally {
    api.context.disable();
  }
});

test("a span that throws is never felt by a request", async () => {
  const warned: string[] = [];
  const { pool } = await openPool({ logger: { debug: () => {}, info: () => {}, warn: (_fields: object, message: string) => void warned.push(message), error: () => {} } }, 1);
  const span: SpanLike = {
    setAttribute: () => {
      throw new Error("span");
    },
  };
  const end = instrument(pool, { api: { trace: { getActiveSpan: () => span } } });
  assert.equal((await pool.run(get(), scriptedTransport())).status, 200);
  assert.ok(warned.length > 0);
  end();
  assert.throws(() => instrument(pool, {}), TypeError);
  await pool.close();
});

test("neither the core nor its metrics load OpenTelemetry, or need it", () => {
  const url = new URL("../../src/", import.meta.url);
  const script = `
    import module from "node:module";
    const asked = [];
    // Older Nodes have no hooks; what was loaded there is in the cache, which holds the files of OpenTelemetry.
    module.registerHooks?.({ resolve: (name, context, next) => (asked.push(name), next(name, context)) });
    await import(${JSON.stringify(new URL("index.js", url).href)});
    await import(${JSON.stringify(new URL("metrics.js", url).href)});
    const cached = Object.keys(module._cache).filter((file) => file.includes("opentelemetry"));
    console.log(JSON.stringify([...asked.filter((name) => name.includes("opentelemetry")), ...cached]));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(stdout.trim(), "[]", stderr);
});
