import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock } from "@multihome/core/testing";

// A program that only takes leases by hand lost its only exit to a ban, and was told "circuit-open" for ever after: such leases never
// probe a breaker, and nothing else woke the target. Rule: where all that is missing is an exit, and one is back, leases are given again.

const REQUEST = { method: "GET", url: "http://api.test/" };

test("a lease by hand is given again as soon as the ban of the only exit has ended, by tryAcquire and by acquire", async (t) => {
  for (const how of ["tryAcquire", "acquire"] as const) {
    const clock = new ManualClock();
    const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    t.after(() => pool.close({ drain: 0 }));
    await pool.ready();
    const first = pool.tryAcquire(REQUEST);
    assert.ok(first.granted);
    first.lease.settle({ kind: "banned", retryAfterMs: 3_600_000 });
    first.lease.release();

    const refused = pool.tryAcquire(REQUEST);
    assert.ok(!refused.granted && refused.retryAfterMs > 3_590_000);
    await clock.advance(3_600_000);

    if (how === "tryAcquire") assert.equal(pool.tryAcquire(REQUEST).granted, true);
    else (await pool.acquire(REQUEST)).release();
  }
});
