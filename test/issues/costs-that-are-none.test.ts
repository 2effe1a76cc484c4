// Rule: a cost that is no number, or counts on a limit that is not there, is answered with what was given; it never goes uncounted. A
// charge of a misspelt limit once counted as nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type Charge, type ExitPool, type Hints, type RequestInfo } from "@multihome/core";
import { scriptedTransport } from "@multihome/core/testing";

const HOST = "api.test";
const REQUEST: RequestInfo = { method: "GET", url: `http://${HOST}/`, host: HOST, path: "/" };

async function open(weights: () => number | Charge[]): Promise<ExitPool> {
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, targets: { [HOST]: { limits: [{ name: "m", unit: "weight", limit: 10, per: "1m" }, { name: "orders", unit: "order", limit: 5, per: "1m" }], weights } } });
  await pool.ready();
  return pool;
}

test("a weight in a hint that is no number of at least 0 leaves the request at what it weighs without", async () => {
  await using pool = await open(() => 3);
  const transport = scriptedTransport([{}]);
  for (const weight of [Number.NaN, -1, "5"] as number[]) {
    const hints: Hints = { weight };
    await pool.run({ ...REQUEST, hints }, transport);
  }
  assert.deepEqual(transport.sent.map(({ weight }) => weight), [3, 3, 3]);
  assert.equal(pool.tryAcquire(REQUEST).granted, false);
  await pool.run({ ...REQUEST, hints: { weight: 0 } }, transport);
  assert.equal(transport.sent.length, 4);
});

test("a weight in a hint that is heavier than any window is refused at once, with the limit's name", async () => {
  await using pool = await open(() => 1);
  await assert.rejects(pool.run({ ...REQUEST, hints: { weight: 11 } }, scriptedTransport([{}])), { code: "MH_ERR_OVER_QUOTA", message: /"m" \(10 in 60000 ms\)/ });
  assert.deepEqual({ ...pool.tryAcquire({ ...REQUEST, hints: { weight: 11 } }) }, { granted: false, reason: "over-quota", retryAfterMs: Infinity });
});

test("a charge of a limit that the target does not have is refused with those that it has", async () => {
  await using pool = await open(() => [{ limit: "ordres", units: 1 }]);
  await assert.rejects(pool.run(REQUEST, scriptedTransport([{}])), { code: "MH_ERR_CONFIG", message: /targets\.api\.test\.weights.*"ordres".*m, orders/ });
});

test("units that are no number of at least 0 are refused with the limit that they were meant for", async () => {
  for (const units of [Number.NaN, -2, Infinity, undefined] as number[]) {
    await using pool = await open(() => [{ limit: "orders", units }]);
    await assert.rejects(pool.run(REQUEST, scriptedTransport([{}])), { code: "MH_ERR_CONFIG", message: new RegExp(`"orders".*${units}`) });
  }
  for (const answer of [Number.NaN, -2, undefined, "3", null, [null]] as number[]) {
    await using pool = await open(() => answer);
    await assert.rejects(pool.run(REQUEST, scriptedTransport([{}])), { code: "MH_ERR_CONFIG", message: /`weights`/ }, String(answer));
  }
});
