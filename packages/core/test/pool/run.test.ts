import assert from "node:assert/strict";
import { test } from "node:test";
import type { Transport } from "../../src/index.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, post, settle } from "./support.ts";

test("requests leave by the least recently used exit, so the whole pool is walked", async () => {
  const { pool } = await openPool({}, 4);
  const transport = scriptedTransport();

  for (let i = 0; i < 8; i++) await pool.run(get(), transport);

  const [a, b, c, d] = addresses(4);
  assert.deepEqual(transport.sent.map(({ exit }) => exit), [a, b, c, d, a, b, c, d]);
  await pool.close();
});

test("an exit error is tried again on another exit for safe methods, and handed on unchanged for others", async () => {
  const { pool } = await openPool({});
  const failing = scriptedTransport([{ error: "ECONNRESET" }, {}]);
  assert.equal(await outcome(pool.run(get(), failing)), "answer 200");
  assert.deepEqual(failing.sent.map(({ exit }) => exit), addresses(2));

  const error = Object.assign(new Error("gone"), { code: "ECONNRESET" });
  const posting = scriptedTransport([{ error }, {}]);
  await assert.rejects(pool.run(post(), posting), (caught) => caught === error);
  assert.equal(posting.sent.length, 1);
  await pool.close();
});

test("a POST of which nothing was sent is tried again on another exit", async () => {
  const { pool } = await openPool({});
  const transport = scriptedTransport([{ error: "EADDRNOTAVAIL", unsent: true }, {}]);

  assert.equal(await outcome(pool.run(post(), transport)), "answer 200");

  assert.equal(new Set(transport.sent.map(({ exit }) => exit)).size, 2);
  await pool.close();
});

test("a refused POST is tried again elsewhere where its body can be sent twice, else the refusal is handed on", async () => {
  const { pool } = await openPool({});
  assert.equal(await outcome(pool.run(post(), scriptedTransport([{ status: 429 }, {}]))), "answer 200");
  assert.equal(await outcome(pool.run(post("/", { body: undefined, replayable: false }), scriptedTransport([{ status: 429 }, {}]))), "answer 429");
  await pool.close();
});

test("when the attempts are used up the last answer is handed on, and each of them was tried on another exit", async () => {
  const { pool } = await openPool({ queue: { maxAttempts: 3 } }, 5);
  const transport = scriptedTransport([{ status: 403 }]);

  assert.equal(await outcome(pool.run(get(), transport)), "answer 403");

  assert.equal(transport.sent.length, 3);
  assert.equal(new Set(transport.sent.map(({ exit }) => exit)).size, 3);
  assert.deepEqual(transport.sent.map(({ discarded }) => discarded), [true, true, false]);
  await pool.close();
});

test("a 5xx of the target is not tried again on local exits", async () => {
  const { pool } = await openPool({});
  const transport = scriptedTransport([{ status: 503 }, {}]);
  assert.equal(await outcome(pool.run(get(), transport)), "answer 503");
  assert.equal(transport.sent.length, 1);
  await pool.close();
});

test("429 pauses the exit at that target for as long as Retry-After says, and no other exit", async () => {
  const { pool, clock } = await openPool({}, 2);
  const transport = scriptedTransport([{ status: 429, headers: { "retry-after": "10" } }, {}]);

  await pool.run(get(), transport);
  for (let i = 0; i < 3; i++) await pool.run(get(), transport);
  const [first, second] = addresses(2);
  assert.deepEqual(transport.sent.map(({ exit }) => exit), [first, second, second, second, second]);

  // At another target it goes on.
  await pool.run({ method: "GET", url: "http://other.test/", host: "other.test", path: "/" }, transport);
  assert.equal(transport.sent.at(-1)?.exit, first);

  await clock.advance(10_000);
  await pool.run(get(), transport);
  assert.equal(transport.sent.at(-1)?.exit, first);
  await pool.close();
});

