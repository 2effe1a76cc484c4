import assert from "node:assert/strict";
import { test } from "node:test";
import { EXIT_STATES, NO_LOAD } from "../../src/index.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, HOST, openPool, outcome } from "./support.ts";

const minute = { name: "r", unit: "request", limit: 4, per: "1m", align: "fixed" } as const;

test("an overview has a place for every exit, and says of each how it stands and how full it is", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(4), strategy: "failover" }, queue: { maxAttempts: 1 }, targets: { [HOST]: { serverOffset: 0, limits: [minute] } } });
  for (let i = 0; i < 4; i++) await pool.run(get(), scriptedTransport());
  await pool.run(get(), scriptedTransport());
  await outcome(pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "120" } }])));

  const { columns, exits, targets, tasks } = pool.overview();

  assert.deepEqual(columns.exits.map(({ id }) => id), addresses(4));
  assert.deepEqual([...columns.state].map((state) => EXIT_STATES[state]), ["warning", "banned", "unknown", "unknown"]);
  assert.deepEqual([...columns.load], [200, 100, 0, 0]);
  assert.deepEqual([...columns.success], [4, 1, 0, 0]);
  assert.equal(columns.untilAt[1], clock.now() + 120_000);
  assert.deepEqual(exits, { total: 4, healthy: 3, cooldown: 0, banned: 1, dead: 0 });
  const [{ name, exits: counted, usedUp, most }] = targets[0].limits;
  assert.deepEqual([name, counted, usedUp, most], ["r", 4, 1, 1]);
  assert.equal(tasks.completed, 6);
  await pool.close();
});

test("an overview says what the first request in line waits for, exit by exit, and until when", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(2) }, targets: { [HOST]: { serverOffset: 0, limits: [minute] } } });
  await clock.advance(48_000);
  for (let i = 0; i < 8; i++) await pool.run(get(), scriptedTransport());
  assert.equal(pool.overview().targets[0].waitsFor, undefined);

  const late = pool.run(get(), scriptedTransport());

  const [{ waiting, waitsFor, limits }] = pool.overview().targets;
  assert.equal(waiting, 1);
  assert.deepEqual({ ...waitsFor, reasons: waitsFor?.reasons.map(({ reason, exits }) => ({ reason, exits })) }, { asked: 2, usable: 0, reasons: [{ reason: "limit:r", exits: 2 }] });
  const wait = waitsFor?.reasons[0].retryAfterMs ?? 0;
  assert.ok(wait > 0 && wait <= 12_500, String(wait));
  assert.equal(limits[0].usedUp, 2);
  await clock.advance(60_000);
  await late;
  await pool.close();
});

test("answers are told second by second, without the second that is running", async () => {
  const { pool, clock } = await openPool({}, 1);
  await pool.run(get(), scriptedTransport());
  await pool.run(get(), scriptedTransport());
  await clock.advance(1_000);
  await pool.run(get(), scriptedTransport());
  assert.deepEqual([...pool.overview().answered.slice(-2)], [0, 2]);
  await clock.advance(1_000);
  assert.deepEqual([...pool.overview().answered.slice(-2)], [2, 1]);
  await clock.advance(59_000);
  assert.deepEqual([...pool.overview().answered.slice(0, 1)], [1]);
  await pool.close();
});

test("an exit without limits has no load, and an overview changes nothing", async () => {
  const { pool, clock } = await openPool({}, 2);
  const before = JSON.stringify(pool.overview());
  assert.equal(JSON.stringify(pool.overview()), before);
  assert.deepEqual([...pool.overview().columns.load], [NO_LOAD, NO_LOAD]);
  await pool.close();
  assert.equal(clock.pending, 0);
});

test("an exit can be inspected by its id: every target, the last outcomes with the newest first, its score", async () => {
  const { pool } = await openPool({ exits: { local: addresses(1) }, queue: { maxAttempts: 1 } });
  await pool.run(get(), scriptedTransport());
  await outcome(pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])));
  const [id] = addresses(1);

  const details = pool.inspect(id);

  assert.equal(details?.exit.id, id);
  const { outcomes, success, fail, score, sinceSuccessMs } = details?.targets[HOST] ?? assert.fail("no such target");
  assert.deepEqual([outcomes, success, fail, sinceSuccessMs], [[false, true], 1, 1, 0]);
  assert.ok(score.total > 0 && score.total < 1);
  assert.equal(pool.inspect("127.9.9.9"), undefined);
  await pool.close();
});
