import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, isMultihomeError, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";
import { binanceSpot, okx } from "@multihome/core/venues";

// The service that the limits come from never lifted a ban, sent on by its first address when all were banned, never looked at its
// limit of orders a second, compared the day with a stamp that it had just overwritten, gave every address Binance's limits, looked
// for a header's name in capitals alone, and evaluated formulas as code.

const EXITS = ["127.0.1.1", "127.0.1.2"];
const DAY_MS = 86_400_000;

function get(host: string, path = "/"): RequestInfo {
  return { method: "GET", url: `https://${host}${path}`, host, path };
}

function order(host = "api.binance.com"): RequestInfo {
  return { method: "POST", url: `https://${host}/api/v3/order`, host, path: "/api/v3/order", body: "symbol=BTCUSDT", headers: { "x-mbx-apikey": "key" } };
}

// Rule: a ban ends when it ends.
test("a banned exit is used again once its ban is over", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: EXITS.slice(0, 1) }, clock, random: () => 0.5, queue: { maxAttempts: 1, onOpen: "queue", timeout: false } });
  await pool.ready();
  const transport = scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, {}], { clock });
  await pool.run(get("api.test"), transport);
  const next = pool.run(get("api.test"), transport);
  await clock.advance(299_000);
  assert.equal(transport.sent.length, 1);
  await clock.advance(32_000);
  assert.equal((await next).status, 200);
  await pool.close();
});

// Rule: where every exit is banned, nothing is sent.
test("with all exits banned no request leaves, by the first one least of all", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: EXITS, strategy: "failover" }, clock, random: () => 0.5, queue: { maxAttempts: 5 } });
  await pool.ready();
  const transport = scriptedTransport([{ status: 418, headers: { "retry-after": "600" } }], { clock });
  await pool.run(get("api.test"), transport);
  assert.deepEqual(transport.sentBy(), { [EXITS[0]]: 1, [EXITS[1]]: 1 });
  for (let i = 0; i < 7; i++) {
    const refused = assert.rejects(pool.run(get("api.test"), transport), (error) => isMultihomeError(error));
    await clock.advance(61_000);
    await refused;
  }
  assert.equal(transport.sent.length, 2);
  await pool.close();
});

// Rule: orders are counted, by the second and by the day, and the day turns when it ends.
test("orders stop at their limits, and go on when the window or the day has turned", async () => {
  const clock = new ManualClock({ wallTime: 1_800_000_000_000 - (1_800_000_000_000 % DAY_MS) + DAY_MS / 2 });
  const limits = [
    { name: "orders-1s", unit: "order", limit: 10, per: "1s", align: "fixed", scope: "account" },
    { name: "orders-1d", unit: "order", limit: 25, per: DAY_MS, align: "fixed", scope: "account" },
  ] as const;
  const pool = createExitPool({ exits: { local: EXITS }, clock, random: () => 0.5, queue: { timeout: false }, targets: { binance: { ...binanceSpot(), limits: [...limits], serverOffset: 0 } } });
  await pool.ready();
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 40 }, () => pool.run(order(), transport));
  const sent: number[] = [];
  for (let second = 0; second < 5; second++) {
    await clock.advance(second === 0 ? 0 : 1_000);
    sent.push(transport.sent.length);
  }
  assert.deepEqual(sent, [10, 20, 25, 25, 25]);
  await clock.advance(DAY_MS / 2 + 3_000);
  await Promise.all(all);
  assert.equal(transport.sent.length, 40);
  await pool.close();
});

// Rule: each target has limits of its own.
test("an exit that is full at one exchange is not full at another", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: EXITS.slice(0, 1) }, clock, random: () => 0.5, targets: { binance: { ...binanceSpot(), serverOffset: 0 }, okx: { ...okx(), serverOffset: 0 } } });
  await pool.ready();
  const limitsAt = (target: string): string[] => pool.status().targets[target].exits[EXITS[0]].limits.map(({ name }) => name);
  assert.ok(limitsAt("binance").includes("weight-1m") && !limitsAt("okx").includes("weight-1m"));
  const heavy = { ...get("api.binance.com", "/api/v3/depth?symbol=BTCUSDT&limit=100"), hints: { weight: 5_999 } };
  await pool.run(heavy, scriptedTransport([{}], { clock }));
  assert.equal(pool.tryAcquire(heavy).granted, false);
  const free = pool.tryAcquire(get("www.okx.com", "/api/v5/market/ticker?instId=BTC-USDT"));
  assert.ok(free.granted);
  free.lease.release();
  await pool.close();
});

// Rule: names of headers have no case.
test("used weight is read however the header's name is written", async () => {
  for (const name of ["X-MBX-USED-WEIGHT-1M", "x-mbx-used-weight-1m", "X-Mbx-Used-Weight-1m"]) {
    const clock = new ManualClock();
    const pool = createExitPool({ exits: { local: EXITS.slice(0, 1) }, clock, random: () => 0.5, targets: { binance: { ...binanceSpot(), serverOffset: 0 } } });
    await pool.ready();
    await pool.run(get("api.binance.com", "/api/v3/time"), scriptedTransport([{ headers: { [name]: "4321" } }], { clock }));
    const [used] = pool.status().targets.binance.exits[EXITS[0]].limits.filter((limit) => limit.name === "weight-1m").map((limit) => limit.used);
    assert.equal(used, 4_321, name);
    await pool.close();
  }
});

// Rule: a table is data; nothing in it is ever run.
test("a formula in a table is refused, not evaluated", () => {
  const table = structuredClone(binanceSpot().weights) as { rules: { weight?: unknown; [key: string]: unknown }[] };
  const reached = globalThis as { reached?: boolean };
  table.rules[0].weight = "globalThis.reached = true, 1";
  assert.throws(() => createExitPool({ exits: { local: EXITS }, targets: { binance: { ...binanceSpot(), weights: table } } }), (error) => isMultihomeError(error) && error.code === "MH_ERR_CONFIG");
  assert.equal(reached.reached, undefined);
});
