import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, post, settle } from "./support.ts";

const RACE = { defaults: { race: { mode: "race", width: 3 } } } as const;

test("legs leave by different exits, the first success wins and the others are stopped", async () => {
  const { pool, clock } = await openPool(RACE, 4);
  const transport = scriptedTransport([{ afterMs: 30 }, { afterMs: 10 }, { afterMs: 20 }], { clock });
  const answer = pool.run(get(), transport);
  await clock.advance(10);
  assert.equal((await answer).sent.index, 1);
  assert.deepEqual(transport.sent.map(({ exit }) => exit), addresses(3));
  assert.deepEqual(transport.sent.map(({ aborted }) => aborted), [true, false, true]);
  assert.equal(pool.status().inflight, 0);
  const exits = pool.status().targets["api.test"].exits;
  assert.deepEqual(addresses(3).map((id) => exits[id].fail), [0, 0, 0]);
  await pool.close();
});

test("an answer that is no success is held until the last leg has failed, then handed on", async () => {
  const { pool, clock } = await openPool({ ...RACE, queue: { maxAttempts: 1 } }, 3);
  const transport = scriptedTransport([{ status: 403, afterMs: 5 }, { error: "ECONNRESET", afterMs: 10 }, { status: 503, afterMs: 20 }], { clock });
  const answer = pool.run(get(), transport);
  await clock.advance(20);
  // The last answer came when nobody else was running: it is the one that goes on.
  assert.equal((await answer).status, 503);
  assert.equal(transport.sent[0].discarded, true);

  const held = scriptedTransport([{ status: 403, afterMs: 5 }, { error: "ECONNRESET", afterMs: 10 }, { error: "ECONNRESET", afterMs: 20 }], { clock });
  const second = pool.run(get(), held);
  await clock.advance(20);
  assert.equal((await second).status, 403);
  assert.equal(held.sent[0].discarded, false);
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("a race of which every leg failed is one round, and the next prefers exits not tried yet", async () => {
  const { pool, clock } = await openPool({ ...RACE, queue: { maxAttempts: 2 } }, 6);
  const transport = scriptedTransport((sent) => (sent.index < 3 ? { error: "ECONNRESET", afterMs: 5 } : { afterMs: 5 }), { clock });
  const answer = outcome(pool.run(get(), transport));
  await clock.advance(20);
  assert.equal(await answer, "answer 200");
  assert.equal(new Set(transport.sent.map(({ exit }) => exit)).size, 6);
  await pool.close();
});

test("only what may be sent twice is raced, and fewer exits than legs are enough", async () => {
  const { pool } = await openPool(RACE, 2);
  const transport = scriptedTransport();
  await pool.run(post(), transport);
  assert.equal(transport.sent.length, 1);
  await pool.run(get("/", { body: "x" }), transport);
  assert.equal(transport.sent.length, 2);
  await pool.run(get(), transport, { hints: { race: false } });
  assert.equal(transport.sent.length, 3);
  await pool.run(get(), transport);
  assert.equal(transport.sent.length, 5);
  await pool.close();
});

test("the caller's abort stops every leg and the answer that is held", async () => {
  const { pool, clock } = await openPool(RACE, 3);
  const transport = scriptedTransport([{ status: 403, afterMs: 1 }, { hang: true }, { hang: true }], { clock });
  const controller = new AbortController();
  const answer = outcome(pool.run(get(), transport, { signal: controller.signal }));
  await clock.advance(5);
  controller.abort(Object.assign(new Error("no"), { code: "MINE" }));
  assert.equal(await answer, "error MINE");
  await settle(clock);
  assert.equal(pool.status().inflight, 0);
  assert.equal(transport.live, 0);
  await pool.close();
});

test("a deadline that passes while an answer is held hands that answer on", async () => {
  const { pool, clock } = await openPool({ ...RACE, attemptTimeout: "50ms", queue: { maxAttempts: 1 } }, 3);
  const transport = scriptedTransport([{ status: 403, afterMs: 1 }, { hang: true }, { hang: true }], { clock });
  const answer = outcome(pool.run(get(), transport));
  await clock.advance(50);
  assert.equal(await answer, "answer 403");
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("an attempt that brings no head in time is given up and tried elsewhere", async () => {
  const { pool, clock } = await openPool({ attemptTimeout: "100ms" }, 2);
  const transport = scriptedTransport([{ hang: true }, {}], { clock });
  const answer = outcome(pool.run(get(), transport));
  await clock.advance(100);
  assert.equal(await answer, "answer 200");
  assert.equal(transport.sent[0].aborted, true);
  assert.deepEqual(transport.sent.map(({ exit }) => exit), addresses(2));
  await pool.close();
});
