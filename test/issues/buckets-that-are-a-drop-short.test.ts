import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type Lease, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport, seededRandom } from "@multihome/core/testing";

// A bucket was asked at the moment when it should have been full, lacked a fraction in the sixteenth digit, and answered that only what is in
// flight could make room: nothing was. Whoever needed all of it waited for ever. Rule: what is due at a moment is there at that moment.

const REQUEST: RequestInfo = { method: "GET", url: "http://api.test/" };
const LIMIT = 3;
const STEPS_MS = [0, 1, 10, 1_000, 1_000, 10_000, 10_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000];

test("requests that need all of a bucket follow one another, whenever leases that had taken of it come back", async () => {
  const random = seededRandom(7);
  for (let run = 0; run < 100; run++) {
    const clock = new ManualClock();
    const scope = run % 2 === 0 ? "target" : "exit";
    const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock, summaryEvery: false, targets: { "api.test": { limits: [{ name: "all", unit: "weight", limit: LIMIT, per: "1m", align: "bucket", scope }] } }, queue: { timeout: false } });
    await pool.ready();
    const leases: Lease[] = [];
    for (let i = 0; i <= LIMIT; i++) void pool.acquire(REQUEST).then((lease) => leases.push(lease));
    const transport = scriptedTransport([{}], { clock });
    let sent = 0;
    for (let i = 0; i < 4; i++) void pool.run({ ...REQUEST, hints: { weight: LIMIT } }, transport).then(() => sent++);
    // The first run as it was found; the others at moments of all kinds.
    for (const ms of STEPS_MS) {
      await clock.advance(run === 0 ? ms : ms * (0.5 + random()));
      for (const lease of leases.splice(0)) lease.release();
    }
    await clock.advance(120_000);
    assert.equal(sent, 4, `run ${run}`);
    await pool.close({ drain: 0 });
  }
});
