import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, isMultihomeError, type ExitPool, type ExitPoolOptions, type Lease, type RequestInfo, type RunOptions } from "@multihome/core";
import { ManualClock, scriptedTransport, type ScriptedAttempt } from "@multihome/core/testing";

// The first request on a lease, paid for by what the lease has reserved, left whatever had happened since: while the server kept the exit
// away, and a moment after another send through an exit that keeps a distance. Rule: a reservation is of room; it is no leave to send.

const REQUEST: RequestInfo = { method: "GET", url: "http://api.test/" };
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const PER_MINUTE = (limit: number) => ({ limits: [{ name: "all", unit: "request", limit, per: "1m" as const }] });

interface Scene {
  readonly clock: ManualClock;
  readonly pool: ExitPool;
  readonly sent: readonly { readonly at: number }[];
  /** What becomes of a request, on a lease or without. */
  send(lease?: Lease, options?: RunOptions): Promise<string>;
}

async function open(script: readonly ScriptedAttempt[], options: ExitPoolOptions = {}): Promise<Scene> {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock, logger: SILENT, summaryEvery: false, queue: { maxAttempts: 1 }, ...options });
  await pool.ready();
  const transport = scriptedTransport(script, { clock });
  return {
    clock,
    pool,
    sent: transport.sent,
    send: (lease, more) =>
      pool.run({ ...REQUEST, ...(lease === undefined ? {} : { hints: { lease } }) }, transport, more).then(
        ({ status }) => String(status),
        (error: unknown) => (isMultihomeError(error) ? error.code : String(error)),
      ),
  };
}

test("what a lease has reserved waits for the end of a pause that began after the lease was taken", async () => {
  for (const mode of ["ephemeral", "shared"] as const) {
    const { clock, pool, sent, send } = await open([{ status: 429, headers: { "retry-after": "7" } }, {}], { defaults: PER_MINUTE(10) });
    const lease = await pool.acquire(REQUEST, { mode });
    assert.equal(await send(), "429");
    const sending = send(lease);
    await clock.advance(6_999);
    assert.equal(sent.length, 1);
    await clock.advance(1);
    assert.equal(await sending, "200");
    await pool.close({ drain: 0 });
  }
});

test("so it does where only the limit that it counts on is paused", async () => {
  const classify = { judge: ({ status }: { status: number }) => (status === 429 ? ({ kind: "rate-limited", limit: "all", retryAfterMs: 5_000 } as const) : undefined) };
  const { clock, pool, sent, send } = await open([{ status: 429 }, {}], { defaults: { ...PER_MINUTE(10), classify } });
  const lease = await pool.acquire(REQUEST);
  assert.equal(await send(), "429");
  const sending = send(lease);
  await clock.advance(4_999);
  assert.equal(sent.length, 1);
  await clock.advance(1);
  assert.equal(await sending, "200");
  await pool.close({ drain: 0 });
});

test("two sends of an exit are a distance apart, also where the second was paid for by a lease that is older than the first", async () => {
  const { clock, pool, sent, send } = await open([{}], { defaults: { spacing: 500 } });
  const lease = await pool.acquire(REQUEST);
  // The distance that its own lease has taken is for it: it need not wait twice.
  const own = await (async () => {
    await clock.advance(600);
    const other = await pool.acquire(REQUEST);
    await send(other);
    return other;
  })();
  assert.deepEqual(sent.map(({ at }) => at), [600]);
  const late = send(lease);
  await clock.advance(499);
  assert.equal(sent.length, 1);
  await clock.advance(1);
  assert.equal(await late, "200");
  own.release();
  await pool.close({ drain: 0 });
});

test("requests that wait on a lease are told of a ban as soon as it is known, unless they may wait for longer", async () => {
  const { clock, pool, sent, send } = await open([{ afterMs: 100, status: 418, headers: { "retry-after": "120" } }, {}], { defaults: PER_MINUTE(2) });
  const lease = await pool.acquire(REQUEST);
  const other = await pool.acquire(REQUEST);
  const first = send(lease);
  await send(other);
  const outcomes: string[] = [];
  // Its window is full: they wait.
  const waiting = [undefined, 50_000, 200_000, false as const].map((timeout) => send(lease, timeout === undefined ? {} : { timeout }).then((told) => outcomes.push(told)));
  await clock.advance(99);
  assert.deepEqual(outcomes, []);
  await clock.advance(1);
  assert.equal(await first, "418");
  await clock.advance(0);
  assert.deepEqual(outcomes, ["MH_ERR_BANNED", "MH_ERR_BANNED"]);
  await clock.advance(119_999);
  const before = sent.length;
  await clock.advance(1);
  await Promise.all(waiting);
  assert.deepEqual([before, outcomes.slice(2)], [2, ["200", "200"]]);
  await pool.close({ drain: 0 });
});

test("the error says which exit is banned where, for how long, and when it is worth asking again", async () => {
  const { pool, send } = await open([{ status: 418, headers: { "retry-after": "120" } }]);
  const lease = await pool.acquire(REQUEST);
  await send();
  await assert.rejects(pool.acquire(REQUEST, { hints: { lease } }), {
    code: "MH_ERR_BANNED",
    target: "api.test",
    retryAfterMs: 120_000,
    message: "api.test has banned 127.0.1.1, the exit of the given lease, for another 120 s, longer than the request may wait; the request was not sent.",
  });
  await pool.close({ drain: 0 });
});

test("what is reserved is not kept waiting behind others on its exit whose window is full", async () => {
  const { clock, pool, sent, send } = await open([{ status: 429, headers: { "retry-after": "5" } }, {}], { defaults: PER_MINUTE(3) });
  const [lease, other] = [await pool.acquire(REQUEST), await pool.acquire(REQUEST)];
  assert.equal(await send(other), "429");
  const behind = send(other, { timeout: false });
  const paid = send(lease, { timeout: false });
  await clock.advance(5_000);
  assert.equal(await Promise.race([paid, behind.then(() => "the other")]), "200");
  await clock.advance(60_000);
  await behind;
  assert.ok(sent.length === 3);
  await pool.close({ drain: 0 });
});

test("a shared lease does not wait for what another lease would find out: its holder may never send", async () => {
  const { pool } = await open([{}], { targets: { "api.test": { limits: [{ name: "all", unit: "weight", limit: 100, per: "1m", align: "fixed" }] } } });
  const held = await pool.acquire(REQUEST);
  const asked = pool.tryAcquire(REQUEST, { mode: "shared" });
  assert.equal(asked.granted, true);
  held.release();
  await pool.close({ drain: 0 });
});
