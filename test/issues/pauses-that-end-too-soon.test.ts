import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// The allocator that the pool's model comes from took a lease that was dropped without an outcome for a success, let a success
// clear a cooldown whatever had caused it, let a short cooldown overwrite a longer one, and never doubled any.

const HOST = "api.test";
const REQUEST: RequestInfo = { method: "GET", url: `http://${HOST}/`, host: HOST, path: "/" };

async function poolOfOne(): Promise<{ pool: ExitPool; clock: ManualClock; pausedForMs: () => number }> {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock, random: () => 0.5, queue: { maxAttempts: 1 } });
  await pool.ready();
  return { pool, clock, pausedForMs: () => pool.status().targets[HOST].exits["127.0.1.1"].untilMs ?? 0 };
}

// Rule: a lease that is dropped without an outcome says nothing, neither good nor bad.
test("a lease that nobody settled is no success", async () => {
  const { pool } = await poolOfOne();
  const lease = await pool.acquire(REQUEST);
  lease.release();
  const { success, fail, status } = pool.status().targets[HOST].exits["127.0.1.1"];
  assert.deepEqual([success, fail, status], [0, 0, "unknown"]);
  await pool.close();
});

// Rule: no success ends a pause; the server has said when it ends.
test("a success that comes after a 429 does not end its pause", async () => {
  const { pool, clock, pausedForMs } = await poolOfOne();
  const slow = pool.run(REQUEST, scriptedTransport([{ afterMs: 200 }], { clock }));
  const refused = pool.run(REQUEST, scriptedTransport([{ status: 429, headers: { "retry-after": "10" } }], { clock }));
  await clock.advance(0);
  await refused;
  assert.equal(pausedForMs(), 10_000);
  await clock.advance(200);
  await slow;
  assert.equal(pausedForMs(), 9_800);

  const byHand = await pool.acquire({ ...REQUEST, url: "http://other.test/", host: "other.test" });
  byHand.settle("success");
  byHand.release();
  assert.equal(pausedForMs(), 9_800);
  await pool.close();
});

// Rule: a longer pause is never shortened by a shorter one, whatever its reason.
test("a timeout's quarter of a second does not replace the pause that a server asked for", async () => {
  const { pool, clock, pausedForMs } = await poolOfOne();
  const late = pool.run(REQUEST, scriptedTransport([{ afterMs: 50, error: "ETIMEDOUT", unsent: true }], { clock })).catch(() => {});
  const refused = pool.run(REQUEST, scriptedTransport([{ status: 429, headers: { "retry-after": "30" } }], { clock }));
  const again = pool.run(REQUEST, scriptedTransport([{ status: 429, headers: { "retry-after": "2" }, afterMs: 60 }], { clock }));
  await clock.advance(0);
  await refused;
  await clock.advance(100);
  await Promise.all([late, again]);
  assert.equal(pausedForMs(), 29_900);
  await pool.close();
});

// Rule: pauses that the server does not measure double, each reason from its own start (500 ms and 250 ms).
test("pauses double, and a timeout's steps are not a refusal's", async () => {
  const { pool, clock, pausedForMs } = await poolOfOne();
  const lengths: number[] = [];
  for (const step of [{ error: "ETIMEDOUT", unsent: true }, { error: "ETIMEDOUT", unsent: true }, { status: 429 }, { status: 429 }, { status: 429 }]) {
    await pool.run(REQUEST, scriptedTransport([step], { clock })).catch(() => {});
    lengths.push(pausedForMs());
    await clock.advance(lengths.at(-1) as number);
  }
  assert.deepEqual(lengths, [250, 500, 500, 1_000, 2_000]);
  await pool.close();
});
