import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { MultihomeError, SlotOptions } from "../../src/index.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, allBack, collect, finish, get, openPool, settle, sleep, worker } from "./support.ts";

const work = async (): Promise<void> => {};

test("every wrong option is in one error, with what was given and what is allowed", async () => {
  const { pool } = await openPool({}, 1);
  const wrong = { slots: 0, interBatchDelay: -1, cycleCooldown: "soon", cycles: 0, processDelay: -5, request: "GET /", signal: {}, delay: 5 };
  assert.throws(() => pool.slots([1], work, wrong as unknown as SlotOptions<number>), (error: MultihomeError) => {
    assert.equal(error.code, "MH_ERR_CONFIG");
    for (const path of ["slots", "interBatchDelay", "cycleCooldown", "cycles", "processDelay", "request", "signal", "delay"]) assert.ok(error.message.includes(`  ${path}: got `), `${path} is missing in\n${error.message}`);
    return true;
  });
  for (const slots of [-1, 1.5, Number.NaN, Infinity, "two", undefined]) assert.throws(() => pool.slots([1], work, { slots: slots as number }), /slots: got/);
  assert.throws(() => pool.slots([1], work, undefined as never), /MH_ERR_CONFIG|wrong/);
  assert.throws(() => pool.slots(5 as never, work, { slots: 1 }), /items: got 5, expected an array or another iterable/);
  assert.throws(() => pool.slots([1], "work" as never, { slots: 1 }), /worker: got "work", expected a function/);
  assert.ok(allBack(pool));
  await pool.close();
});

test("what can be walked once is refused where it would be walked again", async () => {
  const { pool, clock } = await openPool({}, 1);
  const generator = function* (): Generator<number> { yield 1; };
  const asyncGenerator = async function* (): AsyncGenerator<number> { yield 1; };
  for (const once of [generator(), [1, 2].values(), new Map([[1, 2]]).keys(), asyncGenerator()]) {
    assert.throws(() => pool.slots(once as Iterable<number>, work, { slots: 1, cycles: 2 }), (error: MultihomeError) => error.code === "MH_ERR_CONFIG" && error.message.includes("items"));
    assert.throws(() => pool.slots(once as Iterable<number>, work, { slots: 1, cycles: Infinity }), /items/);
    const run = pool.slots<unknown>(once as Iterable<unknown>, work, { slots: 1 });
    await finish(clock, run);
    assert.ok(run.done);
  }
  for (const again of [[1], new Set([1]), { [Symbol.iterator]: generator }, { [Symbol.asyncIterator]: asyncGenerator }]) {
    const run = pool.slots<unknown>(again as Iterable<unknown>, work, { slots: 1, cycles: 3 });
    await finish(clock, run);
    assert.equal((await collect(run)).length, 3);
  }
  await pool.close();
});

test("a worker that throws, now or later, is a result like any other, and its exit is back", async () => {
  const { pool, clock } = await openPool({}, 1);
  const failing = (item: number): Promise<void> => {
    if (item === 1) throw new Error("now");
    if (item === 2) return Promise.reject(new Error("later"));
    // Without a word, as a program may.
    if (item === 3) return new Promise((_, reject) => reject());
    return Promise.resolve();
  };
  for (const request of [undefined, () => get()]) {
    const run = pool.slots([1, 2, 3, 4], failing, { slots: 2, request });
    await finish(clock, run);
    assert.deepEqual((await collect(run)).map(({ item, status, reason }) => [item, status, (reason as Error | undefined)?.message]), [[1, "rejected", "now"], [2, "rejected", "later"], [3, "rejected", undefined], [4, "fulfilled", undefined]]);
    assert.ok(allBack(pool));
  }
  await pool.close();
});

