import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Others waited for a limit of the whole target, part of which was reserved by a lease. A request on that lease was put behind them, and
// they behind it: nobody went until a deadline. Rule: what a lease has reserved is there for its holder at once.

const REQUEST = { method: "GET", url: "http://api.test/" };

async function full() {
  const clock = new ManualClock();
  const pool = createExitPool({
    exits: { local: ["127.0.1.1", "127.0.1.2"] },
    targets: { "api.test": { weights: () => 2, limits: [{ name: "all", unit: "weight", limit: 3, per: "1s", scope: "target" }] } },
    clock,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await pool.ready();
  const transport = scriptedTransport([], { clock });
  const lease = await pool.acquire(REQUEST);
  const others = [1, 2].map(() => pool.run(REQUEST, transport));
  await clock.advance(0);
  assert.equal(transport.sent.length, 0);
  return { clock, pool, transport, lease, others };
}

test("a request on a lease goes before those who wait for what the lease has reserved", async () => {
  const { clock, pool, transport, lease, others } = await full();
  await pool.run({ ...REQUEST, hints: { lease } }, transport);
  lease.release();
  assert.deepEqual(transport.sentBy(), { [lease.exit.id]: 1 });
  await clock.advance(3_000);
  await Promise.all(others);
  await pool.close();
});

test("those who wait for what a lease has reserved go by themselves once it is given back unused", async () => {
  const { clock, pool, transport, lease, others } = await full();
  lease.release();
  await clock.advance(20_000);
  await Promise.all(others);
  assert.equal(transport.sent.length, 2);
  await pool.close();
});
