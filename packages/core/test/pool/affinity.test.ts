import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { test } from "node:test";
import { createExitPool, type Limit, type RequestInfo } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, HOST, openPool, outcome, settle } from "./support.ts";

const keyed = (affinity: string, more: object = {}): RequestInfo => get("/", { hints: { affinity, ...more } });

test("the same key leaves by the same exit, at every target and in every pool of these exits", async () => {
  const { pool, clock } = await openPool({}, 10);
  const transport = scriptedTransport([{}], { clock });
  for (let i = 0; i < 40; i++) await pool.run(keyed(`key-${i % 20}`), transport);
  const exits = transport.sent.map(({ exit }) => exit);
  assert.deepEqual(exits.slice(20), exits.slice(0, 20));
  assert.ok(new Set(exits).size > 5, "keys are spread");

  await pool.run({ ...keyed("key-3"), url: "http://other.test/", host: "other.test" }, transport);
  assert.equal(transport.sent.at(-1)?.exit, exits[3]);
  const again = await openPool({}, 10);
  await again.pool.run(keyed("key-3"), transport);
  assert.equal(transport.sent.at(-1)?.exit, exits[3]);
  await pool.close();
  await again.pool.close();
});

test("a key moves while its exit is banned, and returns after", async () => {
  const { pool, clock } = await openPool({}, 5);
  const ok = scriptedTransport([{}], { clock });
  await pool.run(keyed("a"), ok);
  const own = ok.sent[0].exit;
  await pool.run(keyed("a"), scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, {}], { clock }));
  for (let i = 0; i < 3; i++) await pool.run(keyed("a"), ok);
  const [, second, third, fourth] = ok.sent.map(({ exit }) => exit);
  assert.notEqual(second, own);
  assert.deepEqual([third, fourth], [second, second]);
  await clock.advance(300_000);
  await pool.run(keyed("a"), ok);
  assert.equal(ok.sent.at(-1)?.exit, own);
  await pool.close();
});

test("a key moves while its exit rests after failures, and from one that is dead", async () => {
  const clock = new ManualClock();
  const proxies = Array.from({ length: 6 }, (_, i) => `socks5://10.0.0.${i + 1}:1080`);
  const pool = createExitPool({ exits: { proxies }, clock, random: () => 0.5, defaults: { spacing: 0 }, queue: { maxAttempts: 1 } });
  await pool.ready();
  const ok = scriptedTransport([{}], { clock });
  await pool.run(keyed("a"), ok);
  const own = ok.sent[0].exit;
  const failing = scriptedTransport([{ error: "ECONNRESET" }], { clock });
  for (let i = 0; i < 3; i++) await pool.run(keyed("a"), failing).catch(() => {});
  assert.deepEqual(new Set(failing.sent.map(({ exit }) => exit)), new Set([own]));
  await pool.run(keyed("a"), ok);
  assert.notEqual(ok.sent.at(-1)?.exit, own);
  await clock.advance(31_000);
  await pool.run(keyed("a"), ok);
  assert.equal(ok.sent.at(-1)?.exit, own);
  await pool.close();
});

test("retries of one endpoint land on one exit, and wait for it where it was told to wait", async () => {
  const { pool, clock } = await openPool({}, 5);
  const transport = scriptedTransport([{ status: 429, headers: { "retry-after": "2" } }, { error: "ECONNRESET" }, {}], { clock });
  const answer = outcome(pool.run(keyed("endpoint"), transport));
  await settle(clock);
  assert.equal(transport.sent.length, 1);
  await clock.advance(2_000);
  assert.equal(await answer, "answer 200");
  assert.equal(new Set(transport.sent.map(({ exit }) => exit)).size, 1);
  assert.deepEqual(transport.sent.map(({ at }) => at), [0, 2_000, 2_000]);
  await pool.close();
});

