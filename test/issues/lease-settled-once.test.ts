// Rule: a lease is settled once; what its holder says afterwards changes nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock } from "@multihome/core/testing";

test("the first word on a lease holds, whatever is said later", async () => {
  const clock = new ManualClock();
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock });
  await pool.ready();
  const request = { method: "GET", url: "http://api.test/" };

  const lease = await pool.acquire(request);
  lease.settle({ kind: "rate-limited", retryAfterMs: 1_000 });
  lease.settle({ kind: "banned", retryAfterMs: 100_000 });
  lease.settle("success");
  lease.release();
  lease.settle({ kind: "banned", retryAfterMs: 100_000 });
  lease.release();

  const { status, untilMs, warnings, success } = pool.status().targets["api.test"].exits["127.0.1.1"];
  assert.deepEqual({ status, untilMs, warnings, success }, { status: "cooldown", untilMs: 1_000, warnings: 1, success: 0 });
  assert.equal(pool.status().inflight, 0);
});
