import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { EXIT_STATES, NO_LOAD, type Limit, type RequestInfo } from "../../src/index.ts";
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
  assert.deepEqual({ ...waitsFor, reasons: waitsFor?.reasons.map(({ reason, exits }) => ({ reason, exits })) }, { held: undefined, only: undefined, asked: 2, usable: 0, account: undefined, reasons: [{ reason: "limit:r", exits: 2 }] });
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

const accountLimits: Limit[] = [
  { name: "orders", unit: "request", limit: 4, per: "1m", align: "fixed", scope: "account" },
  { name: "all", unit: "request", limit: 100, per: "1m", align: "fixed", scope: "target" },
];
const accountOf = ({ headers }: RequestInfo): string | undefined => headers?.["x-key"] as string | undefined;
const asks = (key: string): RequestInfo => get("/", { headers: { "x-key": key } });
/** As the documentation says that it can be found. */
const labelOf = (key: string): string => `account ${createHash("sha256").update(key).digest("hex").slice(0, 8)}`;

test("an overview shows how full accounts are, by labels that are no names, and why a request of one waits", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(2) }, targets: { [HOST]: { serverOffset: 0, limits: accountLimits, account: accountOf } } });
  await clock.advance(48_000);
  for (let i = 0; i < 4; i++) await pool.run(asks("CANARY-1"), scriptedTransport());
  await pool.run(asks("CANARY-2"), scriptedTransport());
  const late = pool.run(asks("CANARY-1"), scriptedTransport());

  const [{ limits, waitsFor, pausedAccounts }] = pool.overview().targets;
  const [orders, all] = limits;
  assert.deepEqual([orders.named, orders.usedUp, orders.most, orders.exits], [2, 1, 1, 0]);
  assert.deepEqual(orders.fullest.map(({ label, used }) => [label, used]), [[labelOf("CANARY-1"), 4], [labelOf("CANARY-2"), 1]]);
  assert.deepEqual(all.fullest.map(({ label, used }) => [label, used]), [["everybody", 5]]);
  assert.equal(waitsFor?.account?.label, labelOf("CANARY-1"));
  assert.equal(waitsFor?.reasons[0].reason, "limit:orders");
  assert.deepEqual(pausedAccounts, []);

  const explained = pool.explain(asks("CANARY-1"));
  assert.deepEqual(explained.common?.map(({ name, of, used, limit }) => [name, of, used, limit]), [["orders", labelOf("CANARY-1"), 4, 4], ["all", "everybody", 5, 100]]);
  assert.equal(JSON.stringify([pool.overview().targets, explained.common]).includes("CANARY"), false);
  await clock.advance(60_000);
  await late;
  await pool.close();
});

test("an account that is kept away as such is told with its label and for how long", async () => {
  const verdict = { kind: "rate-limited", scope: "account", retryAfterMs: 9_000, reason: "too many orders" } as const;
  const { pool, clock } = await openPool({ exits: { local: addresses(2) }, queue: { maxAttempts: 1 }, targets: { [HOST]: { limits: accountLimits, account: accountOf, classify: { judge: ({ status }) => (status === 429 ? verdict : undefined) } } } });
  const refused = outcome(pool.run(asks("CANARY"), scriptedTransport([{ status: 429 }])));
  await clock.advance(0);
  const late = outcome(pool.run(asks("CANARY"), scriptedTransport()));
  await clock.advance(1_000);

  const [{ waitsFor, pausedAccounts }] = pool.overview().targets;
  assert.deepEqual(pausedAccounts, [{ label: labelOf("CANARY"), forMs: 8_000, reason: "rate-limited" }]);
  assert.deepEqual(waitsFor?.account, { label: labelOf("CANARY"), pausedForMs: 8_000 });
  assert.deepEqual(pool.explain(asks("CANARY")).pausedAccount, { label: labelOf("CANARY"), forMs: 8_000 });
  await clock.advance(20_000);
  await Promise.all([refused, late]);
  await pool.close();
});

test("a request that keeps to one exit waits for that one, and what holds it whichever exit is asked is said", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(3) }, targets: { [HOST]: { spacing: "10s", backendLimit: 3 } } });
  const first = await pool.acquire(get(), { hints: { affinity: "a" } });
  first.release();
  const own = pool.run(get("/", { hints: { affinity: "a" } }), scriptedTransport());
  await clock.advance(1_000);
  const [{ waitsFor }] = pool.overview().targets;
  assert.equal(waitsFor?.only, first.exit.id);
  assert.deepEqual([waitsFor.asked, waitsFor.reasons[0].reason], [1, "spacing"]);
  await clock.advance(10_000);
  await own;

  await clock.advance(10_000);
  const leases = await Promise.all([1, 2, 3].map(() => pool.acquire(get())));
  const late = pool.run(get(), scriptedTransport());
  assert.equal(pool.overview().targets[0].waitsFor?.held, "backend-limit");
  for (const lease of leases) lease.release();
  await clock.advance(20_000);
  await late;
  await pool.close();
});
