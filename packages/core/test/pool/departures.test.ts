import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointOf } from "../../src/connect/index.ts";
import { createExitPool } from "../../src/index.ts";
import type { ExitPool, TargetOptions } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { get, outcome } from "./support.ts";

const ROUND_MS = 60_000;
const A = "socks5://10.0.0.1:1080";
const B = "socks5://10.0.0.2:1080";
const C = "socks5://10.0.0.3:1080";

type Strategy = "rotate" | "score" | "adaptive" | "random" | "failover";

async function opened(first: string[], target: TargetOptions = {}, strategy: Strategy = "rotate"): Promise<{ pool: ExitPool; clock: ManualClock; name(list: string[]): void; rounds(count: number): Promise<void> }> {
  const clock = new ManualClock();
  let list = first;
  const pool = createExitPool({
    exits: { sources: [{ name: "list", read: () => Promise.resolve(list) }], refreshEvery: ROUND_MS, strategy },
    defaults: { spacing: 0, race: { mode: "off" }, ...target },
    queue: { maxAttempts: 1 },
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    clock,
    random: () => 0.5,
  });
  await pool.ready();
  return {
    pool,
    clock,
    name: (next) => void (list = next),
    async rounds(count) {
      for (let i = 0; i < count; i++) await clock.advance(ROUND_MS);
      await clock.advance(1);
    },
  };
}

/** By which exits so many requests leave. */
async function exitsOf(pool: ExitPool, count: number): Promise<string[]> {
  const transport = scriptedTransport();
  for (let i = 0; i < count; i++) assert.equal(await outcome(pool.run(get(), transport)), "answer 200");
  return Object.keys(transport.sentBy()).sort();
}

test("an exit that is missing from three lists in a row is removed, one that comes back in time stays", async (t) => {
  const { pool, name, rounds } = await opened([A, B]);
  t.after(() => pool.close());
  assert.deepEqual(await exitsOf(pool, 4), [A, B]);

  name([B]);
  await rounds(2);
  assert.deepEqual(await exitsOf(pool, 4), [A, B], "a list may forget a proxy for a while");
  name([A, B]);
  await rounds(1);
  name([B]);
  await rounds(2);
  assert.equal(pool.status().exits.total, 2);
  await rounds(1);

  assert.deepEqual(await exitsOf(pool, 4), [B]);
  assert.deepEqual(Object.keys(pool.status().targets["api.test"].exits), [B]);
  assert.equal(pool.status().exits.total, 1);
});

test("whoever gets its place begins as a stranger", async (t) => {
  const { pool, clock, name, rounds } = await opened([A, B]);
  t.after(() => pool.close());
  const failing = scriptedTransport([{ error: "ECONNRESET" }]);
  for (let i = 0; i < 10; i++) await outcome(pool.run(get(), failing));
  assert.equal(pool.status().exits.cooldown, 2);

  name([B]);
  await rounds(3);
  name([B, C]);
  await rounds(1);

  assert.equal(pool.status().exits.total, 2);
  const { status, success, fail, consecutiveFails } = pool.status().targets["api.test"].exits[C];
  assert.deepEqual({ status, success, fail, consecutiveFails }, { status: "unknown", success: 0, fail: 0, consecutiveFails: 0 });
  await clock.advance(1_000);
  assert.deepEqual(await exitsOf(pool, 4), [B, C]);
});

test("a ban is kept until it ends, listed or not", async (t) => {
  const { pool, clock, name, rounds } = await opened([A, B]);
  t.after(() => pool.close());
  const banned = await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "600" } }])).then(({ sent }) => sent.exit);
  const other = banned === A ? B : A;

  name([other]);
  await rounds(5);
  assert.equal(pool.status().exits.total, 2, "removed, it would come back without its ban");
  name([A, B]);
  await rounds(1);
  assert.deepEqual(await exitsOf(pool, 4), [other]);
  await clock.advance(5 * ROUND_MS);
  assert.deepEqual(await exitsOf(pool, 4), [A, B]);

  name([other]);
  await rounds(3);
  assert.equal(pool.status().exits.total, 1);
});

