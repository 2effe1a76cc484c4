import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { test } from "node:test";
import { format } from "node:util";
import createDebug from "debug";
import type { ChannelName, Driver } from "../../src/index.ts";
import { prometheusText } from "../../src/metrics.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, settle } from "../pool/support.ts";

test("a request's way is told from its task to its end", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 3 } }, 3);
  const told: string[] = [];
  const names: ChannelName[] = ["multihome:task.created", "multihome:lease.acquired", "multihome:request.refused", "multihome:lease.settled", "multihome:task.requeued", "multihome:task.settled"];
  const ends = names.map((name) => pool.on(name, (message) => told.push(`${name.slice(10)} ${"exit" in message ? message.exit : ""} ${"verdict" in message ? message.verdict : ""}`.trim())));

  await pool.run(get(), scriptedTransport([{ status: 429, headers: { "retry-after": "9" } }, {}]), { hints: { kind: "quote", batchId: "b1" } });

  const [first, second] = addresses(2);
  assert.deepEqual(told, ["task.created", `lease.acquired ${first}`, `request.refused ${first} rate-limited`, "task.requeued", `lease.acquired ${second}`, `task.settled ${second}`, `lease.settled ${second} success`, `lease.settled ${first} rate-limited`].sort((a, b) => told.indexOf(a) - told.indexOf(b)));
  for (const end of ends) end();
  await pool.run(get(), scriptedTransport());
  assert.equal(told.length, 8);
  await settle(clock);
  await pool.close();
});

test("a race is told once, with its winner", async () => {
  const { pool, clock } = await openPool({ defaults: { race: { mode: "race", width: 2 } } }, 3);
  const races: unknown[] = [];
  pool.on("multihome:race.settled", ({ legs, winner, latencyMs, target }) => races.push({ legs, winner, latencyMs, target }));
  const answer = pool.run(get(), scriptedTransport([{ afterMs: 20 }, { afterMs: 5 }], { clock }));
  await clock.advance(20);
  await answer;
  assert.deepEqual(races, [{ legs: 2, winner: addresses(2)[1], latencyMs: 5, target: "api.test" }]);
  await pool.close();
});

test("a pool hears its own events only, and a listener that throws is never felt by a request", async () => {
  const warnings: string[] = [];
  const logger = { debug: () => {}, info: () => {}, warn: (_fields: object, message: string) => void warnings.push(message), error: () => {} };
  const { pool } = await openPool({ logger }, 1);
  const { pool: other } = await openPool({}, 1);
  let heard = 0;
  pool.on("multihome:task.settled", () => {
    heard++;
    throw new Error("listener");
  });
  assert.equal(await outcome(pool.run(get(), scriptedTransport())), "answer 200");
  await other.run(get(), scriptedTransport());
  assert.equal(heard, 1);
  assert.deepEqual(warnings, ["A listener of multihome:task.settled threw."]);
  assert.throws(() => pool.on("multihome:task.settld", () => {}), RangeError);
  await pool.close();
  await other.close();
});

test("the lines of a task are logged where a logger is given", async () => {
  const lines: string[] = [];
  const write = (_fields: object, message: string): void => void lines.push(message);
  const { pool } = await openPool({ queue: { maxAttempts: 2 }, logger: { debug: write, info: write, warn: write, error: write } }, 2);
  await pool.run(get(), scriptedTransport());
  await pool.run(get(), scriptedTransport([{ status: 403 }, {}]));
  await outcome(pool.submit(get(), scriptedTransport([{ error: "ECONNRESET" }])));
  const [first, second] = addresses(2);
  assert.deepEqual(lines.filter((line) => line.startsWith("task")), [
    `task done | host=api.test | race=1 | winner=${first} | latency=0ms | attempt=1/2`,
    "task requeued | host=api.test | reason=status 403 | attempt=1/2",
    `task done | host=api.test | race=1 | winner=${first} | latency=0ms | attempt=2/2`,
    "task requeued | host=api.test | reason=ECONNRESET | attempt=1/2",
    "task abandoned | host=api.test | reason=max_attempts(2) | last_error=ECONNRESET",
  ]);
  assert.ok(second);
  await pool.close();
});

