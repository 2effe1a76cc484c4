import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ExitPool, Limit } from "../../src/index.ts";
import { prometheusText } from "../../src/metrics.ts";
import { FAMILIES } from "../../src/observe/metrics/families.ts";
import { ManualClock, noopTransport, scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, HOST, openPool, outcome, settle } from "../pool/support.ts";
import { valueOf } from "./exposition.ts";
import { scrape } from "./scrape.ts";

test("what a pool has done is in its metrics, and the text can be read back", async () => {
  const limits = [{ name: "minute", unit: "request", limit: 10, per: "1m", align: "fixed" }] satisfies Limit[];
  const { pool, clock } = await openPool({ targets: { api: { hosts: HOST, serverOffset: 0, limits } }, queue: { maxAttempts: 2 } }, 3);
  prometheusText(pool);
  for (let i = 0; i < 4; i++) await pool.run(get(), scriptedTransport(), { hints: { kind: "quote" } });
  await pool.run(get(), scriptedTransport([{ status: 429, headers: { "retry-after": "9" } }, {}]));
  await outcome(pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])));
  const lease = await pool.acquire(get(), { mode: "shared" });
  await clock.advance(2_000);
  const metrics = scrape(pool);
  const [name] = [...(metrics.get("multihome_exits")?.series ?? [])].map(({ labels }) => labels.pool);
  const target = { pool: name, target: "api" };

  assert.equal(valueOf(metrics, "multihome_tasks_total", { ...target, outcome: "answered" }), 5);
  assert.equal(valueOf(metrics, "multihome_tasks_total", { ...target, outcome: "failed" }), 1);
  assert.equal(valueOf(metrics, "multihome_task_requeues_total", target), 2);
  assert.equal(valueOf(metrics, "multihome_attempts_total", { ...target, verdict: "success" }), 5);
  assert.equal(valueOf(metrics, "multihome_attempts_total", { ...target, verdict: "rate-limited" }), 1);
  assert.equal(valueOf(metrics, "multihome_attempts_total", { ...target, verdict: "exit-error" }), 2);
  assert.equal(valueOf(metrics, "multihome_attempts_inflight", target), 1);
  assert.equal(valueOf(metrics, "multihome_weight_units_total", target), 9);
  assert.equal(valueOf(metrics, "multihome_exits", { state: "healthy" }), 2);
  assert.equal(valueOf(metrics, "multihome_exits", { state: "cooldown" }), 1);
  assert.equal(valueOf(metrics, "multihome_rest_seconds_total", { ...target, reason: "rate-limited" }), 9);
  assert.equal(valueOf(metrics, "multihome_breaker_state", { ...target, state: "closed" }), 1);
  assert.equal(valueOf(metrics, "multihome_limit_units", { ...target, limit: "minute" }), 10);
  assert.equal(valueOf(metrics, "multihome_task_duration_seconds_count", { ...target, kind: "quote" }), 4);
  assert.equal(valueOf(metrics, "multihome_task_wait_seconds_count", target), 7);
  assert.equal(valueOf(metrics, "multihome_attempt_latency_seconds_count", target), 6);

  assert.equal(valueOf(metrics, "multihome_kind_requests_total", { kind: "quote" }), 4);
  assert.equal(valueOf(metrics, "multihome_kind_tasks_total", { kind: "default", outcome: "answered" }), 1);
  assert.equal(valueOf(metrics, "multihome_kind_inflight", { kind: "default" }), 1);

  const perExit = (family: string, labels: Record<string, string>): number => addresses(3).reduce((sum, exit) => sum + (valueOf(metrics, family, { ...labels, exit }) ?? 0), 0);
  assert.equal(perExit("multihome_exit_attempts_total", { ...target, result: "success" }), 5);
  assert.equal(perExit("multihome_exit_attempts_total", { ...target, result: "refused" }), 1);
  assert.equal(perExit("multihome_exit_attempts_total", { ...target, result: "failure" }), 2);
  assert.equal(perExit("multihome_exit_cooldowns_total", { reason: "rate-limited" }), 1);
  assert.equal(perExit("multihome_exit_inflight", {}), 1);
  assert.equal(perExit("multihome_exit_info", { kind: "local" }), 3);
  assert.equal(perExit("multihome_exit_rest_remaining_seconds", { ...target, reason: "rate-limited" }), 7);

  lease.release();
  const after = scrape(pool);
  assert.equal(valueOf(after, "multihome_shared_lease_duration_seconds_sum", target), 2);
  await pool.close();
});