test("a key waits for a window of its exit while others are free, but not for ever", async () => {
  const limits: Limit[] = [{ name: "r", unit: "request", limit: 1, per: "10s", align: "fixed" }];
  const { pool, clock } = await openPool({ targets: { [HOST]: { limits, serverOffset: 0 } } }, 3);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 8 }, () => outcome(pool.run(keyed("a"), transport)));
  await settle(clock);
  assert.equal(transport.sent.length, 1);
  // Meanwhile the others serve whoever takes any exit.
  const others = [outcome(pool.run(get(), transport)), outcome(pool.run(get(), transport))];
  await settle(clock);
  assert.equal(transport.sent.length, 3);
  await clock.advance(20_000);
  const own = transport.sent[0].exit;
  assert.deepEqual(transport.sent.map(({ exit, at }) => (at > 0 ? exit : own)), Array.from({ length: 5 }, () => own));
  // Half of the queue's 60 s: from then on any exit is better than none.
  await clock.advance(10_000);
  assert.ok(new Set(transport.sent.filter(({ at }) => at === 30_000).map(({ exit }) => exit)).size === 3, "all three exits");
  await clock.advance(30_000);
  await Promise.all([...all, ...others]);
  await pool.close();
});

test("what is known to come too late is not waited for", async () => {
  const limits: Limit[] = [{ name: "r", unit: "request", limit: 1, per: "10m", align: "fixed" }];
  const { pool, clock } = await openPool({ targets: { [HOST]: { limits, serverOffset: 0 } } }, 3);
  const transport = scriptedTransport([{}], { clock });
  await pool.run(keyed("a"), transport);
  await pool.run(keyed("a"), transport);
  await pool.run(keyed("b", {}), transport, { timeout: "20s" });
  assert.equal(new Set(transport.sent.map(({ exit }) => exit)).size, 3);
  await pool.close();
});

test("a busy exit is waited for; its key's turn comes when the attempt ends", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1 }, 3);
  const slow = scriptedTransport([{ afterMs: 5_000 }], { clock });
  const all = [1, 2, 3].map(() => outcome(pool.run(keyed("a"), slow)));
  await clock.advance(12_000);
  assert.deepEqual(slow.sent.map(({ at }) => at), [0, 5_000, 10_000]);
  assert.equal(new Set(slow.sent.map(({ exit }) => exit)).size, 1);
  await clock.advance(5_000);
  await Promise.all(all);
  await pool.close();
});

test("a thousand requests that wait for one exit hold up nobody", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1, queue: { capacity: 5_000 } }, 2);
  const slow = scriptedTransport([{ afterMs: 1_000 }], { clock });
  const gone = new AbortController();
  setMaxListeners(2_000, gone.signal);
  const all = Array.from({ length: 1_000 }, () => outcome(pool.run(keyed("a"), slow, { timeout: false, signal: gone.signal })));
  await settle(clock);
  const other = scriptedTransport([{ afterMs: 10 }], { clock });
  const others = Array.from({ length: 20 }, () => outcome(pool.run(get(), other)));
  await clock.advance(300);
  assert.equal(other.sent.length, 20);
  assert.deepEqual(new Set(other.sent.map(({ exit }) => exit)).has(slow.sent[0].exit), false);
  gone.abort(new Error("enough"));
  await clock.advance(1_000);
  await Promise.all([...all, ...others]);
  assert.equal(pool.status().tasks.pending, 0);
  await pool.close();
});

test("a key is not raced unless its request says so, and then its own exit is in it", async () => {
  const { pool, clock } = await openPool({ targets: { [HOST]: { race: { mode: "race", width: 3 } } } }, 5);
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });
  const one = outcome(pool.run(keyed("a"), transport));
  await clock.advance(10);
  await one;
  assert.equal(transport.sent.length, 1);
  const raced = outcome(pool.run(keyed("a", { race: 3 }), transport));
  await clock.advance(10);
  await raced;
  assert.equal(transport.sent.length, 4);
  assert.equal(transport.sent[1].exit, transport.sent[0].exit);
  await pool.close();
});

