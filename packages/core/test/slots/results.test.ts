import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, finish, get, openPool, settle, sleep, worker } from "./support.ts";

test("results tell the item, where and when it was done, and what came of it", async () => {
  const { pool, clock } = await openPool({}, 2);
  const run = pool.slots(["a", "b"], async (item) => {
    await sleep(clock, 30);
    return item.toUpperCase();
  }, { slots: 1, interBatchDelay: 70, cycles: 2, batchId: (item) => `batch ${item}` });
  const reading = collect(run);
  await finish(clock, run);
  const common = { slot: 0, status: "fulfilled" } as const;
  assert.deepEqual(await reading, [
    { item: "a", cycle: 1, batchId: "batch a", exit: "127.0.1.1", value: "A", startedAt: 0, endedAt: 30, ...common },
    { item: "b", cycle: 1, batchId: "batch b", exit: "127.0.1.2", value: "B", startedAt: 100, endedAt: 130, ...common },
    { item: "a", cycle: 2, batchId: "batch a", exit: "127.0.1.1", value: "A", startedAt: 200, endedAt: 230, ...common },
    { item: "b", cycle: 2, batchId: "batch b", exit: "127.0.1.2", value: "B", startedAt: 300, endedAt: 330, ...common },
  ]);
  await pool.close();
});

test("results that nobody reads are the newest thousand; the run goes on", async () => {
  const { pool, clock } = await openPool({}, 5);
  const run = pool.slots(Array.from({ length: 2_500 }, (_, i) => i), () => sleep(clock, 1), { slots: 5 });
  await finish(clock, run);
  assert.equal(run.status().unread, 1_000);
  assert.equal(run.status().dropped, 1_500);
  const results = await collect(run);
  assert.deepEqual([results.length, results[0].item, results.at(-1)?.item], [1_000, 1_500, 2_499]);
  await pool.close();
});

test("a reader that is behind holds the slots back after a thousand results, and nothing is lost", async () => {
  const { pool, clock } = await openPool({}, 5);
  const run = pool.slots(Array.from({ length: 2_500 }, (_, i) => i), () => sleep(clock, 1), { slots: 5 });
  const reader = run[Symbol.asyncIterator]();
  await clock.advance(5_000);
  assert.ok(run.status().unread >= 1_000 && run.status().unread < 1_005);
  const items = new Set<number>();
  for (let i = 0; i < 2_500; i++) {
    let result: IteratorResult<{ item: number }> | undefined;
    void reader.next().then((next) => (result = next));
    while (result === undefined) await clock.advance(1);
    items.add(result.value.item);
  }
  assert.equal(items.size, 2_500);
  assert.deepEqual(await reader.next(), { value: undefined, done: true });
  await run.done;
  await pool.close();
});

test("leaving the loop stops the run after what is running", async () => {
  const { pool, clock } = await openPool({}, 3);
  const { work, taken } = worker(clock, 10);
  const run = pool.slots([1, 2, 3], work, { slots: 2, cycles: Infinity });
  const loop = (async () => {
    for await (const { item } of run) if (item === 2) break;
  })();
  await clock.advance(10);
  await loop;
  const count = taken.length;
  await clock.advance(1_000);
  await run.done;
  assert.equal(taken.length, count);
  await pool.close();
});

test("stop() ends what waits for an exit, and lets what runs end", async () => {
  const { pool, clock } = await openPool({}, 1);
  const { work, taken } = worker(clock, 100);
  for (const request of [undefined, () => get()]) {
    taken.length = 0;
    const run = pool.slots([1, 2, 3], work, { slots: 1, request });
    const waiting = pool.slots([4, 5], work, { slots: 1, request });
    await clock.advance(50);
    assert.deepEqual([run.status().running, waiting.status().waiting], [1, 1]);
    await Promise.all([waiting.stop(), waiting.stop()]);
    const stopping = run.stop();
    await clock.advance(49);
    assert.equal(run.status().running, 1);
    await clock.advance(1);
    await stopping;
    assert.deepEqual(taken.map(({ item }) => item), [1]);
    assert.equal((await collect(run)).length, 1);
    assert.equal((await collect(waiting)).length, 0);
  }
  await pool.close();
});

test("the next wake-up is known to the millisecond: between items, between cycles, for the pool as a whole", async () => {
  const { pool, clock } = await openPool({}, 3);
  const { work } = worker(clock, 10);
  const run = pool.slots(["a", "b"], work, { slots: 1, interBatchDelay: 200, cycleCooldown: "3s", cycles: 2 });
  await settle(clock);
  assert.equal(run.status().nextWakeUpMs, undefined);
  await clock.advance(60);
  assert.deepEqual([run.status().nextWakeUpMs, run.status().pausing], [150, 1]);
  await clock.advance(160); // 220: b has ended
  assert.equal(run.status().nextWakeUpMs, 200);
  await clock.advance(200); // 420: the cycle has ended
  const { cycle, nextWakeUpMs, idle, processed } = run.status();
  assert.deepEqual({ cycle, nextWakeUpMs, idle, processed }, { cycle: 2, nextWakeUpMs: 3_000, idle: 1, processed: 2 });
  const other = pool.slots(["c"], () => sleep(clock, 10), { slots: 1, interBatchDelay: 500, cycles: 2 });
  await clock.advance(100);
  const { slots } = pool.status();
  assert.deepEqual([slots.nextWakeUpMs, slots.runs.map((one) => one.nextWakeUpMs), slots.processed], [410, [2_900, 410], 3]);
  await finish(clock, run);
  await finish(clock, other);
  assert.deepEqual(pool.status().slots, { running: 0, waiting: 0, pausing: 0, idle: 0, processed: 0, failed: 0, runs: [] });
  await pool.close();
});
