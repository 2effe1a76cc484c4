import assert from "node:assert/strict";
import { test } from "node:test";
import { acquireIpAwarePermit, acquireSmartApiPermit, batchAcquirePermits, calculateWeight, createIpAwareCoordinator, getCurrentIp, getIpStatusSummary, getWeightAnalysis, reportExchangeResponse, simulateRequestWeight, validateParameters } from "../../src/compat.ts";
import type { ExitPool } from "../../src/index.ts";
import { ManualClock } from "../../src/testing/index.ts";
import { binanceSpot } from "../../src/venues.ts";

const EXCHANGE = "binance";
const backups = ["127.0.2.2", "127.0.2.3", "127.0.2.4"];

async function coordinator(addresses: readonly string[] = backups): Promise<{ pool: ExitPool; clock: ManualClock }> {
  const clock = new ManualClock();
  const pool = createIpAwareCoordinator("127.0.2.1", addresses, { clock, targets: { [EXCHANGE]: binanceSpot() } });
  await pool.ready();
  return { pool, clock };
}

test("ten permits on one address count as many requests as were granted", async () => {
  const { pool } = await coordinator();
  const permits = Array.from({ length: 10 }, () => acquireIpAwarePermit(pool, { exchange: EXCHANGE, requestType: "rest_public", weight: 1 }));
  assert.deepEqual(new Set(permits.map(({ ipAddress }) => ipAddress)), new Set(["127.0.2.1"]));
  const limits = getIpStatusSummary(pool, EXCHANGE).ipDetails["127.0.2.1"].limits;
  assert.equal(limits.find(({ name }) => name.startsWith("weight"))?.used, permits.filter(({ granted }) => granted).length);
  for (const { lease } of permits) lease?.release();
  await pool.close();
});

test("5,999 of 6,000 used leaves no room for 2, and says why", async () => {
  const { pool } = await coordinator([]);
  const first = acquireIpAwarePermit(pool, { exchange: EXCHANGE, weight: 5_999 });
  assert.ok(first.granted);
  const second = acquireIpAwarePermit(pool, { exchange: EXCHANGE, weight: 2 });
  assert.equal(second.granted, false);
  assert.match(second.reason, /^the limit "weight.*" is used up/);
  first.lease?.release();
  await pool.close();
});

test("a 418 with an hour of Retry-After moves to the first backup and back when it is over", async () => {
  const { pool, clock } = await coordinator();
  const permit = acquireIpAwarePermit(pool, { exchange: EXCHANGE, weight: 1 });
  reportExchangeResponse(permit, 418, { "Retry-After": "3600" });
  assert.equal(getCurrentIp(pool, EXCHANGE), "127.0.2.2");
  assert.equal(getIpStatusSummary(pool, EXCHANGE).ipDetails["127.0.2.1"].isBanned, true);
  const moved = acquireIpAwarePermit(pool, { exchange: EXCHANGE, weight: 1 });
  assert.equal(moved.ipAddress, "127.0.2.2");
  moved.lease?.release();
  await clock.advance(3_600_000);
  assert.equal(getCurrentIp(pool, EXCHANGE), "127.0.2.1");
  await pool.close();
});

test("weights are calculated, explained and improved", async () => {
  const { pool } = await coordinator();
  const depth = { exchange: EXCHANGE, endpoint: "/api/v3/depth", parameters: { symbol: "BTCUSDT", limit: 1000 } };
  assert.equal(calculateWeight(pool, depth), 50);
  const permit = acquireSmartApiPermit(pool, depth);
  assert.equal(permit.calculatedWeight, 50);
  assert.equal(permit.weightBreakdown.totalWeight, 50);
  assert.ok(permit.optimizationSuggestions.length > 0);
  permit.lease?.release();
  assert.equal(simulateRequestWeight(pool, { exchange: EXCHANGE, endpoint: "/api/v3/ticker/24hr" }).calculatedWeight, 80);
  assert.ok(validateParameters(pool, { exchange: EXCHANGE, endpoint: "/api/v3/ticker/24hr" }).warnings.length > 0);
  const many = batchAcquirePermits(pool, [depth, { exchange: EXCHANGE, endpoint: "/api/v3/ticker/24hr", parameters: { symbols: ["BTCUSDT", "ETHUSDT"] } }]);
  assert.deepEqual(many.map(({ granted, calculatedWeight }) => [granted, calculatedWeight]), [[true, 50], [true, 2]]);
  for (const { lease } of many) lease?.release();
  assert.equal(getWeightAnalysis(pool).summary.totalRequests, 3);
  await pool.close();
});