test("avoid-previous leaves by another exit than the batch's last request, and than its own last attempt", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(3), strategy: "failover" } }, 3);
  const transport = scriptedTransport([{}], { clock });
  const [first, second] = addresses(3);
  const avoiding = (batchId?: string): RequestInfo => get("/", { hints: batchId === undefined ? { affinity: "avoid-previous" } : { affinity: "avoid-previous", batchId } });
  for (const batch of ["a", "b", "a", "b", "a"]) await pool.run(avoiding(batch), transport);
  assert.deepEqual(transport.sent.map(({ exit }) => exit), [first, first, second, second, first]);

  // Inside one `with` it is the last one there; outside, the last one that asked for it at all.
  const before = transport.sent.length;
  await pool.with({ affinity: "avoid-previous" }, async () => {
    for (let i = 0; i < 3; i++) await pool.run(get(), transport);
  });
  assert.deepEqual(transport.sent.slice(before).map(({ exit }) => exit), [first, second, first]);
  for (let i = 0; i < 3; i++) await pool.run(avoiding(), transport);
  assert.deepEqual(transport.sent.slice(before + 3).map(({ exit }) => exit), [first, second, first]);

  const retried = scriptedTransport([{ error: "ECONNRESET" }, {}], { clock });
  await pool.run(avoiding("c"), retried);
  assert.deepEqual(retried.sent.map(({ exit }) => exit), [first, second]);
  await pool.close();
});

test("avoiding the previous exit is a wish: the only one is used again", async () => {
  const { pool, clock } = await openPool({}, 1);
  const transport = scriptedTransport([{}], { clock });
  for (let i = 0; i < 3; i++) await pool.run(get("/", { hints: { affinity: "avoid-previous" } }), transport);
  assert.equal(transport.sent.length, 3);
  await pool.close();
});

test("leases by hand know affinity: tryAcquire says when its exit has room, and takes no other", async () => {
  const { pool } = await openPool({ perExitInFlight: 1 }, 4);
  const first = await pool.acquire(keyed("a"));
  const refused = pool.tryAcquire(keyed("a"));
  assert.deepEqual(refused, { granted: false, reason: "in-flight", retryAfterMs: 0 });
  const other = pool.tryAcquire(get());
  assert.ok(other.granted && other.lease.exit.id !== first.exit.id);
  first.release();
  const again = pool.tryAcquire(keyed("a"), { mode: "shared" });
  assert.ok(again.granted && again.lease.exit.id === first.exit.id && again.lease.mode === "shared");
  const avoided = await pool.acquire(get("/", { hints: { affinity: "avoid-previous", batchId: "x" } }), { mode: "shared" });
  const next = await pool.acquire(get("/", { hints: { affinity: "avoid-previous", batchId: "x" } }), { mode: "shared" });
  assert.notEqual(avoided.exit.id, next.exit.id);
  for (const lease of [avoided, next, again.lease, other.lease]) lease.release();
  await pool.close();
});

test("a key of a megabyte works like any other", async () => {
  const { pool, clock } = await openPool({}, 10);
  const transport = scriptedTransport([{}], { clock });
  const long = "k".repeat(1_000_000);
  for (let i = 0; i < 3; i++) await pool.run(keyed(long), transport);
  assert.equal(new Set(transport.sent.map(({ exit }) => exit)).size, 1);
  await pool.close();
});

test("hints that are not what they should be order nothing, pin nothing and break nothing", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1, kinds: { orders: { priority: 1 } } }, 1);
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });
  const odd = [{ priority: NaN }, { priority: "9" }, { kind: 7 }, { kind: null }, { affinity: null }, { affinity: 5 }, { affinity: "avoid-previous", batchId: 3 }, { kind: "orders", priority: undefined }];
  const all = odd.map((hints, i) => outcome(pool.run(get(`/${i}`, { hints: hints as never }), transport)));
  await clock.advance(200);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  // The first was sent at once, the order goes before the others, which keep their turn.
  assert.deepEqual(transport.sent.map(({ url }) => new URL(url).pathname.slice(1)), ["0", "7", "1", "2", "3", "4", "5", "6"]);
  await pool.close();
});

test("an exit that is banned at one target keeps its keys at the others", async () => {
  const { pool, clock } = await openPool({}, 5);
  const transport = scriptedTransport([{ status: 418, headers: { "retry-after": "60" } }, {}], { clock });
  await pool.run(keyed("a"), transport);
  const [own, standIn] = transport.sent.map(({ exit }) => exit);
  await pool.run({ ...keyed("a"), url: "http://other.test/", host: "other.test" }, transport);
  await pool.run(keyed("a"), transport);
  assert.deepEqual(transport.sent.slice(2).map(({ exit }) => exit), [own, standIn]);
  await pool.close();
});