test("functions of the options that throw: of `request` the item fails, of `batchId` and `processDelay` the run", async () => {
  const { pool, clock } = await openPool({}, 1);
  const thrown = (): never => {
    throw new Error("mine");
  };
  const asked = pool.slots([1, 2], work, { slots: 1, request: (item) => (item === 1 ? thrown() : item === 2 ? { method: "GET", url: "not a url" } : get()) });
  await finish(clock, asked);
  assert.deepEqual((await collect(asked)).map(({ status, exit }) => [status, exit]), [["rejected", ""], ["rejected", ""]]);
  for (const options of [{ batchId: thrown }, { processDelay: thrown }, { processDelay: () => -1 }, { processDelay: () => "soon" as never }]) {
    const run = pool.slots([1, 2], work, { slots: 1, ...options });
    await finish(clock, run);
    await assert.rejects(run.done, /mine|Expected `processDelay`/);
  }
  assert.ok(allBack(pool));
  await pool.close();
});

test("what functions of the options answer is named where it is no request, no name and no duration", async () => {
  const { pool, clock } = await openPool({}, 1);
  const asked = pool.slots([1], work, { slots: 1, request: () => undefined as never });
  await finish(clock, asked);
  const [{ reason }] = await collect(asked);
  assert.match(String(reason), /TypeError: Expected a request with its method and an absolute URL, such as .*, got undefined\./);
  assert.equal(asked.status().state, "ended");

  for (const [options, message] of [
    [{ batchId: () => undefined as never }, "Expected `batchId` to answer with a string, got `undefined`."],
    [{ batchId: () => ({}) as never }, "Expected `batchId` to answer with a string, got `an object`."],
    [{ processDelay: () => -1 }, "Expected `processDelay` to answer with a duration such as 500, \"500ms\" or \"30s\", got `-1`."],
  ] as const) {
    const run = pool.slots([1, 2], work, { slots: 1, ...options });
    await finish(clock, run);
    await assert.rejects(run.done, { message });
  }
  const numbered = pool.slots([1, 2], work, { slots: 1, batchId: ((item: number) => item) as never });
  await finish(clock, numbered);
  assert.deepEqual((await collect(numbered)).map(({ batchId }) => batchId), ["1", "2"]);
  assert.ok(allBack(pool));
  await pool.close();
});

test("a request that can never be sent fails its item, not the run", async () => {
  const { pool, clock } = await openPool({ defaults: { limits: [{ name: "minute", unit: "weight", limit: 10, per: "1m" }], weights: ({ path }) => (path === "/heavy" ? 11 : 1) } }, 1);
  const run = pool.slots(["/heavy", "/light"], work, { slots: 1, request: (path) => get(path) });
  await finish(clock, run);
  assert.deepEqual((await collect(run)).map(({ status, reason }) => [status, (reason as MultihomeError | undefined)?.code]), [["rejected", "MH_ERR_OVER_QUOTA"], ["fulfilled", undefined]]);
  await pool.close();
});

test("a worker that never ends: stop() says so, abort() frees its exit and what it sends", async () => {
  for (const request of [undefined, () => get()]) {
    const lines: string[] = [];
    const logger = { debug: () => {}, info: () => {}, error: () => {}, warn: (_fields: object, message: string) => void lines.push(message) };
    const { pool, clock } = await openPool({ logger }, 2);
    const transport = scriptedTransport([{ hang: true }], { clock });
    const aborted: unknown[] = [];
    const run = pool.slots(["a", "b", "c"], async (item, _lease, { signal }) => {
      signal.addEventListener("abort", () => aborted.push(signal.reason));
      if (item === "a") await new Promise(() => {});
      await pool.run(get(), transport);
    }, { slots: 2, request, batchId: (item) => item });
    await settle(clock);

    let stopped = false;
    void run.stop().then(() => (stopped = true));
    await clock.advance(10_000);
    assert.equal(stopped, false);
    assert.equal(run.status().state, "stopping");
    assert.equal(run.status().longestMs, 10_000);
    const [A, B] = addresses(2);
    assert.deepEqual(lines, [`stop() of slots-1 waits for 2 workers that have not ended: a through ${A} for 10000 ms, b through ${B} for 10000 ms. abort() frees their exits.`]);

    const reason = new Error("enough");
    run.abort(reason);
    run.abort(new Error("again"));
    await settle(clock);
    assert.equal(stopped, true);
    assert.deepEqual(aborted, [reason, reason]);
    assert.equal(transport.live, 0);
    await assert.rejects(run.done, reason);
    assert.ok(allBack(pool));
    const next = pool.slots([1, 2], () => sleep(clock, 1), { slots: 2 });
    await clock.advance(0);
    assert.equal(next.status().running, 2);
    await finish(clock, next);
    await pool.close();
  }
});

