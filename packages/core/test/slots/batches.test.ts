import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import type { MultihomeError, SlotBatch } from "../../src/index.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, allBack, collect, finish, get, openPool, sleep, worker } from "./support.ts";

test("the steps of a batch leave by one exit; where the first fails, the second is never begun", async () => {
  const { pool, clock } = await openPool({}, 5);
  const transport = scriptedTransport((_, { path }) => (path === "/buy?size=2" ? { error: "ECONNRESET" } : { afterMs: 5 }), { clock });
  const run = pool.slots([1, 2, 3], async (size, _lease, batch) => {
    await batch.step("buy", () => pool.run(get(`/buy?size=${size}`), transport));
    await batch.step("sell", () => pool.run(get(`/sell?size=${size}`), transport));
  }, { slots: 1, batchId: (size) => `SOL-USDC/${size}`, request: (size) => get(`/buy?size=${size}`) });
  await finish(clock, run);

  const [A, B, C] = addresses(3);
  assert.deepEqual(transport.sent.map(({ exit, url }) => [url.slice(15), exit]), [["/buy?size=1", A], ["/sell?size=1", A], ["/buy?size=2", B], ["/buy?size=3", C], ["/sell?size=3", C]].map(([path, exit]) => [path, exit]));
  assert.deepEqual((await collect(run)).map(({ batchId, status, exit }) => [batchId, status, exit]), [["SOL-USDC/1", "fulfilled", A], ["SOL-USDC/2", "rejected", B], ["SOL-USDC/3", "fulfilled", C]]);
  assert.ok(allBack(pool));
  await pool.close();
});

test("a step after one that failed, did not succeed or has not ended is refused, with the cause", async () => {
  const { pool, clock } = await openPool({}, 1);
  const told: string[] = [];
  const step = async (batch: SlotBatch, ...args: Parameters<SlotBatch["step"]>): Promise<void> => {
    try {
      told.push(`ok ${String(await batch.step(...args))}`);
    } catch (error) {
      const { code, message, cause } = error as MultihomeError;
      told.push(`${code ?? "-"}: ${message}${cause === undefined ? "" : ` (${(cause as Error).message})`}`);
    }
  };
  const run = pool.slots(["a", "b", "c"], async (item, _lease, batch) => {
    if (item === "a") {
      await step(batch, "buy", () => Promise.reject(new Error("no route")));
      await step(batch, "sell", () => "sold");
    } else if (item === "b") {
      await step(batch, "buy", () => ({ status: 500 }), (answer) => (answer as { status: number }).status < 400);
      await step(batch, "sell", () => "sold");
    } else {
      const buying = step(batch, "buy", () => sleep(clock, 5).then(() => "bought"));
      await step(batch, "sell", () => "sold");
      await buying;
      await step(batch, "sell", () => "sold");
    }
  }, { slots: 1, batchId: (item) => item });
  await finish(clock, run);
  assert.deepEqual(told, [
    "-: no route",
    'MH_ERR_STEP: The step "sell" of a was not begun: "buy" has failed. (no route)',
    'MH_ERR_STEP: The step "buy" of b did not succeed.',
    'MH_ERR_STEP: The step "sell" of b was not begun: "buy" has failed. (The step "buy" of b did not succeed.)',
    'MH_ERR_STEP: The step "sell" of c was not begun: "buy" has not ended.',
    "ok bought",
    "ok sold",
  ]);
  await pool.close();
});

test("everything that a worker sends carries its batch, and the hints around the run", async () => {
  const { pool, clock } = await openPool({}, 3);
  const told: string[] = [];
  pool.on("multihome:lease.acquired", ({ exit, kind, batchId }) => told.push(`lease ${exit} ${kind} ${batchId}`));
  pool.on("multihome:batch.settled", ({ run, exit, batchId, slot, cycle, status, waitedMs, durationMs }) => told.push([run, exit, batchId, slot, cycle, status, waitedMs, durationMs].join(" ")));
  const transport = scriptedTransport([{ afterMs: 5 }], { clock });
  const run = pool.with({ kind: "quote" }, () => pool.slots(["x"], async () => {
    await pool.run(get(), transport);
    // What is to leave by any exit says so.
    await pool.with({ lease: undefined }, () => pool.run(get(), transport));
  }, { slots: 1, request: () => get() }));
  await finish(clock, run);
  const [A, B] = addresses(2);
  assert.deepEqual(told, [`lease ${A} quote slots-1/1`, `lease ${A} quote slots-1/1`, `lease ${B} quote slots-1/1`, `slots-1 ${A} slots-1/1 0 1 fulfilled 0 10`]);
  await pool.close();
});

