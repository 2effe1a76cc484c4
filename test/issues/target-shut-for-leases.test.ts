import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type Lease } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Errors of the target opened its breaker. Leases by hand never probe one; so a program that took nothing else from then on was refused
// for ever, with "in 0 ms" for an answer, and a lease that waited woke the pool each millisecond. Rule: what `retryAfterMs` says comes true.

const REQUEST = { method: "GET", url: "http://api.test/" };
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

async function shutPool(clock: ManualClock): Promise<ExitPool> {
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, defaults: { breaker: { threshold: 1, probeEvery: "10s" } }, queue: { maxAttempts: 1, timeout: false }, clock, logger: SILENT, summaryEvery: false });
  await pool.ready();
  await pool.run(REQUEST, scriptedTransport([{ status: 500 }], { clock }));
  return pool;
}

test("a lease that is refused because the target is shut is granted when the time has come that it was told", async () => {
  const clock = new ManualClock();
  const pool = await shutPool(clock);
  const refused = pool.tryAcquire(REQUEST);
  assert.ok(!refused.granted);
  assert.deepEqual([refused.reason, refused.retryAfterMs], ["circuit-open", 10_000]);
  await clock.advance(refused.retryAfterMs);
  assert.equal(pool.tryAcquire(REQUEST).granted, true);
  await pool.close({ drain: 0 });
});

test("while a probe is out leases by hand are refused, and what it finds decides", async () => {
  const clock = new ManualClock();
  const pool = await shutPool(clock);
  await clock.advance(10_000);
  const probe = pool.run(REQUEST, scriptedTransport([{ status: 500, afterMs: 100 }], { clock }));
  assert.equal(pool.tryAcquire(REQUEST).granted, false);
  await clock.advance(100);
  await probe;
  assert.equal(pool.tryAcquire(REQUEST).granted, false);
  await pool.close({ drain: 0 });
});

class CountingClock extends ManualClock {
  timers = 0;

  override setTimeout(callback: () => void, ms: number): unknown {
    this.timers++;
    return super.setTimeout(callback, ms);
  }
}

test("a connection that waits for a shut target, or for an exit that is banned, sleeps until there is something to see", async () => {
  for (const [answer, ms] of [[{ status: 500 }, 10_000], [{ status: 418, headers: { "retry-after": "3600" } }, 3_600_000]] as const) {
    const clock = new CountingClock();
    const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, defaults: { breaker: { threshold: 1, probeEvery: "10s" } }, queue: { maxAttempts: 1, timeout: false }, clock, logger: SILENT, summaryEvery: false });
    await pool.ready();
    await pool.run(REQUEST, scriptedTransport([answer], { clock }));
    let lease: Lease | undefined;
    void pool.acquire(REQUEST, { mode: "shared", hints: { affinity: "connection" } }).then((given) => {
      lease = given;
    });
    await clock.advance(ms - 1);
    assert.equal(lease, undefined);
    const { timers } = clock;
    assert.ok(timers < 12, `${timers} timers in ${ms} ms`);
    await clock.advance(2);
    assert.equal((lease as Lease | undefined)?.exit.id, "127.0.1.1");
    await pool.close({ drain: 0 });
  }
});

test("a lease that may go as far as the target is concerned, and lacks room in a window, sleeps until there is some", async () => {
  const clock = new CountingClock();
  const limits = [{ name: "all", unit: "request", limit: 1, per: "1h" as const }];
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, targets: { "api.test": { limits, breaker: { threshold: 1, probeEvery: "10s" } } }, queue: { maxAttempts: 1, timeout: false, onOpen: "queue" }, clock, logger: SILENT, summaryEvery: false });
  await pool.ready();
  await pool.run(REQUEST, scriptedTransport([{ status: 500 }], { clock }));
  const lease = pool.acquire(REQUEST);
  await clock.advance(3_590_000);
  assert.ok(clock.timers < 12, `${clock.timers} timers`);
  await clock.advance(20_000);
  assert.equal((await lease).exit.id, "127.0.1.1");
  await pool.close({ drain: 0 });
});