test("abort() takes back leases that a worker holds on to, and what is sent or waits on them", async () => {
  for (const request of [undefined, () => get()]) {
    const { pool, clock } = await openPool({ defaults: { spacing: "1s" } }, 2);
    const transport = scriptedTransport([{ hang: true }], { clock });
    const told: string[] = [];
    const run = pool.slots([1], async (_item, lease) => {
      const mine = lease.retain();
      const say = (error: Error): void => void told.push(error.message);
      await Promise.all([pool.run(get(), transport).catch(say), pool.run(get(), transport, { hints: { lease: mine } }).catch(say)]);
    }, { slots: 1, request });
    await clock.advance(10);
    assert.equal(transport.live, 1);
    run.abort(new Error("enough"));
    await settle(clock);
    assert.deepEqual(told, ["enough", "enough"]);
    assert.equal(transport.live, 0);
    assert.ok(allBack(pool));
    await pool.close();
  }
});

test("the results of what is aborted are read, then its reason is thrown", async () => {
  const { pool, clock } = await openPool({}, 2);
  const run = pool.slots(["quick", "slow", "never"], (item) => sleep(clock, item === "quick" ? 5 : 1_000), { slots: 2 });
  await clock.advance(10);
  run.abort(new Error("enough"));
  const results: string[] = [];
  await assert.rejects(async () => {
    for await (const { item, status } of run) results.push(`${item} ${status}`);
  }, /enough/);
  assert.deepEqual(results, ["quick fulfilled", "never rejected", "slow rejected"]);
  await pool.close();
});

test("a signal aborts a run, before and while it runs, and hears nothing more of it afterwards", async () => {
  const { pool, clock } = await openPool({}, 2);
  const { work: slow, taken } = worker(clock, 1_000);
  const early = pool.slots([1], slow, { slots: 1, signal: AbortSignal.abort(new Error("early")) });
  await assert.rejects(early.done, /early/);
  assert.equal(taken.length, 0);

  const controller = new AbortController();
  const run = pool.slots([1, 2, 3], slow, { slots: 1, signal: controller.signal });
  await clock.advance(1_500);
  controller.abort(new Error("now"));
  await assert.rejects(run.done, /now/);
  assert.deepEqual(taken.map(({ item }) => item), [1, 2]);
  assert.ok(allBack(pool));

  const other = new AbortController();
  const whole = pool.slots([1], slow, { slots: 1, signal: other.signal });
  await finish(clock, whole);
  assert.equal(getEventListeners(other.signal, "abort").length, 0);
  await pool.close();
});

test("items without end are taken one by one, and their source is closed by stop()", async () => {
  for (const kind of ["sync", "async"]) {
    const { pool, clock } = await openPool({}, 3);
    let made = 0;
    let closed = false;
    const source = kind === "sync"
      ? (function* () { try { for (;;) yield made++; } finally { closed = true; } })()
      : (async function* () { try { for (;;) yield made++; } finally { closed = true; } })();
    const { work: slow, taken } = worker(clock, 10);
    const run = pool.slots<number>(source, slow, { slots: 3 });
    await clock.advance(95);
    assert.equal(taken.length, 30);
    assert.ok(made <= 31, `${made} items were made`);
    const stopping = run.stop();
    await clock.advance(10);
    await stopping;
    await run.done;
    assert.equal(closed, true);
    assert.equal(taken.length, 30);
    assert.ok(allBack(pool));
    await pool.close();
  }
});

