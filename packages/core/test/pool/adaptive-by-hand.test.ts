import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ExitPool, ExitPoolOptions, Lease } from "../../src/index.ts";
import { ManualClock, scriptedTransport, seededRandom } from "../../src/testing/index.ts";
import { get, outcome } from "./support.ts";

const WARNINGS: string[] = [];

async function adaptive(count: number, options: ExitPoolOptions = {}): Promise<{ pool: ExitPool; clock: ManualClock; ids: string[] }> {
  const clock = new ManualClock();
  const ids = Array.from({ length: count }, (_, i) => `socks5://10.0.${i >> 8}.${i & 255}:1080`);
  const logger = { debug: () => {}, info: () => {}, warn: (_: object, line: string): void => void WARNINGS.push(line), error: () => {} };
  const pool = createExitPool({ clock, random: seededRandom(1), logger, maxInFlight: Infinity, ...options, exits: { proxies: ids, ...options.exits }, defaults: { spacing: 0, ...options.defaults } });
  await pool.ready();
  return { pool, clock, ids };
}

function release(leases: readonly Lease[]): void {
  for (const lease of leases) lease.release();
}

test("leases by hand get every exit of a list that nobody knows, each before any of them twice, and wait for no test", async () => {
  const { pool } = await adaptive(500);

  const leases = await Promise.all(Array.from({ length: 600 }, () => pool.acquire(get())));

  assert.equal(pool.status().inflight, 600);
  const first = leases.slice(0, 500).map(({ exit }) => exit.id);
  assert.equal(new Set(first).size, 500);
  assert.equal(new Set(leases.map(({ exit }) => exit.id)).size, 500);
  release(leases);
  await pool.close();
});

test("a lease by hand that is asked for at once is granted at once where no exit is known", async () => {
  const { pool } = await adaptive(200, { perExitInFlight: 1 });
  const leases: Lease[] = [];
  for (let i = 0; i < 200; i++) {
    const result = pool.tryAcquire(get());
    assert.ok(result.granted);
    leases.push(result.lease);
  }
  assert.equal(pool.tryAcquire(get()).granted, false, "each of them carries one");
  release(leases);
  await pool.close();
});

test("a lease by hand takes an exit that works before one that nobody knows, and that before one that has failed", async () => {
  const { pool, ids } = await adaptive(6, { perExitInFlight: 1 });
  const all = await Promise.all(ids.map(() => pool.acquire(get())));
  const [works, fails] = [all[2], all[4]];
  works.settle("success");
  fails.settle("exit-error");
  release(all);

  const again = await Promise.all(ids.map(() => pool.acquire(get())));

  assert.equal(again[0].exit.id, works.exit.id);
  assert.equal(again.at(-1)?.exit.id, fails.exit.id);
  release(again);
  await pool.close();
});

test("a lease by hand that is held says nothing of its exit, nor that the network is gone", async () => {
  WARNINGS.length = 0;
  const { pool, clock, ids } = await adaptive(40);
  const transport = scriptedTransport(() => ({ afterMs: 200 }), { clock });
  const request = async (): Promise<string> => {
    const answer = outcome(pool.run(get(), transport));
    await clock.advance(5_000);
    return answer;
  };
  for (let i = 0; i < 20; i++) assert.equal(await request(), "answer 200");
  const upOf = (id: string): number => pool.explain(get()).exits.find((exit) => exit.id === id)?.belief?.up ?? -1;
  const leases = await Promise.all(ids.map(() => pool.acquire(get())));
  const best = leases[0].exit.id;
  const before = upOf(best);

  await clock.advance(60_000);

  assert.ok(before - upOf(best) < 0.1, `${before} → ${upOf(best)}`);
  assert.equal(await request(), "answer 200");
  assert.deepEqual(WARNINGS.filter((line) => line.includes("heard")), []);
  release(leases);
  await pool.close();
});

test("slots work through exits that nobody knows as wide as they were asked to", async () => {
  const { pool, clock } = await adaptive(300);
  let most = 0;
  let now = 0;
  const used = new Set<string>();
  const run = pool.slots(
    Array.from({ length: 300 }, (_, i) => i),
    async (_, lease) => {
      used.add(lease.exit.id);
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 1_000));
      now--;
    },
    { slots: 150, request: () => get() },
  );
  const done = (async () => {
    for await (const result of run) assert.equal(result.status, "fulfilled");
  })();
  await clock.advance(3_000);
  await done;
  assert.equal(most, 150);
  assert.ok(used.size >= 150, `${used.size}`);
  await pool.close();
});

test("an exit that rested when a lease by hand was asked for is used again once it works elsewhere", async () => {
  const { pool } = await adaptive(2, { perExitInFlight: 1, health: { cooldownAfter: 1 } });
  const [good, bad] = await Promise.all([pool.acquire(get()), pool.acquire(get())]);
  good.settle("success");
  bad.settle("exit-error");
  release([good, bad]);
  const held = await pool.acquire(get());
  assert.equal(held.exit.id, good.exit.id);
  assert.equal(pool.tryAcquire(get()).granted, false, "the other one rests");

  const elsewhere = await pool.acquire({ ...get(), url: "http://other.test/", host: "other.test" });
  assert.equal(elsewhere.exit.id, bad.exit.id);
  elsewhere.settle("success");
  elsewhere.release();

  const result = pool.tryAcquire(get());
  assert.ok(result.granted, JSON.stringify(result));
  assert.equal(result.lease.exit.id, bad.exit.id);
  release([held, result.lease]);
  await pool.close();
});