test("a longer pause is never shortened by a shorter one, and a success never ends one", async () => {
  const { pool, clock } = await openPool({}, 1);
  const transport = scriptedTransport([
    { status: 429, headers: { "retry-after": "60" }, afterMs: 100 },
    { status: 429, headers: { "retry-after": "1" }, afterMs: 200 },
    { status: 200, afterMs: 300 },
  ], { clock });
  const limited = { hints: {}, timeout: 500 } as const;
  const running = [0, 1, 2].map(() => outcome(pool.run(get(), transport, limited)));
  await clock.advance(1_000);
  assert.deepEqual(await Promise.all(running), ["answer 429", "answer 429", "answer 200"]);

  const refused = pool.tryAcquire(get());
  assert.ok(!refused.granted && refused.reason === "cooldown" && refused.retryAfterMs > 58_000, JSON.stringify(refused));
  await pool.close();
});

test("pauses that the server does not measure double, and a burst of refusals is one step", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 } }, 1);
  const burst = scriptedTransport([{ status: 429 }]);
  await Promise.all([1, 2, 3].map(() => outcome(pool.run(get(), burst))));
  assert.equal(await pauseLeft(), 500);
  await clock.advance(500);
  await outcome(pool.run(get(), burst));
  assert.equal(await pauseLeft(), 1_000);
  await clock.advance(1_000);
  await outcome(pool.run(get(), burst));
  assert.equal(await pauseLeft(), 2_000);
  await pool.close();

  async function pauseLeft(): Promise<number> {
    await settle(clock);
    const refused = pool.tryAcquire(get());
    return refused.granted ? 0 : refused.retryAfterMs;
  }
});

test("418 bans the exit to the second; a second ban within a minute pauses the whole target", async () => {
  const { pool, clock } = await openPool({}, 3);
  const transport = scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, {}]);
  assert.equal(await outcome(pool.run(get(), transport)), "answer 200");
  assert.equal(pool.status().exits.banned, 1);
  await clock.advance(299_000);
  assert.equal(pool.status().targets["api.test"].exits[addresses(1)[0]].status, "banned");
  await clock.advance(1_000);
  assert.equal(pool.status().exits.banned, 0);

  const twice = scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, { status: 418, headers: { "retry-after": "300" } }, {}], { clock });
  const running = outcome(pool.run(get(), twice));
  await clock.advance(1_000);
  assert.equal(twice.sent.length, 2);
  assert.deepEqual(pool.tryAcquire(get()), { granted: false, reason: "banned", retryAfterMs: 119_000 });
  assert.equal(await running, "answer 418");
  await pool.close();
});

test("a target that bans a second exit is left alone for no longer than the bans themselves last, where the server says how long", async () => {
  const { pool, clock } = await openPool({}, 3);
  const banned = (seconds: string) => ({ status: 418, headers: { "retry-after": seconds } });
  const transport = scriptedTransport([banned("8"), banned("5"), {}], { clock });
  const answer = outcome(pool.run(get(), transport));
  while (transport.sent.length < 2) await clock.advance(100);
  await clock.advance(0);

  // The first of them ends last, and the third exit waits with them.
  const before = clock.now();
  const refused = pool.tryAcquire(get());
  assert.ok(!refused.granted && refused.reason === "banned" && refused.retryAfterMs > 5_000 && refused.retryAfterMs <= 8_000, JSON.stringify(refused));
  await clock.advance(refused.retryAfterMs - 1);
  assert.equal(transport.sent.length, 2);
  await clock.advance(1);
  assert.equal(await answer, "answer 200");
  assert.ok(clock.now() - before <= 8_000);

  // Bans that are longer than `backoff.banMin` leave the others alone for that long and not for days.
  await clock.advance(120_000);
  const long = scriptedTransport([banned("259200"), banned("259200"), {}], { clock });
  const later = outcome(pool.run(get(), long, { timeout: "1h" }));
  while (long.sent.length < 2) await clock.advance(100);
  await clock.advance(119_000);
  assert.equal(long.sent.length, 2);
  await clock.advance(1_000);
  assert.equal(await later, "answer 200");
  await pool.close();
});

