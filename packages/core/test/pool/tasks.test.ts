import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitPoolOptions, MaxAttemptsError, MultihomeError } from "../../src/index.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, post, settle } from "./support.ts";

test("submit settles as a success, or rejects with what was tried", async () => {
  const { pool } = await openPool({ queue: { maxAttempts: 2 } });
  assert.equal((await pool.submit(get(), scriptedTransport())).status, 200);

  const blocked = scriptedTransport([{ status: 403 }]);
  await assert.rejects(pool.submit(get(), blocked), (error: MaxAttemptsError) => {
    assert.equal(error.code, "MH_ERR_MAX_ATTEMPTS");
    assert.deepEqual(error.attempts?.map(({ exit, verdict, reason }) => [exit, verdict, reason]), addresses(3).slice(1).map((exit) => [exit, "blocked", "status 403"]));
    return true;
  });
  assert.deepEqual(blocked.sent.map(({ discarded }) => discarded), [true, true]);

  const cause = new Error("no way");
  await assert.rejects(pool.submit(post(), scriptedTransport([{ error: cause }])), (error: MaxAttemptsError) => error.code === "MH_ERR_MAX_ATTEMPTS" && error.cause === cause);
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("a full queue refuses at once, and submitAll takes all or none", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1, queue: { capacity: 3 } }, 1);
  const transport = scriptedTransport([{ hang: true }]);
  const running = pool.submit(get(), transport);
  const waiting = pool.submitAll([get(), get()], transport);
  assert.throws(() => pool.submitAll([get(), get()], transport), (error: MultihomeError) => error.code === "MH_ERR_POOL_FULL" && error.capacity === 3);
  await settle(clock);
  assert.equal(pool.status().tasks.pending, 2);
  waiting.push(pool.submit(get(), transport));
  assert.throws(() => pool.submit(get(), transport), { code: "MH_ERR_POOL_FULL" });

  const ids = new Set([running, ...waiting].map(({ id }) => id));
  assert.equal(ids.size, 4);
  for (const handle of [running, ...waiting]) handle.cancel();
  for (const handle of [running, ...waiting]) await assert.rejects(handle, { name: "AbortError" });
  await pool.close();
  assert.throws(() => pool.submit(get(), transport), { code: "MH_ERR_CLOSED" });
});

test("a handle that nobody looks at never crashes the process", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 } });
  void pool.submit(get(), scriptedTransport([{ error: "ECONNRESET" }]));
  await clock.advance(10);
  await pool.close();
});

test("cancel takes a reason, and means nothing after the end", async () => {
  const { pool } = await openPool({});
  const transport = scriptedTransport([{ hang: true }, {}]);
  const reason = new Error("changed my mind");
  const handle = pool.submit(get(), transport);
  await new Promise((resolve) => setImmediate(resolve));
  handle.cancel(reason);
  await assert.rejects(handle, (error) => error === reason);
  assert.equal(transport.sent[0].aborted, true);
  const done = pool.submit(get(), transport);
  await done;
  done.cancel();
  assert.equal((await done).status, 200);
  await pool.close();
});

test("map works a few items at a time, with every kind of end as a result", async () => {
  const { pool } = await openPool({});
  let running = 0;
  let most = 0;
  const seen: string[] = [];
  const work = async (n: number): Promise<number> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (n === 3) throw new Error("three");
    return n * 10;
  };
  for await (const result of pool.map([1, 2, 3, 4, 5], work, { concurrency: 2, ordered: true })) {
    seen.push(result.status === "fulfilled" ? `${result.item}: ${result.value}` : `${result.item}: ${(result.reason as Error).message}`);
  }
  assert.deepEqual(seen, ["1: 10", "2: 20", "3: three", "4: 40", "5: 50"]);
  assert.equal(most, 2);
  await pool.close();
});

test("map takes from an endless source only as fast as its results are fetched, and lets go of it when the loop is left", async () => {
  const { pool } = await openPool({});
  let taken = 0;
  let closed = false;
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (;;) yield taken++;
    } finally {
      closed = true;
    }
  }
  const signals: AbortSignal[] = [];
  let got = 0;
  for await (const _ of pool.map(numbers(), async (_n, signal) => void signals.push(signal), { concurrency: 4 })) {
    if (++got === 10) break;
  }
  assert.ok(taken <= 10 + 4 + 1, `${taken} were taken`);
  assert.equal(closed, true);
  assert.ok(signals.every((signal) => signal.aborted));
  await pool.close();
});

