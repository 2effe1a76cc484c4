import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import createDebug from "debug";
import { createExitPool } from "../../src/index.ts";
import type { RequestInfo } from "../../src/index.ts";
import { instrument, prometheusText, registerMetrics, type RegistryLike } from "../../src/metrics.ts";
import { nodeTransport } from "../../src/node-http/index.ts";
import { CHANNEL_NAMES } from "../../src/observe/channels.ts";
import { closedPort, startHttpServer, startSocksServer } from "../../src/testing/index.ts";

const PASSWORD = "correct-horse-4711";
const SECRETS = { password: PASSWORD, header: "api-key-in-a-header-4712", query: "signature-in-a-query-4713", bearer: "bearer-token-4714", body: "secret-in-a-body-4715", cookie: "cookie-4716" };

/** A secret as it is, and as it travels. */
function formsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").replace(/=+$/, ""), Buffer.from(`user:${secret}`).toString("base64").replace(/=+$/, ""), Buffer.from(secret).toString("hex")];
}

test("a proxy's password and the keys of requests are in no event, metric, log, span, explanation, status, error, state file or printed object", async () => {
  const seen: [where: string, what: string][] = [];
  const see = (where: string, value: unknown): void => {
    if (typeof value === "string") seen.push([where, value]);
    else seen.push([where, inspect(value, { depth: 12, showHidden: true, getters: true, maxStringLength: 1e6 })], [where, String(JSON.stringify(value))]);
  };
  const directory = await mkdtemp(path.join(tmpdir(), "multihome-secrets-"));
  const file = path.join(directory, "state.json");
  const server = await startHttpServer();
  const proxy = await startSocksServer({ username: "user", password: PASSWORD });
  const dead = `socks5://user:${PASSWORD}@127.0.0.1:${await closedPort()}`;
  const wrong = `http://user:${PASSWORD}@${proxy.host}:${proxy.port}`;

  const warnings = (warning: Error): void => see("process warning", warning);
  process.on("warning", warnings);
  const written = createDebug.log;
  createDebug.enable("multihome*");
  createDebug.log = (...parts: unknown[]) => see("debug", parts.map(String).join(" "));
  const ends = CHANNEL_NAMES.map((name) => {
    const listener = (message: unknown): void => see(name, message);
    subscribe(name, listener);
    return () => unsubscribe(name, listener);
  });
  const log = (fields: object, message: string): void => {
    see("log", message);
    see("log", fields);
  };
  const pool = createExitPool({
    exits: { proxies: [proxy.url, dead, wrong], plainCredentials: true },
    targets: {
      api: {
        hosts: `127.0.0.1:${server.port}`,
        spacing: 0,
        race: { mode: "off" },
        account: (request) => String(request.headers?.["x-mbx-apikey"]),
        limits: [
          { name: "account", unit: "request", limit: 40, per: "1m", scope: "account" },
          { name: "exit", unit: "request", limit: 100, per: "1m" },
        ],
        classify: { judge: ({ status }) => (status === 429 ? { kind: "rate-limited", scope: "account", retryAfterMs: 10 } : undefined) },
      },
    },
    queue: { maxAttempts: 3, onOpen: "queue" },
    health: { cooldownAfter: 1, cooldownBase: 5, cooldownMax: 10 },
    state: { file },
    logger: { debug: log, info: log, warn: log, error: log },
  });
  instrument(pool, {
    api: { trace: { getActiveSpan: () => ({ setAttribute: (name, value) => see("span", `${name}=${value}`) }) } },
    meter: {
      createObservableCounter: () => ({}),
      createObservableGauge: () => ({}),
      createHistogram: () => ({ record: (_value, attributes) => see("meter", attributes) }),
      addBatchObservableCallback: (callback) => callback({ observe: (_instrument, _value, attributes) => see("meter", attributes) }),
      removeBatchObservableCallback: () => {},
    },
  });
  const metrics: { get(): Promise<unknown> }[] = [];
  registerMetrics(pool, { registerMetric: (metric: never) => void metrics.push(metric), removeSingleMetric: () => {} } satisfies RegistryLike);
  pool.decisions();
  pool.on("multihome:lease.settled", () => {
    throw new Error("a listener that throws");
  });

  const request = (where: string, more: Partial<RequestInfo> = {}): RequestInfo => ({
    method: "POST",
    url: `${server.url}${where}?timestamp=1&signature=${SECRETS.query}#${SECRETS.query}`,
    headers: { "x-mbx-apikey": SECRETS.header, authorization: `Bearer ${SECRETS.bearer}`, cookie: `session=${SECRETS.cookie}` },
    body: SECRETS.body,
    ...more,
  });
  const run = async (one: RequestInfo): Promise<void> => {
    try {
      const response = await pool.run(one, nodeTransport(), { hints: { kind: "order", batchId: "b" }, timeout: "3s" });
      response.resume();
      await new Promise((resolve) => response.once("close", resolve));
    } catch (error) {
      see("error", error);
    }
  };
  try {
    await pool.ready();
    for (let i = 0; i < 4; i++) await run(request("/ok", { method: "GET", body: null }));
    const failing = pool.submit(request("/x"), { send: () => Promise.reject(new Error(`POST ${request("/x").url as string} failed for http://user:${PASSWORD}@host/`)), inspect: () => ({ status: 0, header: () => undefined }), discard: () => {} });
    // A caller's own error is the caller's; what the pool says of it is ours.
    await failing.catch((error: Error) => see("error", { message: error.message, attempts: (error as { attempts?: unknown }).attempts }));
    // The two proxies that do not work may be tried first.
    const told = (name: string): boolean => seen.some(([where]) => where === name);
    for (let i = 0; i < 20 && !told("multihome:request.refused"); i++) await run(request("/status/429"));
    await run(request("/status/503"));
    await run(request("/status/418"));
    await run({ ...request("/ok"), url: `http://user:${PASSWORD}@127.0.0.1:1/x?signature=${SECRETS.query}` });
    const held = pool.tryAcquire(request("/held"));
    see("tryAcquire", held);
    const many = Array.from({ length: 50 }, () => pool.submit(request("/waits"), nodeTransport(), { timeout: 300 }));
    see("handles", many);
    for (const [i, one] of [request("/a"), request("/b", { method: "GET", body: null })].entries()) {
      see(`explain ${i}`, pool.explain(one));
      see(`weigh ${i}`, pool.weigh(one));
    }
    see("explain task", pool.explain(many.at(-1)?.id ?? ""));
    see("decisions", pool.decisions());
    see("status", pool.status());
    see("overview", pool.overview());
    for (const { id } of pool.overview().columns.exits) see("inspect", pool.inspect(id));
    see("weights", pool.weightReport());
    see("metrics", prometheusText(pool));
    for (const metric of metrics) see("registry", await metric.get());
    see("pool", pool);
    if (held.granted) held.lease.release();
    for (const one of many) await one.then((response) => response.resume(), (error: unknown) => see("error", error));
  } finally {
    await pool.close();
    for (const end of ends) end();
    createDebug.disable();
    createDebug.log = written;
    process.off("warning", warnings);
    await proxy.close();
    await server.close();
  }
  assert.ok(seen.some(([where, what]) => where === "multihome:lease.settled" && what.includes("failed for http")), "an error that names them was told");
  assert.ok(server.seen.some(({ url, headers }) => url.includes(SECRETS.query) && headers["x-mbx-apikey"] === SECRETS.header), "the requests carried them");
  see("state file", await readFile(file, "utf8"));
  await rm(directory, { recursive: true });

  const places = new Set(seen.map(([where]) => where));
  for (const place of ["log", "debug", "span", "meter", "metrics", "registry", "error", "state file", "decisions", "multihome:lease.settled", "multihome:request.refused", "multihome:task.requeued", "multihome:exit.changed"]) assert.ok(places.has(place), `${place} was looked at`);
  const found = Object.entries(SECRETS).flatMap(([name, secret]) => seen.filter(([, what]) => formsOf(secret).some((form) => what.includes(form))).map(([where, what]) => `${name} in ${where}: ${what.slice(0, 300)}`));
  assert.deepEqual([...new Set(found)], []);
});