test("what the caller aborts ends at once, while it waits and while it runs, and its lease comes back", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1 }, 1);
  const transport = scriptedTransport([{ hang: true }]);
  const running = new AbortController();
  const waiting = new AbortController();
  const first = outcome(pool.run(get(), transport, { signal: running.signal }));
  const second = outcome(pool.run(get(), transport, { signal: waiting.signal }));
  await settle(clock);
  assert.equal(pool.status().tasks.pending, 1);

  waiting.abort(Object.assign(new Error("no"), { code: "MINE_2" }));
  assert.equal(await second, "error MINE_2");
  assert.equal(pool.status().tasks.pending, 0);
  running.abort(Object.assign(new Error("no"), { code: "MINE_1" }));
  assert.equal(await first, "error MINE_1");
  assert.equal(transport.sent[0].aborted, true);
  assert.equal(pool.status().inflight, 0);

  const already = AbortSignal.abort(Object.assign(new Error("no"), { code: "MINE_3" }));
  assert.equal(await outcome(pool.run(get(), transport, { signal: already })), "error MINE_3");
  assert.equal(transport.sent.length, 1);
  await pool.close();
});

test("an answer that was handed over is the caller's: his signal ends it, and its lease is out until it has ended", async () => {
  const { pool, clock } = await openPool({}, 1);
  const transport = scriptedTransport([{ bodyMs: 5_000 }], { clock });
  const controller = new AbortController();

  const response = await pool.run(get(), transport, { signal: controller.signal });
  assert.equal(pool.status().inflight, 1);
  controller.abort();
  await settle(clock);

  assert.equal(response.sent.aborted, true);
  assert.equal(response.sent.discarded, false);
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("a body that is cut counts against the exit, not for it", async () => {
  const { pool, clock } = await openPool({}, 1);
  const transport = scriptedTransport([{ cutAfterMs: 50 }], { clock });
  await pool.run(get(), transport);
  await clock.advance(100);
  const { success, fail } = pool.status().targets["api.test"].exits[addresses(1)[0]];
  assert.deepEqual({ success, fail }, { success: 0, fail: 1 });
  await pool.close();
});

test("a transport that throws, or answers with what cannot be inspected, loses no lease", async () => {
  const { pool } = await openPool({ queue: { maxAttempts: 1 } }, 1);
  const thrown: Transport<number> = { send: () => { throw new Error("at once"); }, inspect: () => ({ status: 200, header: () => undefined }), discard: () => {} };
  await assert.rejects(pool.run(get(), thrown), /at once/);
  const opaque: Transport<number> = { send: () => Promise.resolve(1), inspect: () => { throw new Error("cannot look"); }, discard: () => {} };
  await assert.rejects(pool.run(get(), opaque), /cannot look/);
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("a signal is made only for transports that take one", async () => {
  const { pool } = await openPool({}, 1);
  let given: unknown = "none";
  const shy: Transport<string> = { send: (_lease, ...rest: unknown[]) => { given = rest[0]; return Promise.resolve("ok"); }, inspect: () => ({ status: 200, header: () => undefined }), discard: () => {} };
  await pool.run(get(), shy);
  assert.equal(given, undefined);
  await pool.close();
});

test("failover leaves by the first exit, goes on to the next while that waits, and for a minute after three warnings", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(3), strategy: "failover" }, queue: { maxAttempts: 1 } });
  const [primary, backup] = addresses(3);
  const used: string[] = [];
  const warned = (sent: { exit: string }): { status?: number; headers?: Record<string, string> } => {
    used.push(sent.exit);
    return sent.exit === primary ? { status: 429, headers: { "retry-after": "1" } } : {};
  };
  for (let i = 0; i < 3; i++) {
    await outcome(pool.run(get(), scriptedTransport(warned)));
    await outcome(pool.run(get(), scriptedTransport(warned)));
    await clock.advance(1_000);
  }
  assert.deepEqual(used, [primary, backup, primary, backup, primary, backup]);
  await outcome(pool.run(get(), scriptedTransport(warned)));
  assert.equal(used.at(-1), backup);
  await clock.advance(59_000);
  await outcome(pool.run(get(), scriptedTransport(warned)));
  assert.equal(used.at(-1), primary);
  await pool.close();
});
