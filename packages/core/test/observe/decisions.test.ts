import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type Decision } from "../../src/index.ts";
import { ManualClock, scriptedTransport, seededRandom } from "../../src/testing/index.ts";
import { addresses, get, HOST, openPool, outcome, post, settle } from "../pool/support.ts";

const [FIRST, SECOND] = addresses(2);

test("each of the last requests says what it waited for, how it left, and what came of it", async () => {
  const { pool, clock } = await openPool({ targets: { api: { hosts: HOST, spacing: 100 } }, queue: { maxAttempts: 3 } }, 2);
  assert.deepEqual(pool.decisions(), []);
  await pool.run(get("/fast?key=secret"), scriptedTransport(), { hints: { kind: "quote", batchId: "b1" } });
  const retried = pool.run(post("/order?signature=secret#x"), scriptedTransport([{ status: 429, afterMs: 10 }, { afterMs: 20 }], { clock }));
  await clock.advance(300);
  await retried;
  const [fast, order] = pool.decisions();
  assert.deepEqual(fast, { task: fast.task, method: "GET", target: "api", path: "/fast", kind: "quote", batchId: "b1", weight: 1, agoMs: 300, state: "answered", tookMs: 0, waits: [], attempts: [{ exit: FIRST, round: 1, atMs: 0, why: "rotate: unused for longest", verdict: "success", ms: 0 }], attemptsLeftOut: 0 });
  assert.equal(order.path, "/order");
  assert.deepEqual(order.waits, [{ reason: "spacing", ms: 90 }]);
  assert.deepEqual(order.attempts, [
    { exit: SECOND, round: 1, atMs: 0, why: "rotate: unused for longest", verdict: "rate-limited", ms: 10, reason: "status 429" },
    { exit: FIRST, round: 2, atMs: 100, why: "rotate: unused for longest", verdict: "success", ms: 20 },
  ]);
  assert.deepEqual(pool.explain(order.task), order);
  assert.ok(!JSON.stringify(pool.decisions()).includes("secret"));
  await pool.close();
});

test("a request that waits says why, what each exit would say now, and when", async () => {
  const limits = [{ name: "minute", unit: "request", limit: 1, per: "1m" as const, align: "fixed" as const }];
  const { pool, clock } = await openPool({ targets: { api: { hosts: HOST, serverOffset: 0, limits } } }, 2);
  pool.decisions();
  for (let i = 0; i < 2; i++) await pool.run(get(), scriptedTransport());
  const handle = pool.submit(get("/later"), scriptedTransport(), { timeout: false });
  await clock.advance(10_000);
  const waiting = pool.explain(handle.id) as Decision;
  assert.equal(waiting.state, "waiting");
  assert.deepEqual(waiting.waits, [{ reason: "limit:minute", ms: 10_000 }]);
  assert.equal(waiting.now?.exits.length, 2);
  const [exit] = waiting.now?.exits ?? [];
  assert.deepEqual([exit.usable, exit.reason, exit.limits?.[0].used, exit.limits?.[0].limit], [false, "limit:minute", 1, 1]);
  assert.ok((exit.limits?.[0].resetsInMs ?? 0) > 0 && (exit.limits?.[0].resetsInMs ?? 0) <= 50_000);
  await clock.advance(60_000);
  await handle;
  const after = pool.explain(handle.id);
  assert.equal(after?.state, "answered");
  assert.equal(after?.now, undefined);
  assert.equal(pool.explain("task-none"), undefined);
  await pool.close();
});

test("an exit that is banned says by which answer, and for how long still", async () => {
  const { pool, clock } = await openPool({}, 2);
  await pool.run(get("/api/v3/depth?key=secret"), scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, {}]));
  await clock.advance(30_000);
  const [banned, free] = pool.explain(get()).exits;
  assert.deepEqual([banned.id, banned.usable, banned.reason, banned.retryAfterMs], [FIRST, false, "banned", 270_000]);
  assert.deepEqual(banned.cause, { agoMs: 30_000, reason: "banned: status 418", request: "GET /api/v3/depth", task: banned.cause?.task, retryAfterMs: 300_000 });
  assert.deepEqual([free.usable, free.cause], [true, undefined]);
  await pool.close();
});

test("an exit in cooldown names its last failure, and a target that is paused what paused it", async () => {
  const { pool } = await openPool({ health: { cooldownAfter: 2 }, queue: { maxAttempts: 1 } }, 3);
  const lease = await pool.acquire(get());
  for (let i = 0; i < 2; i++) await outcome(pool.run(get("/x"), scriptedTransport([{ error: "ECONNRESET" }]), { hints: { lease } }));
  const resting = pool.explain(get()).exits.find(({ id }) => id === lease.exit.id);
  lease.release();
  assert.deepEqual([resting?.reason, resting?.cause?.reason, resting?.cause?.request], ["cooldown", "2 failures in a row, the last: ECONNRESET", "GET /x"]);

  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }]));
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }]));
  const { paused, exits } = pool.explain(get());
  assert.equal(paused?.cause?.reason, "banned: status 418");
  assert.ok((paused?.forMs ?? 0) > 0);
  assert.ok(exits.every(({ usable }) => !usable));
  await pool.close();
});

test("a request that an open breaker refuses is remembered with its reason", async () => {
  const { pool } = await openPool({ defaults: { breaker: { threshold: 1 } }, queue: { maxAttempts: 1 } }, 1);
  pool.decisions();
  await outcome(pool.run(get(), scriptedTransport([{ status: 503 }])));
  await outcome(pool.run(get(), scriptedTransport()));
  const [, refused] = pool.decisions();
  assert.deepEqual([refused.state, refused.waits], ["failed", [{ reason: "circuit-open", ms: 0 }]]);
  await pool.close();
});