test("a map that is left while its source is asked for the next item lets go of it all the same, and does not wait for it", async () => {
  const { pool } = await openPool({});
  let closed = 0;
  let give = (): void => {};
  async function* slow(): AsyncGenerator<number> {
    try {
      yield 1;
      await new Promise<void>((resolve) => (give = resolve));
      yield 2;
    } finally {
      closed++;
    }
  }
  const begun: number[] = [];
  const left = pool.map(slow(), async (n) => void begun.push(n), { concurrency: 2 })[Symbol.asyncIterator]();
  await left.next();
  await left.return?.();
  assert.equal(closed, 0, "it is still at work, and nobody waits for it");
  give();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, 1);
  assert.deepEqual(begun, [1]);

  // One that knows how drops what it was asked for; what it throws then concerns nobody.
  let dropped = 0;
  const endless: AsyncIterator<number> & AsyncIterable<number> = {
    next: () => (begun.length < 2 ? Promise.resolve({ done: false, value: 3 }) : new Promise<never>(() => {})),
    return() {
      dropped++;
      throw new Error("not now");
    },
    [Symbol.asyncIterator]: () => endless,
  };
  const also = pool.map(endless, async (n) => void begun.push(n), { concurrency: 2 })[Symbol.asyncIterator]();
  await also.next();
  await also.return?.();
  assert.equal(dropped, 1);
  await pool.close();
});

test("a source that fails ends the map after what was running; a signal ends it at once", async () => {
  const { pool } = await openPool({});
  function* broken(): Generator<number> {
    yield 1;
    yield 2;
    throw new Error("source broke");
  }
  const results: number[] = [];
  await assert.rejects(async () => {
    for await (const { item } of pool.map(broken(), async (n) => n)) results.push(item);
  }, /source broke/);
  assert.deepEqual(results, [1, 2]);

  const controller = new AbortController();
  const stopped = outcome((async () => {
    for await (const _ of pool.map([1, 2], () => new Promise<never>(() => {}), { signal: controller.signal })) { /* none comes */ }
  })());
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort(Object.assign(new Error("no"), { code: "MINE" }));
  assert.equal(await stopped, "error MINE");
  assert.throws(() => pool.map([1], async () => 1, { concurrency: 0 }), RangeError);
  await pool.close();
});

test("a batch of leases is granted whole or not at all, and costs nothing when it is not", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, weights: (request) => Number(request.headers?.weight), limits: [{ name: "w", unit: "weight", limit: 10, per: "1m", align: "fixed" }] } } }, 2);
  const weighing = (weight: number) => get("/", { headers: { weight: String(weight) } });
  const refused = pool.tryAcquireAll([weighing(8), weighing(8), weighing(2), weighing(1), weighing(2)]);
  assert.ok(refused.every((result) => !result.granted && result.reason === "over-quota" && result.retryAfterMs === Infinity), "21 of 20 in one window is never");
  const [first] = pool.tryAcquireAll([weighing(3)]);
  assert.ok(first.granted);
  first.lease.settle({ status: 200, header: () => undefined });
  first.lease.release();
  const wait = pool.tryAcquireAll([weighing(8), weighing(8)]);
  assert.ok(wait.every((result) => !result.granted && result.reason === "limit:w" && result.retryAfterMs > 1_000 && result.retryAfterMs <= 60_000), "both fit as soon as the window turns");
  await clock.advance(60_000);
  const granted = pool.tryAcquireAll([weighing(8), weighing(8), weighing(2), weighing(2)]);
  assert.ok(granted.every((result) => result.granted));
  for (const result of granted) if (result.granted) result.lease.release();
  await pool.close();
});

test("a batch that no window ever holds is over quota: by its number where the units do not divide, by account, by what exits share", async () => {
  const limit = { unit: "weight", limit: 10, per: "1m" } as const;
  const reasonOf = async (options: ExitPoolOptions, weights: readonly number[]): Promise<string> => {
    const { pool } = await openPool(options, 2);
    const results = pool.tryAcquireAll(weights.map((weight) => get("/", { hints: { weight } })));
    for (const result of results) if (result.granted) result.lease.release();
    await pool.close();
    return results[0].granted ? "granted" : results[0].reason;
  };
  const of = (more: object, pool: ExitPoolOptions = {}): ExitPoolOptions => ({ ...pool, targets: { "api.test": { limits: [{ name: "w", ...limit, ...more }] } } });
  assert.equal(await reasonOf(of({}), [6, 6, 6]), "over-quota");
  assert.equal(await reasonOf(of({}), [10, 10]), "granted");
  assert.equal(await reasonOf(of({ scope: "target" }), [6, 5]), "over-quota");
  assert.equal(await reasonOf(of({ align: "bucket" }), [10, 10, 1]), "over-quota");
  assert.equal(await reasonOf(of({}, { exits: { local: addresses(2), egress: () => "one" } }), [6, 6]), "over-quota");
});

test("the signal that map hands to many functions at a time is listened to by all of them without a warning", async (t) => {
  const { pool } = await openPool({});
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  let waiting = 0;
  let all = (): void => {};
  const met = new Promise<void>((resolve) => (all = resolve));
  const work = async (_n: number, signal: AbortSignal): Promise<void> => {
    signal.addEventListener("abort", () => {});
    if (++waiting === 30) all();
    await met;
  };
  for await (const { status } of pool.map(Array.from({ length: 30 }, (_, i) => i), work, { concurrency: 30 })) assert.equal(status, "fulfilled");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, []);
  await pool.close();
});
