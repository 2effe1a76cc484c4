import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, isMultihomeError, type ExitPool, type ExitPoolOptions, type Hints, type Lease, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport, type ScriptedAttempt } from "@multihome/core/testing";

// Whatever was pinned to an exit passed an open breaker: requests on leases, leases asked for on another lease's exit, slots whose leases only
// pin. And whatever had an affinity key waited for it in the queue. Rule: an open breaker holds for every request, however it has its exit.

const REQUEST: RequestInfo = { method: "GET", url: "http://api.test/" };
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

interface Scene {
  readonly clock: ManualClock;
  readonly pool: ExitPool;
  readonly transport: ReturnType<typeof scriptedTransport>;
  /** What becomes of a request with these hints; undefined while it waits. */
  outcome(hints?: Hints): Promise<string | undefined>;
}

async function open(steps: readonly ScriptedAttempt[], queue: ExitPoolOptions["queue"] = {}, exits = 2): Promise<Scene> {
  const clock = new ManualClock();
  const local = Array.from({ length: exits }, (_, i) => `127.0.1.${i + 1}`);
  const pool = createExitPool({ exits: { local }, clock, logger: SILENT, summaryEvery: false, defaults: { breaker: { threshold: 1, probeEvery: "10s" } }, queue: { maxAttempts: 1, ...queue } });
  await pool.ready();
  const transport = scriptedTransport(steps, { clock });
  return {
    clock,
    pool,
    transport,
    async outcome(hints) {
      let told: string | undefined;
      pool.run({ ...REQUEST, ...(hints === undefined ? {} : { hints }) }, transport).then(
        ({ status }) => (told = String(status)),
        (error: unknown) => (told = isMultihomeError(error) ? error.code : String(error)),
      );
      await clock.advance(0);
      return told;
    },
  };
}

test("while a target is shut nothing is sent there on a lease, by a key or by the name of an exit, and each is told so at once", async () => {
  const { pool, outcome, transport } = await open([{ status: 500 }, {}]);
  const lease = await pool.acquire(REQUEST);
  const shared = await pool.acquire(REQUEST, { mode: "shared" });
  assert.equal(await outcome(), "500");

  const named = { exit: { id: "127.0.1.2" } } as Lease;
  const all: Hints[] = [{}, { affinity: "key" }, { affinity: "avoid-previous" }, { lease }, { lease: shared }, { lease: named }];
  for (const hints of all) assert.equal(await outcome(hints), "MH_ERR_CIRCUIT_OPEN", Object.keys(hints).join());
  await assert.rejects(pool.acquire(REQUEST, { hints: { lease } }), { code: "MH_ERR_CIRCUIT_OPEN", retryAfterMs: 10_000 });
  for (const hints of [{ lease }, { affinity: "key" }]) assert.deepEqual(pool.tryAcquire(REQUEST, { hints }), { granted: false, reason: "circuit-open", retryAfterMs: 10_000 });
  assert.deepEqual(pool.tryAcquire(REQUEST, { mode: "shared" }), { granted: false, reason: "circuit-open", retryAfterMs: 10_000 });
  assert.equal(transport.sent.length, 1);
  await pool.close({ drain: 0 });
});

test("a program that sends all it sends on leases finds out by one request that the target is back", async () => {
  const { clock, pool, outcome, transport } = await open([{ status: 500 }, { status: 500, afterMs: 50 }, { afterMs: 50 }, {}]);
  const [lease, other] = [await pool.acquire(REQUEST), await pool.acquire(REQUEST)];
  assert.equal(await outcome({ lease }), "500");
  await clock.advance(9_999);
  assert.equal(await outcome({ lease }), "MH_ERR_CIRCUIT_OPEN");
  await clock.advance(1);

  for (const found of ["500", "200"]) {
    const probe = outcome({ lease });
    await clock.advance(0);
    assert.equal(await outcome({ lease: other }), "MH_ERR_CIRCUIT_OPEN", "one at a time");
    await clock.advance(50);
    await probe;
    assert.equal(pool.status().breakers["api.test"], found === "200" ? "closed" : "open");
    await clock.advance(10_000);
  }
  assert.equal(await outcome({ lease: other }), "200");
  assert.equal(transport.sent.length, 4);
  await pool.close({ drain: 0 });
});

test("with `onOpen: \"queue\"` requests on leases wait, and go when the first of them has found the target well", async () => {
  const { clock, pool, outcome, transport } = await open([{ status: 500 }, { afterMs: 50 }, {}], { onOpen: "queue" });
  const [lease, other] = [await pool.acquire(REQUEST), await pool.acquire(REQUEST)];
  assert.equal(await outcome(), "500");
  for (const hints of [{ lease }, { lease: other }, { lease }]) assert.equal(await outcome(hints), undefined);
  await clock.advance(9_999);
  assert.equal(transport.sent.length, 1);
  await clock.advance(1);
  assert.equal(transport.sent.length, 2);
  await clock.advance(50);
  assert.equal(transport.sent.length, 4);
  assert.deepEqual([pool.status().breakers["api.test"], pool.status().tasks.pending], ["closed", 0]);
  await pool.close({ drain: 0 });
});

for (const reserving of [false, true]) {
  test(`slots do not work through their items at a target that is shut: one request in each interval finds out (${reserving ? "leases that reserve" : "leases that pin"})`, async () => {
    const { clock, pool, transport } = await open([...Array.from({ length: 5 }, () => ({ status: 500 })), { afterMs: 50 }], {}, 4);
    const run = pool.slots(Array.from({ length: 40 }, (_, i) => i), () => pool.run(REQUEST, transport), { slots: 4, ...(reserving ? { request: () => REQUEST } : {}) });
    const sent = async (ms: number): Promise<number> => {
      await clock.advance(ms);
      return transport.sent.length;
    };
    // All four are under way when the first of them fails.
    assert.equal(await sent(0), 4);
    assert.equal(await sent(9_999), 4);
    assert.equal(await sent(1), 5);
    assert.equal(await sent(9_999), 5);
    assert.equal(await sent(1), 6);
    assert.equal(await sent(1_000), 40);
    await run.done;
    assert.equal(run.status().failed, 0);
    await pool.close({ drain: 0 });
  });
}

test("with every exit away a request on a lease asks its own exit, and not the breaker", async () => {
  const { pool, outcome, transport } = await open([{ status: 418, headers: { "retry-after": "3600" } }, {}], {}, 1);
  const lease = await pool.acquire({ method: "GET", url: "http://elsewhere.test/" });
  assert.equal(await outcome(), "418");
  assert.equal(await outcome(), "MH_ERR_CIRCUIT_OPEN");
  assert.equal(await outcome({ lease }), "MH_ERR_BANNED");
  assert.equal(transport.sent.length, 1);
  await pool.close({ drain: 0 });
});
