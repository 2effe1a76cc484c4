import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Three ways in which more was sent than a limit allows. A 429 from a server that sends no Date left a figure behind that was no number,
// and everything fitted from then on. And a request used up its lease's reservation although it was counted on other limits than that.
// And requests that waited when limits were added by `update` were counted on none of them.

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

test("after a 429 without a Date the window is as full as it is", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({
    exits: { local: ["127.0.1.1"] },
    targets: { "api.test": { weights: () => 2, limits: [{ name: "weight", unit: "weight", limit: 3, per: "10s", align: "fixed" }] } },
    queue: { maxAttempts: 1 },
    clock,
    logger: SILENT,
  });
  await pool.ready();
  const transport = scriptedTransport([{ status: 429 }, {}], { clock });
  const request = { method: "GET", url: "http://api.test/" };
  await pool.run(request, transport);
  const second = pool.run(request, transport);
  await clock.advance(9_000);
  assert.equal(transport.sent.length, 1);
  await clock.advance(10_000);
  await second;
  assert.ok(transport.sent[1].at >= 10_000);
  await pool.close();
});

test("a lease's reservation pays for what it covers, and for nothing else", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({
    exits: { local: ["127.0.1.1"] },
    targets: {
      "api.test": {
        account: ({ headers }) => headers?.["x-key"] as string | undefined,
        weights: ({ method }) => (method === "POST" ? [{ limit: "orders", units: 1 }] : 5),
        limits: [
          { name: "weight", unit: "weight", limit: 100, per: "1m" },
          { name: "orders", unit: "order", limit: 1, per: "1m" },
          { name: "account", unit: "request", limit: 1, per: "1m", scope: "account" },
        ],
      },
    },
    queue: { timeout: "1s", maxAttempts: 1 },
    clock,
    logger: SILENT,
  });
  await pool.ready();
  const transport = scriptedTransport([], { clock });
  const order = { method: "POST", url: "http://api.test/order", body: "x" };
  const mine = { method: "GET", url: "http://api.test/mine", headers: { "x-key": "mine" } };
  for (const request of [order, mine]) {
    const lease = await pool.acquire({ method: "GET", url: "http://api.test/" });
    await pool.run({ ...request, hints: { lease } }, transport);
    const again = pool.run({ ...request, hints: { lease } }, transport).catch((error: { code?: string }) => error.code);
    await clock.advance(2_000);
    assert.equal(await again, "MH_ERR_TIMEOUT");
    lease.release();
  }
  assert.equal(transport.sent.length, 2);
  await pool.close();
});

test("requests that wait when a limit is added count on it, and those that are too heavy for it are refused", async () => {
  const clock = new ManualClock();
  const limits = [{ name: "all", unit: "weight", limit: 2, per: "1m" as const }];
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, targets: { "api.test": { backendLimit: 1, limits: [], weights: ({ path }) => (path === "/heavy" ? 3 : 1) } }, queue: { timeout: false }, clock, logger: SILENT });
  await pool.ready();
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });
  const answers = [1, 2, 3, 4].map(() => pool.run({ method: "GET", url: "http://api.test/", path: "/" }, transport));
  const heavy = pool.run({ method: "GET", url: "http://api.test/heavy", path: "/heavy" }, transport).catch((error: { code?: string }) => error.code);
  pool.update({ targets: { "api.test": { limits } } });
  assert.equal(await heavy, "MH_ERR_OVER_QUOTA");
  await clock.advance(1_000);
  assert.equal(transport.sent.length, 3, "the first was sent before there was a limit");
  await clock.advance(59_000 + 1_000);
  await Promise.all(answers);
  await pool.close();
});