test("the pool's condition is one line, every thirty seconds", async () => {
  const lines: string[] = [];
  const write = (_fields: object, message: string): void => void lines.push(message);
  const { pool, clock } = await openPool({ logger: { debug: write, info: write, warn: write, error: write } }, 3);
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, {}]));
  await clock.advance(30_000);
  assert.equal(lines.at(-1), "throughput=0.0/s | success=100% | pool: 2 healthy / 0 cooldown / 1 banned / 0 dead | tasks: 0 pending | breakers: (none)");
  await clock.advance(30_000);
  assert.equal(lines.filter((line) => line.startsWith("throughput=")).length, 2);
  await pool.close();
  assert.equal(clock.pending, 0);
});

test("a counter that fills up is announced once at each threshold, bans and runs of failures at once", async () => {
  const { pool, clock } = await openPool({ exits: { local: addresses(1) }, queue: { maxAttempts: 1 }, alerts: { consecutiveFailures: 2 }, targets: { "api.test": { serverOffset: 0, limits: [{ name: "r", unit: "request", limit: 10, per: "1m", align: "fixed" }] } } });
  const told: string[] = [];
  pool.on("multihome:limit.updated", ({ exit, limit, used, of, level }) => told.push(`${exit} ${limit} ${used}/${of} ${level}`));
  pool.on("multihome:alert.raised", ({ alert, count }) => told.push(`${alert} ${count}`));
  for (let i = 0; i < 10; i++) await pool.run(get(), scriptedTransport());
  const [exit] = addresses(1);
  assert.deepEqual(told, [`${exit} r 7/10 warning`, `${exit} r 8/10 status`, `${exit} r 9/10 critical`]);
  told.length = 0;
  await clock.advance(60_000);
  for (let i = 0; i < 3; i++) await outcome(pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])));
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "120" } }]));
  assert.deepEqual(told, ["consecutive-failures 2", "ban 1"]);
  await pool.close();
});

test("the console as a logger is told what matters, the sentence first, and nothing for each request", async (t) => {
  const lines: unknown[][] = [];
  for (const level of ["debug", "info", "warn"] as const) t.mock.method(console, level, (...parts: unknown[]) => void lines.push(parts));
  const { pool, clock } = await openPool({ logger: console }, 2);
  await pool.run(get(), scriptedTransport());
  await clock.advance(30_000);
  await pool.close();
  assert.deepEqual(lines.map(([sentence, ...rest]) => [String(sentence).split(" ")[0], rest.length]), [["multihome:", 0], ["", 0], ["throughput=0.0/s", 0]]);
});

test("a logger shaped like pino gets each line with its level, and its fields as data", async () => {
  const records: Record<string, unknown>[] = [];
  // As pino takes them: what to merge first, then the sentence; methods that need their `this`.
  class Pino {
    readonly bindings = { service: "quotes" };
    #write(level: number, fields: object, msg: string): void {
      records.push(JSON.parse(JSON.stringify({ level, ...this.bindings, ...fields, msg })) as Record<string, unknown>);
    }
    debug(fields: object, msg: string): void {
      this.#write(20, fields, msg);
    }
    info(fields: object, msg: string): void {
      this.#write(30, fields, msg);
    }
    warn(fields: object, msg: string): void {
      this.#write(40, fields, msg);
    }
    error(fields: object, msg: string): void {
      this.#write(50, fields, msg);
    }
  }
  const { pool } = await openPool({ logger: new Pino(), queue: { maxAttempts: 2 }, health: { cooldownAfter: 1 }, defaults: { breaker: { threshold: 1 } } }, 3);
  const [first, second] = addresses(2);
  await pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }, {}]), { hints: { kind: "quote", batchId: "b7" } });
  await outcome(pool.run(get(), scriptedTransport([{ status: 503 }])));
  const service = "quotes";
  const target = "api.test";
  assert.deepEqual(records.filter(({ msg }) => !String(msg).startsWith(" ") && !String(msg).startsWith("multihome:")), [
    { level: 20, service, exit: first, target, reason: "failures in a row", cooldownMs: 30_000, msg: `exit ${first} | (${target}) healthy → cooldown | consecutive_fails=1` },
    { level: 20, service, target, kind: "quote", batchId: "b7", attempt: 1, reason: "ECONNRESET", msg: `task requeued | host=${target} | reason=ECONNRESET | attempt=1/2` },
    { level: 20, service, target, exit: second, kind: "quote", batchId: "b7", attempt: 2, msg: `task done | host=${target} | race=1 | winner=${second} | latency=0ms | attempt=2/2` },
    { level: 40, service, target, reason: "target_errors", msg: `circuit OPEN | host=${target} | reason=target_errors` },
    { level: 20, service, target, exit: addresses(3)[2], attempt: 1, reason: "status 503", msg: `task done | host=${target} | race=1 | winner=${addresses(3)[2]} | latency=0ms | attempt=1/2 | last_error=status 503` },
  ]);
  await pool.close();
});

