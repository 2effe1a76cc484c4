import assert from "node:assert/strict";
import { test } from "node:test";
import v8 from "node:v8";
import vm from "node:vm";
import { isMultihomeError, type ExitPool, type Lease } from "../../src/index.ts";
import { noopTransport, scriptedTransport } from "../../src/testing/index.ts";
import { get, HOST, openPool, outcome, settle } from "./support.ts";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

/** Until the collector has found out: it says so in a task of its own. */
async function collected(done: () => boolean): Promise<void> {
  for (let i = 0; i < 50 && !done(); i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(done(), "not collected");
}

function listening(): { warned: string[]; logger: Record<"debug" | "info" | "warn" | "error", (fields: object, message: string) => void> } {
  const warned: string[] = [];
  return { warned, logger: { debug() {}, info() {}, warn: (_, message) => warned.push(message), error() {} } };
}

const inUse = (pool: ExitPool): number => pool.status().kinds.default.inflight;

test("`using` and `await using` give the lease back, whatever happens", async () => {
  const { pool } = await openPool({}, 1);
  {
    using lease = await pool.acquire(get());
    assert.equal(lease.exit.id, "127.0.1.1");
    assert.equal(inUse(pool), 1);
  }
  assert.equal(inUse(pool), 0);
  await assert.rejects(async () => {
    await using lease = await pool.acquire(get(), { mode: "shared" });
    assert.equal(lease.mode, "shared");
    throw new Error("worker");
  }, /worker/);
  assert.equal(inUse(pool), 0);
  await pool.close();
});

test("a lease is settled once: what is said first counts, and later words change nothing", async () => {
  const { pool } = await openPool({}, 1);
  const verdicts: string[] = [];
  pool.on("multihome:lease.settled", ({ verdict }) => verdicts.push(verdict));
  const lease = await pool.acquire(get());
  lease.settle("success");
  lease.settle("banned");
  lease.settle(new Error("late"));
  lease.release();
  lease.settle("blocked");
  lease.release();
  assert.deepEqual(verdicts, ["success"]);
  assert.equal(pool.status().targets[HOST].exits["127.0.1.1"].status, "active");

  const observed = await pool.acquire(get());
  const refusal = { status: 429, header: (name: string) => (name === "retry-after" ? "7" : undefined) };
  observed.observe(refusal);
  observed.settle(refusal);
  observed.release();
  assert.deepEqual(verdicts, ["success", "rate-limited"]);
  assert.equal(pool.status().targets[HOST].exits["127.0.1.1"].warnings, 1);
  await pool.close();
});

test("each holder releases a lease by itself, and the exit is free after the last", async () => {
  const { pool } = await openPool({ perExitInFlight: 1 }, 1);
  const buy = await pool.acquire(get());
  const sell = buy.retain();
  const third = sell.retain();
  assert.equal(sell.exit.id, buy.exit.id);
  buy.release();
  buy.release();
  sell.release();
  assert.equal(pool.tryAcquire(get()).granted, false);
  third.settle("success");
  third.release();
  assert.equal(pool.tryAcquire(get()).granted, true);
  assert.throws(() => third.retain(), TypeError);
  await pool.close({ drain: 0 });
});

test("a request on a lease that was released is refused, and is not sent by another exit", async () => {
  const { pool, clock } = await openPool({}, 2);
  const transport = scriptedTransport([{}], { clock });
  const lease = await pool.acquire(get());
  const other = lease.retain();
  lease.release();
  const refused = (error: unknown): boolean => isMultihomeError(error) && error.code === "MH_ERR_LEASE_OVER" && error.message.includes(lease.exit.id);
  await assert.rejects(pool.run(get("/", { hints: { lease } }), transport), refused);
  await assert.rejects(pool.with({ lease }, () => pool.run(get(), transport)), refused);
  await assert.rejects(pool.acquire(get("/", { hints: { lease } })), refused);
  assert.equal(transport.sent.length, 0);
  await pool.run(get("/", { hints: { lease: other } }), transport);
  assert.equal(transport.sent[0].exit, lease.exit.id);
  other.release();
  await pool.close();
});

test("what is sent on a lease leaves by its exit, however deep, and its first request pays with what the lease reserved", async () => {
  const { pool, clock } = await openPool({ targets: { [HOST]: { serverOffset: 0, limits: [{ name: "w", unit: "weight", limit: 10, per: "1m", align: "fixed" }] } } }, 3);
  const transport = scriptedTransport([{}], { clock });
  const used = (exit: string): number => pool.status().targets[HOST].exits[exit].limits[0].used;
  await pool.run(get(), transport);
  const lease = await pool.acquire(get("/", { hints: { weight: 4 } }));
  await pool.with({ lease, kind: "pair", batchId: "b1" }, async () => {
    await settle(clock);
    await Promise.all([1, 2, 3].map(async () => {
      await Promise.resolve();
      await pool.run(get(), transport);
    }));
  });
  assert.deepEqual(transport.sent.slice(1).map(({ exit }) => exit), [lease.exit.id, lease.exit.id, lease.exit.id]);
  assert.equal(used(lease.exit.id), 4 + 2);
  assert.equal(pool.status().kinds.pair.completed, 3);
  lease.release();
  await pool.close();
});

test("waiting acquires are served by priority and kind", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1, kinds: { orders: { priority: 5 }, market: {} } }, 1);
  const order: string[] = [];
  const take = (name: string, hints: object): Promise<void> =>
    pool.acquire(get("/", { hints })).then((lease) => {
      order.push(name);
      lease.release();
    });
  const first = await pool.acquire(get());
  const all = [take("market", { kind: "market" }), take("order", { kind: "orders" }), take("urgent", { priority: 9 }), take("low", { priority: -1 })];
  await settle(clock);
  first.release();
  await Promise.all(all);
  assert.deepEqual(order, ["urgent", "order", "market", "low"]);
  await pool.close();
});

