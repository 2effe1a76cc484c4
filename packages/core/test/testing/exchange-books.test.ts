import assert from "node:assert/strict";
import { test } from "node:test";
import { utilisation } from "../../src/testing/index.ts";
import { codeOf, exchange, order } from "./exchange-support.ts";

test("an order that succeeds costs no weight, one that fails costs its own", () => {
  const { ask } = exchange({ ordersPer10s: 1 });
  const placed = ask("/api/v3/order", order("a"));
  assert.equal(placed.status, 200);
  assert.equal((JSON.parse(placed.body) as { clientOrderId: string }).clientOrderId, "a");
  assert.equal(placed.headers["x-mbx-used-weight-1m"], "0");
  assert.equal(placed.headers["x-mbx-order-count-10s"], "1");
  assert.equal(placed.headers["x-mbx-order-count-1d"], "1");

  const refused = ask("/api/v3/order", order("b"));
  assert.equal(refused.status, 429);
  assert.equal(codeOf(refused), -1015);
  assert.equal(refused.headers["retry-after"], "10");
  assert.equal(refused.headers["x-mbx-used-weight-1m"], "1");
  assert.equal(ask("/api/v3/order", { method: "POST" }).status, 401);
});

test("orders are limited by account over all addresses, market data goes on", async () => {
  const { clock, core, ask } = exchange({ ordersPer10s: 2, ordersPerDay: 3 });
  const place = (id: string, address: string, key?: string): number => ask("/api/v3/order", { ...order(id, key), address }).status;
  assert.deepEqual([place("a", "10.0.0.1"), place("b", "10.0.0.2"), place("c", "10.0.0.3")], [200, 200, 429]);
  assert.equal(place("d", "10.0.0.1", "key-2"), 200);
  assert.equal(ask("/api/v3/ping").status, 200);

  await clock.advance(10_000);
  assert.deepEqual([place("e", "10.0.0.1"), place("f", "10.0.0.1")], [200, 429]);
  await clock.advance(86_400_000);
  assert.equal(place("g", "10.0.0.1"), 200);

  assert.deepEqual(core.books().accounts, {
    "key-1": { orders: 4, limited: 2, peak10s: 2, peakDay: 3 },
    "key-2": { orders: 1, limited: 0, peak10s: 1, peakDay: 1 },
  });
  assert.equal(core.totals().limited, 0, "an account's limit is not the address's");
});

test("an order that arrives twice is in the books, one that was refused and comes again is no double", async () => {
  const { clock, core, ask } = exchange({ ordersPer10s: 1 });
  ask("/api/v3/order", order("twice"));
  const second = ask("/api/v3/order", order("twice"));
  assert.deepEqual([second.status, codeOf(second)], [400, -2010]);
  ask("/api/v3/order", order("again"));
  await clock.advance(10_000);
  assert.equal(ask("/api/v3/order", order("again")).status, 200);
  ask("/api/v3/order", { ...order("once"), body: "", query: "newClientOrderId=once" });

  assert.deepEqual(core.books().repeatedOrders, [
    { clientOrderId: "twice", seen: 2, processed: 2 },
    { clientOrderId: "again", seen: 2, processed: 1 },
  ]);
  assert.equal(core.totals().doubleOrders, 1);
  assert.match(core.report(), /order twice: arrived 2 times, 2 of them processed/);
});

test("reset forgets what was counted, bans included", () => {
  const { core, ask } = exchange({ limit: 0, refusalsBeforeBan: 0 });
  assert.deepEqual([ask("/api/v3/ping").status, ask("/api/v3/ping").status], [429, 418]);
  core.reset();
  assert.equal(core.totals().requests, 0);
  assert.equal(ask("/api/v3/ping").status, 429);
});

test("the books are a copy, and keep as many windows as they are told", async () => {
  const { clock, core, ask } = exchange({ windowMs: 1_000, keepWindows: 3 });
  for (let second = 0; second < 10; second += 1) {
    ask("/api/v3/ping");
    await clock.advance(1_000);
  }
  const books = core.books();
  assert.equal(books.addresses["10.0.0.1"].windows.length, 3);
  assert.equal(books.totals.weight, 10);
  books.addresses["10.0.0.1"].weight = -1;
  assert.equal(core.books().addresses["10.0.0.1"].weight, 10);
  assert.deepEqual(JSON.parse(JSON.stringify(core.books())), core.books(), "plain data");
});

test("utilisation is own weight by what the windows offered, idle ones included", async () => {
  const { clock, core, ask } = exchange({ windowMs: 1_000, limit: 10 });
  for (let second = 0; second < 4; second += 1) {
    for (let count = 0; count < 5; count += 1) ask("/api/v3/ping");
    core.spend("10.0.0.1", 5);
    await clock.advance(1_000);
  }
  const span = { from: core.serverTime(0), to: core.serverTime(4_000), windowMs: 1_000, limit: 10 };
  assert.equal(utilisation(core.books(), span), 0.5);
  assert.equal(utilisation(core.books(), { ...span, to: core.serverTime(8_000) }), 0.25);
  assert.equal(utilisation(core.books(), span, 2), 0.25);
});

test("the report names the troubled first and sums up the rest", () => {
  const { core, ask } = exchange({ limit: 2 });
  for (let host = 1; host <= 30; host += 1) ask("/api/v3/ping", { address: `10.0.1.${host}` });
  for (let count = 0; count < 3; count += 1) ask("/api/v3/ping", { address: "10.0.2.1" });
  const lines = core.report().split("\n");
  assert.match(lines[2], /^10\.0\.2\.1 +3 +2 +1 +0 +0 +0 +3 +3 \(150 %\)$/);
  assert.ok(lines.some((line) => line === "and 7 more"));
  assert.match(lines.at(-1) ?? "", /^all +33 +32 +1 +0 +0 +0 +33 +1 over$/);
});