test("legs of a race and leases by hand are told apart", async () => {
  const { pool, clock } = await openPool({ defaults: { race: { mode: "race", width: 2 } } }, 3);
  pool.decisions();
  const raced = pool.run(get(), scriptedTransport([{ afterMs: 20 }, { afterMs: 5 }], { clock }));
  await clock.advance(20);
  await raced;
  const lease = await pool.acquire(get(), { mode: "shared" });
  const [race, held] = pool.decisions();
  assert.deepEqual(race.attempts.map(({ round, verdict, why }) => [round, verdict, why]), [
    [1, "aborted", "rotate: unused for longest"],
    [1, "success", "rotate: unused for longest"],
  ]);
  assert.deepEqual([held.state, held.attempts[0].why], ["leased", "the fewest connections"]);
  lease.settle("success");
  lease.release();
  assert.equal(pool.decisions()[1].state, "answered");
  await pool.close();
});

test("only the last 256 are remembered, of each the first and the last attempts, and nothing of a request is kept after it", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 20 }, health: { cooldownAfter: 1_000 } }, 3);
  pool.decisions();
  await outcome(pool.submit(get("/many"), scriptedTransport([{ error: "ECONNRESET" }])));
  const [many] = pool.decisions();
  assert.equal(many.attempts.length, 8);
  assert.equal(many.attempts.length + many.attemptsLeftOut, many.attempts.at(-1)?.round);
  assert.deepEqual(many.attempts.map(({ round }) => round), [1, 2, 3, 4, ...[3, 2, 1, 0].map((back) => (many.attempts.at(-1)?.round ?? 0) - back)]);
  for (let i = 0; i < 300; i++) await pool.run(get(`/${i}`), scriptedTransport());
  const all = pool.decisions();
  assert.deepEqual([all.length, all[0].path, all.at(-1)?.path], [256, "/44", "/299"]);
  await settle(clock);
  await pool.close();
});

test("answers to older requests do not push out those that wait", async () => {
  const limits = [{ name: "day", unit: "request", limit: 300, per: "1d" as const, align: "sliding" as const }];
  const { pool, clock } = await openPool({ targets: { api: { hosts: HOST, limits } }, maxInFlight: 1_000, queue: { maxAttempts: 1 } }, 1);
  pool.decisions();
  const transport = scriptedTransport([{ afterMs: 50 }], { clock });
  const answered = Array.from({ length: 299 }, () => pool.run(get("/early"), transport));
  const failing = outcome(pool.run(get("/failing"), scriptedTransport([{ error: "ECONNRESET", afterMs: 50 }], { clock })));
  const waiting = Array.from({ length: 256 }, () => outcome(pool.run(get("/late"), transport, { timeout: "1s" })));
  await clock.advance(100);
  await Promise.all([...answered, failing]);

  const remembered = pool.decisions();
  // What failed is remembered all the same: somebody will ask why.
  assert.deepEqual([remembered.filter(({ path, state }) => path === "/late" && state === "waiting").length, remembered.filter(({ path }) => path === "/failing").length], [255, 1]);
  assert.equal(remembered.some(({ path }) => path === "/early"), false);
  await clock.advance(1_000);
  await Promise.all(waiting);
  await pool.close();
});

test("under the adaptive policy each attempt says what was believed of its exit, in words", async () => {
  const clock = new ManualClock();
  const ids = Array.from({ length: 30 }, (_, i) => `socks5://10.0.0.${i}:1080`);
  const pool = createExitPool({ exits: { proxies: ids }, clock, random: seededRandom(4), logger: { debug() {}, info() {}, warn() {}, error() {} }, queue: { timeout: "5m" } });
  await pool.ready();
  assert.deepEqual(pool.decisions(), []);
  let gone = false;
  const transport = scriptedTransport(({ exit }) => (gone || ids.indexOf(exit) % 3 === 2 ? { hang: true } : { afterMs: 300 }), { clock });
  const whys = new Set<string>();
  for (let i = 0; i < 600; i++) {
    gone = i > 480;
    void outcome(pool.run(get(), transport));
    await clock.advance(100);
    for (const { attempts } of pool.decisions()) for (const { why } of attempts) whys.add(why);
  }
  const all = [...whys];
  for (const words of [
    /^worth most of those that are free: \d+ % of its attempts should succeed, typically (\d+ ms|\d+\.\d s)$/,
    /^further leg, /,
    /^(further leg, )?a test: nothing is known of it yet$/,
    /^(further leg, )?a test: has (worked before|not worked yet), up with \d+ %$/,
    /^to see whether the network is back$/,
  ]) {
    assert.ok(all.some((why) => words.test(why)), `${words} among ${all.join("\n")}`);
  }
  assert.ok(!all.some((why) => why.includes("score")), all.join("\n"));
  await pool.close({ drain: 0 });
});

test("own addresses that are chosen by worth say that they take turns", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(3), strategy: "adaptive" } });
  assert.deepEqual(pool.decisions(), []);
  const transport = scriptedTransport([{ afterMs: 40 }], { clock });
  for (let i = 0; i < 9; i++) {
    const answer = pool.run(get(), transport);
    await clock.advance(100);
    await answer;
  }
  assert.match(pool.decisions().at(-1)?.attempts[0].why ?? "", /^own addresses take turns: unused for longest, typically \d+ ms$/);
  assert.match(pool.explain(get()).exits[0].belief?.words ?? "", /^up with \d+ %, answers this host with \d+ %, typically \d+ ms; takes turns with the other own addresses: \d+ % of its attempts should succeed$/);
  await pool.close();
});