test("several pools are one text, told apart by their name", async () => {
  const { pool: one } = await openPool({}, 1);
  const { pool: other } = await openPool({}, 2);
  await one.run(get(), scriptedTransport());
  const metrics = scrape([one, other, one]);
  assert.equal(metrics.get("multihome_exits")?.series.length, 8);
  const text = prometheusText(one);
  assert.ok(!text.includes(`pool="${metrics.get("multihome_exits")?.series.at(-1)?.labels.pool}"`));
  assert.throws(() => prometheusText({} as ExitPool), TypeError);
  await one.close();
  await other.close();
});

test("a label says what it stands for, whatever is in it", async () => {
  const name = 'odd "name" \\ of\na target';
  const { pool } = await openPool({ targets: { [name]: { hosts: HOST } } }, 1);
  await pool.run(get(), scriptedTransport());
  assert.equal(valueOf(scrape(pool), "multihome_tasks_total", { target: name, outcome: "answered" }), 1);
  await pool.close();
});

const MANY = 20_000;
const HOSTS = 50;

test("20,000 exits at 50 hosts are a bounded number of series", async () => {
  const proxies = Array.from({ length: MANY }, (_, i) => `socks5://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1080`);
  const pool = createExitPool({ exits: { proxies, strategy: "random" }, clock: new ManualClock(), maxInFlight: 1e6, defaults: { race: { mode: "off" } }, random: () => 0.37 });
  await pool.ready();
  const transport = noopTransport();
  for (let host = 0; host < HOSTS + 20; host++) for (let i = 0; i < 20; i++) await pool.run({ method: "GET", url: `http://h${host}.test/`, host: `h${host}.test`, path: "/" }, transport);
  const metrics = scrape(pool);
  const series = [...metrics.values()].reduce((sum, metric) => sum + metric.series.length, 0);
  assert.ok(series < 15_000, `${series} series`);
  const labels = (label: string): Set<string> => new Set([...metrics.values()].flatMap((metric) => metric.series.map((one) => one.labels[label]).filter((value) => value !== undefined)));
  assert.ok(labels("exit").size <= 101, `${labels("exit").size} exits`);
  assert.equal(labels("target").size, HOSTS + 1);
  for (const metric of metrics.values()) if (metric.type === "histogram") for (const one of metric.series) assert.equal(one.labels.exit, undefined);
  const sum = (name: string, more: Record<string, string>): number => (metrics.get(name)?.series ?? []).filter((one) => Object.entries(more).every(([label, value]) => one.labels[label] === value)).reduce((all, one) => all + one.value, 0);
  // What has no series of its own is not lost.
  assert.equal(sum("multihome_tasks_total", { outcome: "answered" }), (HOSTS + 20) * 20);
  assert.equal(sum("multihome_exit_attempts_total", { result: "success" }), (HOSTS + 20) * 20);
  assert.equal(sum("multihome_exits", {}), MANY);
  await pool.close();
});

test("no counter ever falls while exits come and go among those that are shown", async () => {
  const proxies = Array.from({ length: 150 }, (_, i) => `socks5://10.0.${i >> 8}.${i & 255}:1080`);
  const clock = new ManualClock();
  let turn = 0;
  // Each round prefers another part of the exits, so that who is busiest changes.
  const pool = createExitPool({ exits: { proxies, strategy: "rotate" }, clock, defaults: { race: { mode: "off" }, spacing: 0 }, random: () => (turn++ % 97) / 97 });
  await pool.ready();
  let before = new Map<string, number>();
  let last = 0;
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 37 + round * 11; i++) await pool.run(get(), scriptedTransport(i % 9 === round ? [{ status: 429 }, {}] : [{}]));
    await clock.advance(61_000);
    const now = new Map<string, number>();
    let total = 0;
    for (const metric of scrape(pool).values()) {
      if (metric.type !== "counter") continue;
      for (const { name, labels, value } of metric.series) {
        now.set(`${name} ${JSON.stringify(labels)}`, value);
        if (name === "multihome_exit_attempts_total" && labels.result === "success") total += value;
      }
    }
    for (const [key, value] of now) assert.ok(value >= (before.get(key) ?? 0), `${key}: ${before.get(key)} → ${value}`);
    before = now;
    last = Math.max(last, total);
  }
  // Series that have gone take with them what they showed; never more than was counted.
  const answered = valueOf(scrape(pool), "multihome_attempts_total", { verdict: "success" }) as number;
  assert.ok(last > 0 && last <= answered, `${last} of ${answered}`);
  await settle(clock);
  await pool.close();
});

