import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

const HOST = "api.test";
const REQUEST: RequestInfo = { method: "GET", url: `http://${HOST}/`, host: HOST, path: "/" };

// Rule: a request that waits for an exit of its own is in nobody's way. One that waited for a lease's exit once kept later
// requests in the queue although other exits were free, and, having waited for longer than a sliding window, everybody.
test("requests go by free exits while another waits an hour for the exit of its lease", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({
    exits: { local: ["127.0.1.1", "127.0.1.2"] },
    clock,
    random: () => 0.5,
    queue: { maxAttempts: 1, timeout: false },
    targets: { [HOST]: { limits: [{ name: "r", unit: "request", limit: 2, per: "1s" }] } },
  });
  await pool.ready();
  const lease = await pool.acquire(REQUEST);
  await pool.run({ ...REQUEST, hints: { lease } }, scriptedTransport([{ status: 429, headers: { "retry-after": "3600" } }], { clock }));
  const transport = scriptedTransport([{}], { clock });
  const pinned = pool.run({ ...REQUEST, hints: { lease } }, transport);
  await clock.advance(5_000);
  assert.equal(transport.sent.length, 0);

  const others = Array.from({ length: 4 }, () => pool.run(REQUEST, transport));
  await clock.advance(0);
  assert.equal(transport.sent.length, 2);
  await clock.advance(1_000);
  assert.equal(transport.sent.length, 4);
  await Promise.all(others);
  await clock.advance(3_600_000);
  assert.equal((await pinned).status, 200);
  lease.release();
  await pool.close();
});
