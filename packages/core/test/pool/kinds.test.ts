import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, isMultihomeError, type Limit, type RequestInfo } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, settle } from "./support.ts";

const KINDS = { orders: { priority: 10 }, quotes: { priority: 0, weight: 3 }, charts: { priority: 0, weight: 1 }, backfill: { priority: -10 } };

function window(limit: number, per: Limit["per"] = "1s"): { serverOffset: number; limits: Limit[] } {
  return { serverOffset: 0, limits: [{ name: "r", unit: "request", limit, per, align: "fixed" }] };
}

const of = (kind: string, more: Partial<RequestInfo> = {}): RequestInfo => get(`/${kind}`, { hints: { kind }, ...more });

function kindsSent(transport: { sent: readonly { url: string }[] }, from = 0): string[] {
  return transport.sent.slice(from).map(({ url }) => new URL(url).pathname.slice(1));
}

test("a kind brings its priority, a hint of its own goes before it", async () => {
  const { pool, clock } = await openPool({ kinds: KINDS, targets: { "api.test": window(1) } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all = [of("first"), of("backfill"), of("charts"), of("orders"), get("/urgent", { hints: { kind: "backfill", priority: 99 } })].map((request) => outcome(pool.run(request, transport, { timeout: false })));
  await clock.advance(10_000);
  assert.deepEqual(kindsSent(transport), ["first", "urgent", "orders", "charts", "backfill"]);
  await Promise.all(all);
  await pool.close();
});

test("orders and market data want one window: an order waits for at most one request", async () => {
  const { pool, clock } = await openPool({ kinds: { orders: { priority: 10 }, market: {} }, targets: { "api.test": window(4) } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all: Promise<string>[] = [];
  const send = (kind: string): void => {
    all.push(outcome(pool.run(of(kind), transport, { timeout: false })));
  };
  for (let i = 0; i < 200; i++) send("market");
  for (let second = 0; second < 40; second++) {
    await settle(clock);
    for (let i = 0; i < 3; i++) send("orders");
    const before = transport.sent.length;
    await clock.advance(1_000);
    const window = kindsSent(transport, before);
    const lastOrder = window.lastIndexOf("orders");
    assert.ok(window.slice(0, lastOrder).filter((kind) => kind === "market").length <= 1, `second ${second}: ${window.join()}`);
    assert.equal(window.filter((kind) => kind === "orders").length, 3, `second ${second}: ${window.join()}`);
  }
  await clock.advance(60_000);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  await pool.close();
});

test("kinds of one priority share a window by weight", async () => {
  const { pool, clock } = await openPool({ kinds: KINDS, targets: { "api.test": window(8) } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 400 }, (_, i) => outcome(pool.run(of(i % 2 === 0 ? "quotes" : "charts"), transport, { timeout: false })));
  await clock.advance(20_000);
  const sent = kindsSent(transport, 8);
  const quotes = sent.filter((kind) => kind === "quotes").length;
  assert.ok(Math.abs(quotes / sent.length - 0.75) < 0.06, `${quotes} of ${sent.length}`);
  await clock.advance(60_000);
  await Promise.all(all);
  await pool.close();
});

test("the lowest kind is served however many others come", async () => {
  const { pool, clock } = await openPool({ kinds: KINDS, targets: { "api.test": window(4) } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all: Promise<string>[] = [];
  for (let i = 0; i < 8; i++) all.push(outcome(pool.run(of("backfill"), transport, { timeout: false })));
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 5; i++) all.push(outcome(pool.run(of("orders"), transport, { timeout: false })));
    await clock.advance(1_000);
  }
  // 240 turns: of every sixteen one is the longest waiting one's.
  assert.equal(kindsSent(transport).filter((kind) => kind === "backfill").length, 8);
  await clock.advance(60_000);
  await Promise.all(all);
  await pool.close();
});

test("what is kept for a kind is left to it by all others, whenever it comes", async () => {
  const { pool, clock } = await openPool({ kinds: { orders: { reserve: 0.2 }, market: { priority: 5 } }, targets: { "api.test": window(10, "1m") } }, 2);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 30 }, () => outcome(pool.run(of("market"), transport, { timeout: false })));
  await settle(clock);
  assert.equal(transport.sent.length, 16);
  const refused = pool.tryAcquire(of("market"));
  assert.ok(!refused.granted && refused.reason === "limit:r", JSON.stringify(refused));
  const without = pool.explain(get("/"));
  assert.ok(without.exits.every(({ usable }) => !usable), "requests without a kind leave it, too");

  // Late in the window, behind others, and lower than they are: there is room for it all the same.
  await clock.advance(55_000);
  for (let i = 0; i < 4; i++) all.push(outcome(pool.run(of("orders"), transport, { timeout: false })));
  await settle(clock);
  assert.deepEqual(kindsSent(transport, 16), ["orders", "orders", "orders", "orders"]);
  assert.deepEqual(new Set(Object.values(transport.sentBy())), new Set([10]));

  await clock.advance(120_000);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  await pool.close();
});

test("a request that waits for its kind's room holds up nobody whose room is kept", async () => {
  const limits: Limit[] = [{ name: "w", unit: "weight", limit: 100, per: "10s" }];
  const { pool, clock } = await openPool({ kinds: { orders: { reserve: 0.3, priority: -5 }, market: {} }, targets: { "api.test": { limits } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all: Promise<string>[] = [];
  const send = (kind: string, weight: number): void => {
    all.push(outcome(pool.run(of(kind, { hints: { kind, weight } }), transport, { timeout: false })));
  };
  send("market", 60);
  await settle(clock);
  send("market", 50);
  // A sliding window: the heavy one has waited for longer than its patience when the order comes.
  await clock.advance(9_999);
  send("market", 9);
  send("orders", 10);
  send("orders", 10);
  await settle(clock);
  assert.deepEqual(kindsSent(transport).filter((kind) => kind === "orders").length, 2);
  await clock.advance(60_000);
  await Promise.all(all);
  await pool.close();
});

test("a request heavier than what is left to its kind is refused at once, and says for whom the rest is kept", async () => {
  const { pool, clock } = await openPool({ kinds: { orders: { reserve: 0.5 } }, targets: { "api.test": { limits: [{ name: "w", unit: "weight", limit: 100, per: "1m" }] } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  await assert.rejects(pool.run(get("/", { hints: { weight: 60 } }), transport), (error: Error) => isMultihomeError(error) && error.code === "MH_ERR_OVER_QUOTA" && /50 of them kept/.test(error.message));
  assert.equal(await outcome(pool.run(of("orders", { hints: { kind: "orders", weight: 60 } }), transport)), "answer 200");
  await pool.close();
});

test("small limits keep whole units: nobody is shut out by a fraction", async () => {
  const { pool, clock } = await openPool({ kinds: { orders: { reserve: 0.2 } }, targets: { "api.test": window(3) } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 3 }, () => outcome(pool.run(get("/"), transport)));
  await settle(clock);
  assert.equal(transport.sent.length, 3);
  await Promise.all(all);
  await pool.close();
});

test("an unknown kind is warned about once and treated as none; without kinds it is a label", async () => {
  const warned: string[] = [];
  const logger = { debug() {}, info() {}, warn: (_: object, message: string) => warned.push(message), error() {} };
  const { pool, clock } = await openPool({ kinds: KINDS, logger }, 1);
  const transport = scriptedTransport([{}], { clock });
  for (let i = 0; i < 3; i++) await pool.run(of("ordres"), transport);
  assert.deepEqual(warned.filter((message) => message.includes('"ordres"')).length, 1);
  assert.deepEqual([pool.status().kinds.default.completed, "ordres" in pool.status().kinds], [3, false]);
  await pool.close();

  const labelled = await openPool({ logger }, 1);
  for (let i = 0; i < 200; i++) await labelled.pool.run(of(`label-${i}`), transport);
  assert.equal(warned.length, 1);
  const { kinds } = labelled.pool.status();
  assert.equal(kinds["label-0"].completed, 1);
  assert.ok(Object.keys(kinds).length <= 66, "labels come from outside: only so many are counted apart");
  await labelled.pool.close();
});

test("labels change no order in a pool without kinds", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": window(1) } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const names = ["a", "a", "a", "b", "a", "c"];
  const all = names.map((name) => outcome(pool.run(of(name), transport, { timeout: false })));
  await clock.advance(10_000);
  assert.deepEqual(kindsSent(transport), names);
  await Promise.all(all);
  await pool.close();
});

test("the status counts each kind: waiting, in flight, done, refused, and how long it waited", async () => {
  const { pool, clock } = await openPool({ kinds: { ...KINDS, default: { priority: 1 } }, targets: { "api.test": window(2) } }, 1);
  const transport = scriptedTransport([{ afterMs: 100 }], { clock });
  const all = [of("orders"), of("orders"), of("quotes"), get("/default")].map((request) => outcome(pool.run(request, transport, { timeout: false })));
  await settle(clock);
  const { orders, quotes, default: none, charts } = pool.status().kinds;
  assert.deepEqual([orders.inflight, orders.waiting, quotes.waiting, none.waiting, none.priority, charts.requests, quotes.weight], [2, 0, 1, 1, 1, 0, 3]);
  await clock.advance(2_000);
  await Promise.all(all);
  const after = pool.status().kinds;
  assert.deepEqual([after.orders.completed, after.orders.inflight, after.quotes.completed, after.quotes.waiting, after.quotes.avgWaitMs >= 900], [2, 0, 1, 0, true]);

  await outcome(pool.run(of("quotes"), scriptedTransport([{ status: 429 }]), { timeout: 10 }));
  assert.equal(pool.status().kinds.quotes.rateLimited, 1);
  await pool.close();
});

test("messages name the kind, and update changes the rules of kinds that wait", async () => {
  const { pool, clock } = await openPool({ kinds: KINDS, targets: { "api.test": window(1) } }, 1);
  const seen: (string | undefined)[] = [];
  pool.on("multihome:task.settled", ({ kind }) => seen.push(kind));
  const transport = scriptedTransport([{}], { clock });
  await pool.run(of("charts"), transport);
  assert.deepEqual(seen, ["charts"]);
  pool.update({ kinds: { charts: { priority: 20 } } });
  const all = [of("orders"), of("charts")].map((request) => outcome(pool.run(request, transport, { timeout: false })));
  await clock.advance(5_000);
  assert.deepEqual(kindsSent(transport), ["charts", "charts", "orders"]);
  await Promise.all(all);
  await pool.close();
});

test("tryAcquire of a higher kind does not stand behind those that wait", async () => {
  const { pool, clock } = await openPool({ kinds: { orders: { priority: 10, reserve: 0.5 }, market: {} }, targets: { "api.test": window(4, "1m") } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 6 }, () => outcome(pool.run(of("market"), transport, { timeout: false })));
  await settle(clock);
  assert.equal(pool.tryAcquire(of("market")).granted, false);
  const answer = pool.tryAcquire(of("orders"));
  assert.ok(answer.granted);
  answer.lease.settle("success");
  answer.lease.release();
  await clock.advance(240_000);
  await Promise.all(all);
  await pool.close();
});

test("shares that are more than the whole are a mistake in the options", () => {
  assert.throws(() => createExitPool({ exits: { local: addresses(1) }, kinds: { a: { reserve: 0.6 }, b: { reserve: 0.5 } }, clock: new ManualClock() }), (error: Error) => isMultihomeError(error) && error.message.includes("kinds: got reserves of 1.1 together"));
  assert.throws(() => createExitPool({ kinds: { a: { weight: 0 }, b: { priority: NaN }, c: { reserve: 2 } } }), (error: Error) => ["kinds.a.weight", "kinds.b.priority", "kinds.c.reserve"].every((path) => error.message.includes(path)));
});