test("every family of the catalogue is written by pools that do everything", async () => {
  const { pool, clock } = await openPool(
    {
      targets: { api: { hosts: HOST, serverOffset: 0, limits: [{ name: "r", unit: "request", limit: 20, per: "1m", align: "fixed" }], breaker: { threshold: 2 } } },
      queue: { maxAttempts: 1 },
      health: { cooldownAfter: 1 },
      ledger: { tryReserve: () => ({ ok: true, token: 1 }), reserve: () => Promise.resolve({ ok: true, token: 1 }), settle: () => {}, observe: () => {}, pause: () => {}, close: () => Promise.resolve() },
    },
    4,
  );
  prometheusText(pool);
  const answer = pool.run(get(), scriptedTransport([{ afterMs: 5 }], { clock }));
  await clock.advance(5);
  await answer;
  const other = { url: "http://other.test/", host: "other.test" };
  const lease = await pool.acquire(get("/", other));
  for (let i = 0; i < 2; i++) {
    await pool.run(get("/", { ...other, hints: { lease } }), scriptedTransport([{ status: 429, headers: { "retry-after": "1" } }]));
    await clock.advance(1_000);
  }
  lease.release();
  await outcome(pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])));
  for (let i = 0; i < 45; i++) await outcome(pool.run(get(), scriptedTransport()));
  (await pool.acquire(get(), { mode: "shared" })).release();
  // One that looks for outages: nothing but proxies.
  const proxied = createExitPool({ exits: { proxies: ["socks5://192.0.2.1:1080"], sources: [{ name: "list", read: () => Promise.resolve(["192.0.2.2:1080"]) }] }, clock });
  await proxied.ready();
  const written = new Set(scrape([pool, proxied]).keys());
  await proxied.close();
  assert.deepEqual(
    Object.values(FAMILIES).map(({ name }) => name).filter((name) => !written.has(name)),
    [],
  );
  await pool.close();
});

test("kinds have series of their own, the first twenty of them; exits that carry less say how much", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1, kinds: { orders: { priority: 5 }, market: {} } }, 1);
  const slow = scriptedTransport([{ afterMs: 2_000 }], { clock });
  const all = ["orders", "market", "market"].map((kind) => outcome(pool.run(get("/", { hints: { kind } }), slow)));
  await clock.advance(0);
  const text = prometheusText(pool);
  const value = (line: string): number => Number(new RegExp(`^${line.replace(/[{}]/g, "\\$&").replace("POOL", "[^\"]*")} (\\S+)`, "m").exec(text)?.[1] ?? NaN);
  assert.deepEqual([value('multihome_kind_waiting{pool="POOL",kind="market"}'), value('multihome_kind_inflight{pool="POOL",kind="orders"}'), value('multihome_kind_requests_total{pool="POOL",kind="market"}')], [2, 1, 2]);
  await clock.advance(6_000);
  await Promise.all(all);
  const after = prometheusText(pool);
  assert.match(after, /^multihome_kind_tasks_total\{[^}]*kind="market",outcome="answered"\} 2$/m);
  assert.match(after, /^multihome_kind_wait_seconds_total\{[^}]*kind="market"\} 6$/m);
  await pool.close();

  const labelled = await openPool({}, 1);
  for (let i = 0; i < 40; i++) await labelled.pool.run(get("/", { hints: { kind: `label-${i}` } }), scriptedTransport());
  const lines = prometheusText(labelled.pool).split("\n").filter((line) => line.startsWith("multihome_kind_requests_total{"));
  assert.equal(lines.length, 21);
  assert.equal(lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0), 40);
  await labelled.pool.close();
});