test("a worker runs in the context in which the run was made, whoever wakes its slot", async () => {
  const trace = new AsyncLocalStorage<string>();
  const { pool, clock } = await openPool({}, 2);
  const seen: unknown[] = [];
  const run = trace.run("mine", () => pool.slots([1, 2, 3], async () => void seen.push(trace.getStore()), { slots: 1, interBatchDelay: 10 }));
  await trace.run("another", () => finish(clock, run));
  assert.deepEqual(seen, ["mine", "mine", "mine"]);
  await pool.close();
});

test("an item is ready again its processDelay after it was taken; a run with cycles waits for each of them", async () => {
  const { pool, clock } = await openPool({}, 5);
  const { work, taken } = worker(clock, 10);
  const run = pool.slots(["a", "b"], work, { slots: 1, processDelay: "1s", cycles: 3 });
  await clock.advance(500);
  assert.equal(run.status().nextWakeUpMs, 500);
  await finish(clock, run);
  assert.deepEqual(taken.map(({ item, at }) => `${String(item)}@${at}`), ["a@0", "b@10", "a@1000", "b@1010", "a@2000", "b@2010"]);
  await pool.close();
});

test("items with rhythms of their own: one that is not ready keeps none of the others waiting", async () => {
  const { pool, clock } = await openPool({}, 5);
  const { work, taken } = worker(clock, 10);
  const run = pool.slots([{ id: "slow", every: 1_000 }, { id: "fast", every: 100 }, { id: "middle", every: 300 }], work, { slots: 2, processDelay: ({ every }) => every, batchId: ({ id }) => id, cycles: Infinity });
  await clock.advance(1_050);
  const at = (id: string): number[] => taken.filter(({ item }) => (item as { id: string }).id === id).map((one) => one.at);
  assert.deepEqual(at("slow"), [0, 1_000]);
  assert.deepEqual(at("fast"), [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
  // The third of two slots begins when one is free.
  assert.deepEqual(at("middle"), [10, 310, 610, 910]);
  await run.stop();
  await pool.close();
});

test("within a cycle a worker that takes long keeps no other slot from items that become ready", async () => {
  const { pool, clock } = await openPool({}, 5);
  const taken: string[] = [];
  const run = pool.slots(["long", "short"], async (item) => {
    taken.push(`${item}@${clock.now()}`);
    await sleep(clock, item === "long" && clock.now() > 0 ? 1_000 : 10);
  }, { slots: 2, processDelay: (item) => (item === "long" ? 100 : 150), cycles: 2 });
  await finish(clock, run);
  assert.deepEqual(taken, ["long@0", "short@0", "long@100", "short@150"]);
  await pool.close();
});

test("an endless run over nothing looks again ten times a second, not all the time", async () => {
  const { pool, clock } = await openPool({}, 1);
  let asked = 0;
  const items = { *[Symbol.iterator](): Generator<number> { asked++; if (asked === 5) yield 1; } };
  const { work, taken } = worker(clock, 0);
  const run = pool.slots(items, work, { slots: 1, cycles: Infinity });
  await clock.advance(950);
  assert.deepEqual(taken.map(({ at }) => at), [400]);
  assert.ok(asked <= 12, `asked ${asked} times`);
  await run.stop();
  await pool.close();
});

test("what a worker resolves to is the type of its results' values", async () => {
  const { pool } = await openPool({}, 1);
  const lengths: number[] = [];
  for await (const { item, value } of pool.slots(["a", "bcd"], async (word) => ({ length: word.length }), { slots: 1 })) lengths.push(item.length - (value?.length ?? 0));
  assert.deepEqual(lengths, [0, 0]);
  await pool.close();
});
