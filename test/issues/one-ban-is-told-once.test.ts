// Rule: one ban is one alert and one change of the exit, however many requests were on their way when it came; what waits in vain is told for what.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type Lease } from "@multihome/core";
import { ManualClock } from "@multihome/core/testing";

const REQUEST = { method: "GET", url: "http://api.test/" };

async function leases(pool: ExitPool, count: number): Promise<Lease[]> {
  return Promise.all(Array.from({ length: count }, () => pool.acquire(REQUEST)));
}

test("a 429 and then five 418 of requests that were out together are two changes of the exit, and one alert", async () => {
  const clock = new ManualClock();
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock });
  await pool.ready();
  const changes: string[] = [];
  let alerts = 0;
  let refusals = 0;
  pool.on("multihome:exit.changed", ({ from, to, cooldownMs }) => changes.push(`${from} ${to} ${cooldownMs}`));
  pool.on("multihome:alert.raised", ({ alert }) => void (alert === "ban" && alerts++));
  pool.on("multihome:request.refused", () => refusals++);

  const [first, ...others] = await leases(pool, 6);
  first.settle({ kind: "rate-limited", retryAfterMs: 1_000 });
  first.release();
  for (const lease of others) {
    lease.settle({ kind: "banned", retryAfterMs: 10_000 });
    lease.release();
  }
  assert.deepEqual(changes, ["healthy cooldown 1000", "cooldown banned 10000"]);
  assert.equal(alerts, 1);
  assert.equal(refusals, 6);

  // A ban after that one has ended is another one.
  await clock.advance(10_001);
  const [later] = await leases(pool, 1);
  later.settle({ kind: "banned", retryAfterMs: 20_000 });
  later.release();
  assert.deepEqual(changes.slice(2), ["healthy banned 20000"]);
  assert.equal(alerts, 2);
});

test("a request whose deadline passes while the target is paused is told so, and one that finds no room is told of the limit", async () => {
  const clock = new ManualClock();
  await using pool = createExitPool({
    exits: { local: ["127.0.1.1", "127.0.1.2"] },
    targets: { api: { hosts: "api.test", onBan: "pause" }, small: { hosts: "small.test", limits: [{ name: "hour", unit: "request", limit: 1, per: "1h" }] } },
    clock,
  });
  await pool.ready();
  const [lease] = await leases(pool, 1);
  lease.settle({ kind: "banned", retryAfterMs: 90_000 });
  lease.release();
  const paused = assert.rejects(pool.acquire(REQUEST), { code: "MH_ERR_TIMEOUT", message: /no exit was free: the whole target is paused for another 30 s \(banned\)/ });
  const small = { method: "GET", url: "http://small.test/" };
  for (let i = 0; i < 2; i++) (await pool.acquire(small)).release();
  const full = assert.rejects(pool.acquire(small), { code: "MH_ERR_TIMEOUT", message: /no exit was free \(limit:hour\)/ });
  await clock.advance(60_000);
  await Promise.all([paused, full]);
});

test("in a failover pool a ban lasts as long as the server says, also where it is the third warning; the third 429 passes the exit over for a minute", async () => {
  const clock = new ManualClock();
  await using pool = createExitPool({ exits: { local: ["127.0.1.1", "127.0.1.2"], strategy: "failover" }, clock });
  await pool.ready();
  const held = await leases(pool, 6);
  for (const lease of held.slice(0, 3)) {
    lease.settle({ kind: "banned", retryAfterMs: 4_000 });
    lease.release();
  }
  const first = pool.status().targets["api.test"].exits["127.0.1.1"];
  assert.deepEqual([first.status, first.untilMs], ["banned", 4_000]);
  await clock.advance(4_001);
  for (const lease of held.slice(3)) {
    lease.settle({ kind: "rate-limited", retryAfterMs: 1_000 });
    lease.release();
  }
  const then = pool.status().targets["api.test"].exits["127.0.1.1"];
  assert.deepEqual([then.status, then.untilMs], ["cooldown", 60_000]);
});