test("a source that fails, at once or later, ends the run with its error when what runs has ended", async () => {
  const { pool, clock } = await openPool({}, 3);
  const sources: (Iterable<number> | AsyncIterable<number>)[] = [
    (function* () { yield 1; throw new Error("source"); })(),
    (async function* () { yield 1; await sleep(clock, 1); throw new Error("source"); })(),
    { [Symbol.iterator]: () => ({ next: () => { throw new Error("source"); } }) },
    { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("source")) }) },
    { [Symbol.iterator]: () => { throw new Error("source"); } },
  ];
  for (const source of sources) {
    const { work: slow, taken } = worker(clock, 10);
    const run = pool.slots(source, slow, { slots: 2, interBatchDelay: 1 });
    const results = collect(run);
    results.catch(() => {});
    await finish(clock, run);
    await assert.rejects(run.done, /source/);
    await assert.rejects(results, /source/);
    assert.equal(run.status().processed, taken.length);
    assert.ok(allBack(pool));
  }
  await pool.close();
});

test("a source that never answers keeps neither stop() nor abort() waiting", async () => {
  const { pool, clock } = await openPool({}, 1);
  const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => {}) }) };
  const first = pool.slots(silent, work, { slots: 1 });
  await settle(clock);
  await first.stop();
  await first.done;
  const second = pool.slots(silent, work, { slots: 1 });
  await settle(clock);
  second.abort();
  await assert.rejects(second.done, { name: "AbortError" });
  await pool.close();
});

test("a lease given back early serves the next slot; what is sent on it afterwards is refused", async () => {
  for (const request of [undefined, () => get()]) {
    const { pool, clock } = await openPool({}, 1);
    const order: string[] = [];
    const run = pool.slots(["first", "second"], async (item, lease) => {
      order.push(`${item} begins`);
      if (item === "first") {
        lease.release();
        lease.release();
        await sleep(clock, 5);
        order.push(await pool.run(get(), scriptedTransport()).then(() => "sent", ({ code }: MultihomeError) => String(code)));
      }
      order.push(`${item} ends`);
    }, { slots: 2, request });
    run.resize(1);
    await finish(clock, run);
    assert.deepEqual(order, ["first begins", "MH_ERR_LEASE_OVER", "first ends", "second begins", "second ends"]);
    assert.ok(allBack(pool));
    await pool.close();
  }
});

test("slots for workers that end at once leave timers and sockets their turn", async () => {
  const { pool } = await openPool({}, 4);
  let count = 0;
  const run = pool.slots([1, 2, 3], async () => void count++, { slots: 2, cycles: Infinity });
  await new Promise<void>((resolve) => setTimeout(resolve, 20));
  assert.ok(count > 3, `${count} rounds`);
  await run.stop();
  await pool.close();
});

test("without an exit the run ends and says so; when the pool closes as well, and what runs is cut after the drain", async () => {
  for (const request of [undefined, () => get()]) {
    const none = createExitPool({ exits: { local: ["192.0.2.1"] } });
    const lost = none.slots([1], work, { slots: 1, request });
    await assert.rejects(lost.done, { code: "MH_ERR_NO_EXIT" });
    await none.close();

    const { pool, clock } = await openPool({}, 2);
    const short = pool.slots([1, 2, 3], () => sleep(clock, 100), { slots: 1, request });
    const long = pool.slots([1, 2, 3], () => sleep(clock, 10_000), { slots: 1, request });
    const results = collect(short);
    results.catch(() => {});
    await clock.advance(50);
    const closing = pool.close({ drain: 500 });
    assert.throws(() => pool.slots([1], work, { slots: 1 }), { code: "MH_ERR_CLOSED" });
    await clock.advance(60);
    await assert.rejects(short.done, { code: "MH_ERR_CLOSED" });
    await assert.rejects(results, { code: "MH_ERR_CLOSED" });
    assert.equal(short.status().processed, 1);
    assert.equal(long.status().running, 1);
    await clock.advance(500);
    await closing;
    await assert.rejects(long.done, { code: "MH_ERR_CLOSED" });
    assert.equal(long.status().processed, 1);
    assert.equal(long.status().failed, 1);
    assert.equal(clock.nextAt, 10_000);
  }
});