test("an acquire that is aborted, or comes too late, takes nothing", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1 }, 1);
  const held = await pool.acquire(get());
  const controller = new AbortController();
  const aborted = pool.acquire(get(), { signal: controller.signal });
  const late = outcome(pool.acquire(get(), { timeout: 500 }));
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  await assert.rejects(pool.acquire(get(), { signal: controller.signal }), /enough/);
  await clock.advance(500);
  assert.equal(await late, "error MH_ERR_TIMEOUT");
  const later = assert.rejects(pool.acquire(get(), { timeout: 500 }), { message: "No lease for api.test within 500 ms (timeout); no exit was free (in-flight)." });
  await clock.advance(500);
  await later;
  held.release();
  assert.deepEqual([inUse(pool), pool.status().tasks.pending], [0, 0]);
  await pool.close();
});

test("a lease that nobody holds any more comes back by itself, and is warned about with where it was taken", async () => {
  const { warned, logger } = listening();
  const { pool, clock } = await openPool({ perExitInFlight: 1, logger }, 1);
  async function forgetful(): Promise<void> {
    await pool.acquire(get());
  }
  await forgetful();
  assert.equal(inUse(pool), 1);
  const waiting = pool.acquire(get(), { timeout: false });
  await clock.advance(1_234);
  await collected(() => warned.length > 0);
  (await waiting).release();
  assert.equal(inUse(pool), 0);
  assert.match(warned[0], /A lease of 127\.0\.1\.1 for api\.test was never released/);
  assert.match(warned[0], /It was taken here:\n\s+at forgetful/);
  assert.match(warned[0], /leases\.test/);
  assert.doesNotMatch(warned[0], /race\/acquire/);

  // Taken at once, and retained: each of the two that are lost is told of, and the lease is back with the last.
  (() => {
    const answer = pool.tryAcquire(get());
    assert.ok(answer.granted);
    answer.lease.retain();
  })();
  assert.equal(inUse(pool), 1);
  await collected(() => inUse(pool) === 0);
  await pool.close();
});

test("a lease is not lost while something is sent on it, or somebody has its agent", async () => {
  const { warned, logger } = listening();
  const { pool, clock } = await openPool({ logger }, 1);
  const slow = scriptedTransport([{ afterMs: 60_000 }], { clock });
  const answer = await (async () => {
    const lease = await pool.acquire(get());
    return { done: outcome(pool.run(get("/", { hints: { lease } }), slow, { timeout: false })) };
  })();
  const agent = await (async () => (await pool.acquire(get("/", { hints: { kind: "agent" } }))).agent.http)();
  for (let i = 0; i < 10; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([warned, typeof agent.addListener], [[], "function"]);
  await clock.advance(60_000);
  assert.equal(await answer.done, "answer 200");
  assert.equal(pool.status().kinds.agent.inflight, 1, "its agent is still held");
  await pool.close({ drain: 0 });
});

test("a lease that is held for five minutes is worth a word, once; a shared one is not", async () => {
  const { warned, logger } = listening();
  const { pool, clock } = await openPool({ logger }, 2);
  const lease = await pool.acquire(get());
  const shared = await pool.acquire(get(), { mode: "shared" });
  lease.observe({ status: 200, header: () => undefined });
  await clock.advance(299_999);
  assert.deepEqual(warned, []);
  await clock.advance(1_000_000);
  assert.equal(warned.length, 1);
  assert.match(warned[0], /held for 5 minutes; is it released on every path\? It was taken here:/);
  assert.equal(inUse(pool), 2, "it is still its holder's");
  lease.release();
  shared.release();
  await pool.close();
});

test("closing the pool takes leases back; their holders may release them all the same", async () => {
  const { pool } = await openPool({}, 1);
  const lease = await pool.acquire(get());
  const more: Lease = lease.retain();
  await pool.close({ drain: 0 });
  assert.equal(inUse(pool), 0);
  lease.settle("success");
  lease.release();
  more.release();
  assert.throws(() => more.retain(), TypeError);
  await assert.rejects(pool.run(get("/", { hints: { lease } }), noopTransport()), (error) => isMultihomeError(error) && error.code === "MH_ERR_CLOSED");
});

test("what may be printed of a lease holds no request", async () => {
  const { pool } = await openPool({}, 1);
  const lease = await pool.acquire(get("/", { headers: { "x-api-key": "secret" } }));
  assert.equal(JSON.stringify(lease), '{"exit":"127.0.1.1","target":"api.test","weight":1,"mode":"ephemeral"}');
  lease.release();
  await pool.close();
});