test("a pool that is closed listens to nothing any more", async () => {
  const { pool } = await openPool({}, 1);
  let heard = 0;
  pool.on("multihome:lease.settled", () => heard++);
  const lease = await pool.acquire(get());
  const closing = pool.close({ drain: 0 });
  lease.release();
  await closing;
  assert.equal(heard, 1, "the end of what ran was told");
  assert.equal(channel("multihome:lease.settled").hasSubscribers, false);
});

test("a logger that throws is never felt by a request, and counted", async () => {
  const fail = (): void => {
    throw new Error("disk full");
  };
  const { pool } = await openPool({ logger: { debug: fail, info: fail, warn: fail, error: fail } }, 2);
  assert.equal(await outcome(pool.run(get(), scriptedTransport([{ status: 403 }, {}]))), "answer 200");
  pool.on("multihome:task.settled", fail);
  assert.equal(await outcome(pool.run(get(), scriptedTransport())), "answer 200");
  const text = prometheusText(pool);
  assert.match(text, /observer_errors_total\{[^}]*observer="listener"\} 1\n/);
  assert.ok(Number(/observer_errors_total\{[^}]*observer="logger"\} (\d+)/.exec(text)?.[1]) >= 3);
  await pool.close();
});

test("what an error says is told without what its addresses carry", async () => {
  const { pool } = await openPool({ queue: { maxAttempts: 1 } }, 1);
  const reasons: unknown[] = [];
  pool.on("multihome:lease.settled", ({ reason }) => reasons.push(reason));
  const driver: Driver = { start: (leg) => leg.fail(new Error("GET https://user:hunter2@api.test/order?signature=abc&key=xyz failed"), true), stop: () => {}, deliver: () => {}, reject: () => {} };
  pool.drive(get(), driver);
  assert.deepEqual(reasons, ["GET https://…api.test/order?… failed"]);
  await pool.close();
});

test("a topic of the log can be asked for alone, and nothing is subscribed for the others", async () => {
  const lines: string[] = [];
  const { log } = createDebug;
  createDebug.enable("multihome:breaker");
  createDebug.log = (...parts: unknown[]) => void lines.push(format(...parts));
  try {
    const { pool } = await openPool({ defaults: { breaker: { threshold: 1 } }, queue: { maxAttempts: 1 } }, 2);
    assert.equal(channel("multihome:task.settled").hasSubscribers, false);
    await pool.run(get(), scriptedTransport());
    await outcome(pool.run(get(), scriptedTransport([{ status: 503 }])));
    await pool.close();
  } finally {
    createDebug.disable();
    createDebug.log = log;
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0], /multihome:breaker.*warn circuit OPEN \| host=api\.test \| reason=target_errors/);
  assert.equal(channel("multihome:breaker.changed").hasSubscribers, false);
});
