// Rule: whoever waits for a counter that no exit makes up for is in the way of those alone who count on it too. A few dozen orders
// that waited for their account's limit once kept every later request of the target in the line, for as long as they waited.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type Charge, type ExitPool, type ExitPoolOptions, type Limit, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

const HOST = "api.test";
const DATA: Limit = { name: "data", unit: "request", limit: 10_000, per: "1s", align: "fixed" };

function request(path: string, headers: Record<string, string> = {}): RequestInfo {
  return { method: "GET", url: `http://${HOST}${path}`, host: HOST, path, headers };
}

/** `/order/3` takes 3 of the limit "orders"; everything else nothing of it. */
function charges({ path = "" }: RequestInfo): Charge[] {
  const units = /^\/order\/(\d+)/.exec(path)?.[1];
  return units === undefined ? [] : [{ limit: "orders", units: Number(units) }];
}

async function poolWith(clock: ManualClock, limits: Limit[], more: ExitPoolOptions = {}): Promise<ExitPool> {
  const pool = createExitPool({
    exits: { local: ["127.0.1.1", "127.0.1.2"] },
    clock,
    random: () => 0.5,
    queue: { timeout: false },
    targets: { [HOST]: { limits, weights: charges, account: ({ headers }) => headers?.["key"] as string | undefined } },
    ...more,
  });
  await pool.ready();
  return pool;
}

function sender(pool: ExitPool, clock: ManualClock): { send(path: string, count?: number, hints?: RequestInfo["hints"], key?: string): void; sent(): string[]; settled(): Promise<PromiseSettledResult<unknown>[]> } {
  const transport = scriptedTransport([{}], { clock });
  const all: Promise<unknown>[] = [];
  const seen: string[] = [];
  return {
    send(path, count = 1, hints, key = "a") {
      for (let i = 0; i < count; i++) all.push(pool.run({ ...request(count === 1 ? path : `${path}?${i}`, { key }), ...(hints === undefined ? {} : { hints }) }, transport));
    },
    sent() {
      const fresh = transport.sent.slice(seen.length).map(({ url }) => url.slice(`http://${HOST}`.length));
      seen.push(...fresh);
      return fresh;
    },
    settled: () => Promise.allSettled(all),
  };
}

for (const scope of ["account", "target", "exit"] as const) {
  for (const align of ["fixed", "sliding", "bucket"] as const) {
    test(`data goes at once while hundreds of orders wait for a ${align} limit of each ${scope}, and for longer than its span`, async () => {
      const clock = new ManualClock();
      const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 2, per: "10s", scope, align }]);
      const { send, sent, settled } = sender(pool, clock);
      send("/order/1", 300);
      await clock.advance(0);
      const first = sent().length;
      assert.equal(first, scope === "exit" ? 4 : 2);

      for (const waitMs of [0, 1, 11_000, 25_000]) {
        await clock.advance(waitMs);
        sent();
        send(`/data/${waitMs}`, 3);
        await clock.advance(0);
        assert.deepEqual(sent(), [0, 1, 2].map((i) => `/data/${waitMs}?${i}`), `after ${waitMs} ms`);
      }
      await pool.close({ drain: 0 });
      await settled();
    });
  }
}

test("orders are served in their order as their limit allows, whatever else is sent", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 5, per: "1s", scope: "account", align: "sliding" }]);
  const { send, sent, settled } = sender(pool, clock);
  send("/order/1", 200);
  const orders: string[] = [];
  for (let at = 0; at <= 50_000; at += 500) {
    send(`/data/${at}`);
    await clock.advance(0);
    const now = sent();
    assert.ok(now.includes(`/data/${at}`), `at ${at}`);
    orders.push(...now.filter((path) => path.startsWith("/order")));
    await clock.advance(500);
    orders.push(...sent().filter((path) => path.startsWith("/order")));
  }
  assert.deepEqual(orders, Array.from({ length: 200 }, (_, i) => `/order/1?${i}`));
  await settled();
  await pool.close();
});

test("one account's orders wait for its own limit or pause, another's go", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 2, per: "10s", scope: "account", align: "fixed" }]);
  const { send, sent, settled } = sender(pool, clock);
  send("/order/1", 100, undefined, "a");
  await clock.advance(0);
  assert.equal(sent().length, 2);
  send("/order/1", 100, undefined, "b");
  await clock.advance(0);
  assert.equal(sent().length, 2);
  await clock.advance(10_000);
  assert.equal(sent().length, 4);
  await pool.close({ drain: 0 });
  await settled();
});

test("requests of a banned account are in no other's way, and go when its ban is over", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA], { targets: { [HOST]: { limits: [DATA], account: ({ headers }) => headers?.["key"] as string | undefined, classify: { judge: ({ status }) => (status === 418 ? { kind: "banned", scope: "account", retryAfterMs: 60_000 } : undefined) } } }, queue: { timeout: false, maxAttempts: 1 } });
  await pool.run(request("/x", { key: "a" }), scriptedTransport([{ status: 418 }], { clock }));
  const { send, sent, settled } = sender(pool, clock);
  send("/a", 200, undefined, "a");
  send("/b", 3, undefined, "b");
  await clock.advance(0);
  assert.deepEqual(sent(), ["/b?0", "/b?1", "/b?2"]);
  await clock.advance(30_000);
  send("/b", 1, undefined, "b");
  await clock.advance(0);
  assert.deepEqual(sent(), ["/b"]);
  await clock.advance(30_000);
  assert.equal(sent().length, 200);
  await settled();
  await pool.close();
});

