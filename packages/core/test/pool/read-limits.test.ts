import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import { statedLimits } from "../../src/quota/exchange-info.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { get, openPool, outcome } from "./support.ts";

const INFO = { rateLimits: [
  { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 3 },
  { rateLimitType: "RAW_REQUESTS", interval: "MINUTE", intervalNum: 5, limit: 300_000 },
] };

test("a limit that the exchange states smaller holds at once, a larger one is only said", async () => {
  const { pool } = await openPool({ logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }, targets: { "api.test": { serverOffset: 0, limits: [{ name: "w", unit: "weight", limit: 10, per: "1m", align: "fixed" }, { name: "raw", unit: "request", limit: 61_000, per: "5m", align: "fixed" }] } } }, 1);
  assert.deepEqual(pool.readLimits("api.test", JSON.stringify(INFO)), [
    { limit: "w", pool: 10, exchange: 3, taken: true },
    { limit: "raw", pool: 61_000, exchange: 300_000, taken: false },
  ]);
  for (let i = 0; i < 3; i++) assert.equal(await outcome(pool.run(get(), scriptedTransport())), "answer 200");
  assert.equal(pool.tryAcquire(get()).granted, false);
  assert.throws(() => pool.readLimits("nowhere", INFO), TypeError);
  await pool.close();
});

test("whatever is no statement of limits is passed over", () => {
  for (const odd of [undefined, null, 5, "", "{", [], {}, { rateLimits: 5 }, { rateLimits: [null, 1, {}, { rateLimitType: "__proto__", interval: "MINUTE", intervalNum: 1, limit: 1 }, { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: -1, limit: 1 }, { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: NaN }] }]) assert.deepEqual(statedLimits(odd), []);
  assert.deepEqual(statedLimits({ rateLimits: [{ rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 100 }] }), [{ unit: "order", perMs: 10_000, limit: 100 }]);
});

test("a stated limit that the pool does not count is warned of, and so is a body that states none", async () => {
  const said: string[] = [];
  const say = (_fields: unknown, message?: string): void => void said.push(message ?? "");
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] }, targets: { api: { hosts: "api.test", limits: [{ name: "minute", unit: "weight", limit: 100, per: "1m" }] } }, logger: { debug() {}, info() {}, warn: say, error: say } });
  assert.deepEqual(pool.readLimits("api", { rateLimits: [{ rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 100 }, { rateLimitType: "REQUEST_WEIGHT", interval: "SECOND", intervalNum: 10, limit: 30 }] }), []);
  assert.deepEqual(said, ['api states a limit of 30 in 10 s, unit "weight", that the pool does not count: nothing keeps it.']);
  assert.deepEqual(pool.readLimits("api", "<html>"), []);
  assert.match(said[1], /states no limits/);
});