test("what is in flight ends as it would have, and a window that is spent is kept until it has passed", async (t) => {
  const { pool, clock, name, rounds } = await opened([A, B], { limits: [{ name: "hourly", unit: "request", limit: 1, per: "1h" }] });
  t.after(() => pool.close());
  const slow = scriptedTransport([{ afterMs: 30 * ROUND_MS }], { clock });
  const lease = await pool.acquire(get());
  const exit = lease.exit.id;
  const other = exit === A ? B : A;
  void slow;

  name([other]);
  await rounds(4);
  assert.equal(pool.status().exits.total, 2);
  lease.settle("success");
  lease.release();
  assert.equal(lease.exit.id, exit);
  await rounds(1);
  assert.equal(pool.status().exits.total, 2, "its window is spent");

  name([A, B]);
  await rounds(1);
  assert.deepEqual(await exitsOf(pool, 1), [other]);
  assert.equal(pool.tryAcquire(get()).granted, false);
  name([other]);
  await rounds(61);
  assert.equal(pool.status().exits.total, 1);
  name([other, C]);
  await rounds(1);
  assert.deepEqual(await exitsOf(pool, 2), [other, C].sort());
});

for (const strategy of ["rotate", "score", "adaptive", "random", "failover"] as const) {
  test(`lists that are new each time leave no more behind than a few rounds of them, and what is gone is not used (${strategy})`, async (t) => {
    const { pool, clock, name, rounds } = await opened(Array.from({ length: 50 }, (_, i) => `10.1.0.${i}:1080`), {}, strategy);
    t.after(() => pool.close({ drain: 0 }));
    const transport = scriptedTransport(({ index }) => (index % 3 === 0 ? { error: "ECONNRESET" } : {}));
    for (let round = 2; round < 40; round++) {
      name(Array.from({ length: 50 }, (_, i) => `10.${round}.0.${i}:1080`));
      await rounds(1);
      const from = transport.sent.length;
      for (let i = 0; i < 20; i++) {
        const over = outcome(pool.run(get(), transport));
        await clock.advance(1_000);
        await over;
      }
      assert.ok(pool.status().exits.total <= 200, `${pool.status().exits.total} exits`);
      const left = new Set(transport.sent.slice(from).map(({ exit }) => Number(exit.split(".")[1])));
      assert.ok([...left].every((list) => list > round - 4), `round ${round} used lists ${[...left].join()}`);
      assert.ok(transport.sent.length > from);
    }
  });
}

test("of more exits than are shown, status shows the busiest and the most troubled", async (t) => {
  const { pool, clock } = await opened(Array.from({ length: 1_500 }, (_, i) => `10.1.${i >> 8}.${i & 255}:1080`));
  t.after(() => pool.close());
  const transport = scriptedTransport([{ status: 418, headers: { "retry-after": "600" } }]);
  // The first thousand do well, one of the last is banned.
  await exitsOf(pool, 1_450);
  const { sent } = await pool.run(get(), transport);
  await clock.advance(1);

  const { exits } = pool.status().targets["api.test"];

  assert.equal(Object.keys(exits).length, 1_000);
  assert.equal(pool.status().omitted, 500);
  assert.equal(exits[sent.exit].status, "banned");
});

test("a password that a list gives anew is used from then on, and what is known stays", async (t) => {
  const { pool, name, rounds } = await opened(["socks5://user:0ld@10.0.0.1:1080"]);
  t.after(() => pool.close());
  const [id] = await exitsOf(pool, 3);
  const lease = await pool.acquire(get());
  name(["socks5://user:n3w@10.0.0.1:1080"]);
  await rounds(1);
  assert.equal(endpointOf(lease.exit)?.password, "n3w");
  assert.deepEqual({ total: pool.status().exits.total, success: pool.status().targets["api.test"].exits[id].success }, { total: 1, success: 3 });
  lease.release();
});