test("a light order passes a heavy one of its account, but not for longer than the limit's span", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 10, per: "1s", scope: "account", align: "sliding" }]);
  const { send, sent, settled } = sender(pool, clock);
  send("/order/8");
  send("/order/6?heavy");
  send("/order/1?light");
  await clock.advance(0);
  assert.deepEqual(sent(), ["/order/8", "/order/1?light"]);
  // Light ones that come all the time would hold it up for ever.
  const late: string[] = [];
  for (let i = 0; i < 40; i++) {
    send(`/order/1?${i}`);
    await clock.advance(100);
    late.push(...sent());
  }
  assert.ok(late.indexOf("/order/6?heavy") >= 0 && late.indexOf("/order/6?heavy") < 30, late.join(" "));
  await clock.advance(5_000);
  await settled();
  await pool.close();
});

test("priorities and shares hold among those who wait for one limit", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 1, per: "1s", scope: "account", align: "sliding" }], { kinds: { three: { weight: 3 }, one: { weight: 1 } } });
  const { send, sent, settled } = sender(pool, clock);
  for (let i = 0; i < 60; i++) {
    send(`/order/1?three`, 1, { kind: "three" });
    send(`/order/1?one`, 1, { kind: "one" });
  }
  await clock.advance(40_000);
  const paths = sent();
  const three = paths.filter((path) => path.endsWith("three")).length;
  assert.ok(paths.length >= 40 && Math.abs(three - paths.length * 0.75) <= 5, `${three} of ${paths.length}`);
  send("/order/1?urgent", 1, { priority: 9 });
  await clock.advance(1_000);
  assert.ok(sent().includes("/order/1?urgent"));
  await pool.close({ drain: 0 });
  await settled();
});

test("more orders than the queue holds keep no data out of it, and none is late before it has had a place", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 10, per: "1s", scope: "account", align: "fixed" }], { queue: { capacity: 50, timeout: "6s" } });
  const { send, sent, settled } = sender(pool, clock);
  send("/order/1", 300);
  send("/data");
  await clock.advance(0);
  assert.ok(sent().includes("/data"));
  await clock.advance(30_000);
  const results = await settled();
  assert.deepEqual(results.filter(({ status }) => status === "rejected"), []);
  assert.equal(pool.status().tasks.pending, 0);
  await pool.close();
});

test("aborted and late requests leave nothing behind, and those behind them are served", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 1, per: "1s", scope: "account", align: "fixed" }]);
  const transport = scriptedTransport([{}], { clock });
  const giveUp = new AbortController();
  const gone: Promise<unknown>[] = [];
  const kept: Promise<unknown>[] = [];
  for (let i = 0; i < 10; i++) {
    kept.push(pool.run(request(`/order/1?kept${i}`, { key: "a" }), transport));
    gone.push(pool.run(request("/order/1?gone", { key: "a" }), transport, { signal: giveUp.signal }), pool.run(request("/order/1?late", { key: "a" }), transport, { timeout: 10 }));
  }
  const over = Promise.allSettled(gone);
  await clock.advance(0);
  giveUp.abort(new Error("enough"));
  await clock.advance(20);
  assert.ok((await over).every(({ status }) => status === "rejected"));
  await clock.advance(10_000);
  await Promise.all(kept);
  assert.equal(transport.sent.length, 10);
  assert.equal(pool.status().tasks.pending, 0);
  assert.equal(clock.pending, 0);
  await pool.close();
});

test("tasks that wait for a limit of their account's take no places from tasks that could go", async () => {
  const clock = new ManualClock();
  const pool = await poolWith(clock, [DATA, { name: "orders", unit: "orders", limit: 1, per: "10s", align: "fixed", scope: "account" }], { queue: { timeout: false, capacity: 5 } });
  const transport = scriptedTransport([{}], { clock });
  const order = { ...request("/order/1", { key: "a" }) };
  const handles = [pool.submit(order, transport)];
  await clock.advance(0);
  assert.equal(transport.sent.length, 1);

  handles.push(...pool.submitAll([order, order, order, order, order], transport));
  await clock.advance(0);
  assert.equal(pool.status().tasks.pending, 5);
  // Their part of the queue is full …
  assert.throws(() => pool.submit(order, transport), { code: "MH_ERR_POOL_FULL" });
  assert.throws(() => pool.submitAll([request("/data", { key: "a" }), order], transport), { code: "MH_ERR_POOL_FULL" });
  // … and nobody else's: not that of data, nor that of another account's orders.
  const others = pool.submitAll([request("/data", { key: "a" }), request("/data", { key: "a" }), { ...order, headers: { key: "b" } }], transport);
  await Promise.all(others);
  assert.equal(transport.sent.length, 4);
  assert.throws(() => pool.submitAll(Array.from({ length: 6 }, () => request("/data", { key: "a" })), transport), { code: "MH_ERR_POOL_FULL" }, "the line holds as many as ever");

  await clock.advance(60_000);
  await Promise.all(handles);
  await pool.close();
});
