import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitPool, ExitPoolOptions, Ledger, TargetOptions } from "../../src/index.ts";
import { createExitPool } from "../../src/index.ts";
import { ManualClock, scriptedTransport, type ScriptStep } from "../../src/testing/index.ts";
import { ScriptedLedger, type LedgerScript } from "./scripted-ledger.ts";
import { addresses, get, HOST, outcome, settle } from "./support.ts";

const LIMITS: TargetOptions["limits"] = [
  { name: "weight-1m", unit: "weight", limit: 100, per: "1m" },
  { name: "raw", unit: "request", limit: 50, per: "5m" },
];

interface Room {
  pool: ExitPool;
  clock: ManualClock;
  ledger: ScriptedLedger;
}

async function open(script: LedgerScript = {}, options: ExitPoolOptions = {}, { count = 2, target = {} }: { count?: number; target?: TargetOptions } = {}): Promise<Room> {
  const clock = new ManualClock();
  const ledger = new ScriptedLedger(clock, script);
  const pool = createExitPool({ exits: { local: addresses(count) }, clock, random: () => 0.5, ledger, targets: { api: { hosts: HOST, limits: LIMITS, weights: () => 5, ...target } }, ...options });
  await pool.ready();
  return { pool, clock, ledger };
}

const A = (limit: string): string => `exit:127.0.1.1|api|${limit}`;

test("every limit that a request counts on is reserved in the ledger before it is sent, and settled by its answer", async () => {
  const { pool, ledger, clock } = await open();
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });

  const answer = pool.run(get(), transport);
  await settle(clock);
  assert.deepEqual(ledger.calls, [`try ${A("weight-1m")}=5 ${A("raw")}=1`]);
  await clock.advance(10);

  assert.equal(await outcome(answer), "answer 200");
  assert.deepEqual(ledger.of("settle"), ["1: 5 1"]);
  await pool.close();
  assert.deepEqual(ledger.calls.at(-1), "close, 0 open");
});

test("what is counted where carries its size, its span and how that lies in time; keys say who, where, by what", async () => {
  const seen: unknown[] = [];
  const { pool } = await open(
    {
      at: (counters) => {
        seen.push(...counters.map((counter) => ({ ...counter })));
        return undefined;
      },
    },
    {},
    {
      target: {
        limits: [
          { name: "w", unit: "weight", limit: 100, per: "1m", align: "fixed" },
          { name: "orders", unit: "order", limit: 10, per: "10s", scope: "account" },
          { name: "book", unit: "call", limit: 20, per: "2s", align: "bucket" },
        ],
        weights: () => [
          { limit: "w", units: 3 },
          { limit: "orders", units: 1 },
          { limit: "book", units: 2, key: "BTC|USDT" },
        ],
        account: () => "me",
      },
    },
  );

  await pool.run(get(), scriptedTransport());

  assert.deepEqual(seen, [
    { key: A("w"), units: 3, limit: 100, perMs: 60_000, align: "fixed" },
    { key: "account:me|api|orders", units: 1, limit: 10, perMs: 10_000, align: "sliding" },
    { key: "exit:127.0.1.1|api|book|BTC%7CUSDT", units: 2, limit: 20, perMs: 2_000, align: "bucket" },
  ]);
  await pool.close();
});

test("a request without limits asks no ledger", async () => {
  const { pool, ledger } = await open({}, {}, { target: { limits: [] } });
  await pool.run(get(), scriptedTransport());
  assert.deepEqual(ledger.calls, []);
  await pool.close();
});

test("an exit that the ledger refuses is kept back for as long as it says, and another one is used", async () => {
  const { pool, ledger, clock } = await open({ at: ([{ key }]) => (key.includes("127.0.1.1") ? { ok: false, limit: key, retryAfterMs: 700 } : undefined) });
  const transport = scriptedTransport([], { clock });

  for (let i = 0; i < 3; i++) assert.equal(await outcome(pool.run(get(), transport)), "answer 200");
  assert.deepEqual(transport.sentBy(), { "127.0.1.2": 3 });
  assert.equal(ledger.of("try").filter((call) => call.startsWith(A(""))).length, 1, "it is not asked again meanwhile");

  await clock.advance(700);
  await pool.run(get(), transport);
  assert.equal(ledger.of("try").filter((call) => call.startsWith(A(""))).length, 2);
  await pool.close();
});

test("while every exit is refused a request waits, and goes when the first of them may", async () => {
  let full = true;
  const { pool, clock } = await open({ at: ([{ key }]) => (full ? { ok: false, limit: "weight-1m", retryAfterMs: key.includes("127.0.1.1") ? 900 : 400 } : undefined) });
  const transport = scriptedTransport([], { clock });

  const waiting = pool.run(get(), transport);
  await clock.advance(399);
  assert.equal(transport.sent.length, 0);
  full = false;
  await clock.advance(1);
  assert.equal(await outcome(waiting), "answer 200");
  assert.deepEqual(transport.sent.map(({ exit, at }) => `${exit} ${at}`), [`127.0.1.2 ${transport.sent[0].at}`]);
  await pool.close();
});

test("a lighter request may still ask for what is left where a heavier one was refused", async () => {
  const { pool, clock } = await open({ at: ([{ key, units }]) => (units > 2 ? { ok: false, limit: key, retryAfterMs: 30_000 } : undefined) }, {}, { count: 1, target: { weights: ({ path }) => Number(path?.slice(1)) } });
  const transport = scriptedTransport([], { clock });

  const heavy = pool.run(get("/5"), transport);
  await settle(clock);
  assert.equal(await outcome(pool.run(get("/2"), transport)), "answer 200");
  assert.equal(transport.sent.length, 1);
  await pool.close();
  assert.equal(await outcome(heavy), "error MH_ERR_CLOSED");
});

test("a ledger that can say only later is awaited: nothing is sent before, the place in the line is kept, others are served", async () => {
  const grants: (() => void)[] = [];
  const { pool, ledger, clock } = await open(
    {
      at: ([{ key }]) => (key.includes("127.0.1.1") ? "unknown" : undefined),
      later: () => new Promise((resolve) => grants.push(() => resolve(undefined as never))),
    },
    {},
  );
  const transport = scriptedTransport([], { clock });

  const first = pool.run(get("/first"), transport);
  await settle(clock);
  assert.equal(transport.sent.length, 0);
  assert.equal(pool.status().tasks.pending, 1);
  const second = pool.run(get("/second"), transport);
  assert.equal(await outcome(second), "answer 200");
  assert.deepEqual(transport.sent.map(({ exit }) => exit), ["127.0.1.2"]);

  await clock.advance(20);
  grants.shift()?.();
  assert.equal(await outcome(first), "answer 200");
  assert.deepEqual(transport.sent.map(({ exit, url }) => `${exit} ${new URL(url).pathname}`), ["127.0.1.2 /second", "127.0.1.1 /first"]);
  await settle(clock);
  assert.equal(ledger.open.size, 0);
  await pool.close();
});

test("a refusal that comes later sends the request to another exit", async () => {
  const { pool, ledger, clock } = await open({
    at: () => "unknown",
    later: async ([{ key }]) => (key.includes("127.0.1.1") ? { ok: false, limit: key, retryAfterMs: 5_000 } : (undefined as never)),
  });
  const transport = scriptedTransport([], { clock });

  assert.equal(await outcome(pool.run(get(), transport)), "answer 200");

  assert.deepEqual(transport.sentBy(), { "127.0.1.2": 1 });
  assert.equal(ledger.open.size, 0);
  await pool.close();
});

for (const [how, end] of [
  ["an abort", async ({ clock }, controller) => {
    controller.abort(new Error("enough"));
    await settle(clock);
  }],
  ["a deadline", ({ clock }) => clock.advance(2_000)],
  ["close", async ({ pool, clock }) => {
    const closing = pool.close({ drain: 0 });
    await clock.advance(2_000);
    await closing;
  }],
] as [string, (room: Room, controller: AbortController) => Promise<void>][]) {
  for (const obeys of [true, false]) {
    test(`${how} gives up what is being asked for, ${obeys ? "and the ledger is told by the signal" : "and what comes of it later is given back"}`, async () => {
      let grant: (() => void) | undefined;
      const room = await open(
        {
          at: () => "unknown",
          later: (_, signal) =>
            new Promise((resolve, reject) => {
              grant = () => resolve(undefined as never);
              if (obeys) signal?.addEventListener("abort", () => reject(signal.reason as Error));
            }),
        },
        { queue: { timeout: "2s" } },
      );
      const { pool, ledger, clock } = room;
      const transport = scriptedTransport([], { clock });
      const controller = new AbortController();

      const waiting = outcome(pool.run(get(), transport, { signal: controller.signal }));
      await settle(clock);
      await end(room, controller);
      assert.match(await waiting, /^error/);
      grant?.();
      await settle(clock);

      assert.equal(transport.sent.length, 0);
      assert.deepEqual([...ledger.spent.values()].filter((units) => units !== 0), [], "everything is back");
      assert.equal(ledger.open.size, 0);
      await pool.close();
      assert.equal(ledger.closed, true);
      assert.equal(pool.status().inflight, 0);
    });
  }
}

test("a ledger that never answers is taken for one that failed after five seconds, and the request goes on asking", async () => {
  let asked = 0;
  const warnings: string[] = [];
  const logger = { debug() {}, info() {}, error() {}, warn: (_: object, message: string) => void warnings.push(message) };
  const { pool, clock } = await open({ at: () => "unknown", later: () => (++asked === 1 ? new Promise(() => {}) : undefined) }, { logger }, { count: 1 });
  const transport = scriptedTransport([], { clock });

  const waiting = pool.run(get(), transport);
  await clock.advance(5_000);
  assert.equal(transport.sent.length, 0);
  await clock.advance(500);
  assert.equal(await outcome(waiting), "answer 200");
  assert.equal(warnings.filter((warning) => warning.startsWith("The ledger failed")).length, 1);
  const closing = pool.close();
  await clock.advance(3_000);
  await closing;
});

test("tryAcquire says ledger-pending while the ledger has not answered, and finds its answer when it tries again", async () => {
  const { pool, ledger, clock } = await open({ at: () => "unknown" });

  const first = pool.tryAcquire(get());
  assert.deepEqual({ ...first }, { granted: false, reason: "ledger-pending", retryAfterMs: 5 });
  await clock.advance(5);
  const second = pool.tryAcquire(get());
  assert.ok(second.granted);
  second.lease.settle("success");
  second.lease.release();
  assert.deepEqual(ledger.of("settle"), ["1: 5 1"]);
  await pool.close();
});

test("what was reserved for a tryAcquire that nobody repeats is given back after a quarter of a second", async () => {
  const { pool, ledger, clock } = await open({ at: () => "unknown" });
  pool.tryAcquire(get());
  await clock.advance(0);
  assert.equal(ledger.open.size, 1);
  await clock.advance(250);
  assert.deepEqual(ledger.of("settle"), ["1: 0 0"]);
  await pool.close();
});

test("exits that the ledger answers later are in turn as often as those that it answers at once", async () => {
  const target = { limits: [{ name: "raw", unit: "request", limit: 1_000, per: "5m" }] } as TargetOptions;
  const { pool, clock, ledger } = await open({ at: ([{ key }]) => (key.includes("127.0.1.1|") ? undefined : "unknown") }, {}, { count: 3, target });
  ledger.script.later = (counters) => new Promise((resolve) => void clock.setTimeout(() => resolve(ledger.count(counters)), 7));
  const transport = scriptedTransport(() => ({ afterMs: 5 }), { clock });
  let left = 120;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await pool.run(get(), transport);
  };
  const workers = Promise.all(Array.from({ length: 8 }, worker));
  for (let at = 0; at < 600; at++) await clock.advance(1);
  await workers;

  const by = transport.sentBy();
  const sent = addresses(3).map((exit) => by[exit]);
  assert.equal(sent.reduce((sum, n) => sum + n), 120);
  assert.ok(Math.max(...sent) - Math.min(...sent) <= 8, `about 40 by each: ${sent.join(", ")}`);
  await pool.close();
});

test("tryAcquireAll comes to its end with a ledger that always answers later", async () => {
  const { pool, ledger, clock } = await open({ at: () => "unknown" }, {}, { count: 3 });
  for (let tries = 0; ; tries++) {
    const results = pool.tryAcquireAll([get(), get(), get()]);
    if (results.every(({ granted }) => granted)) {
      for (const result of results) if (result.granted) result.lease.release();
      break;
    }
    assert.ok(tries < 5);
    await clock.advance(5);
  }
  await pool.close();
  assert.equal(ledger.open.size, 0);
});

test("what was certainly not sent is settled at nothing, what may have been sent at all of it, a success at what it costs", async () => {
  const target = { limits: [{ name: "w", unit: "weight", limit: 100, per: "1m" }], weights: { exchange: "x", rulesVersion: "2026-01-01", source: "https://x.test", hosts: [HOST], limiters: [], rules: [{ method: "POST", path: "/order", weight: 4, onSuccess: 0 }], unknownEndpoint: { weight: 2 } } } as TargetOptions;
  const { pool, ledger, clock } = await open({}, { queue: { maxAttempts: 1 } }, { count: 1, target });
  const send = (path: string, method: string, step: ReturnType<ScriptStep>): Promise<string> => outcome(pool.run({ ...get(path), method }, scriptedTransport([step], { clock })));

  await send("/a", "GET", { error: "ECONNRESET" });
  await send("/a", "GET", { error: "ECONNREFUSED", unsent: true });
  await send("/order", "POST", { status: 200 });
  await send("/order", "POST", { status: 400 });

  assert.deepEqual(ledger.of("settle"), ["1: 2", "2: 0", "3: 0", "4: 4"]);
  await pool.close();
});

test("what the server says is used is passed on, in the window that it is certain to be of", async () => {
  const limits: TargetOptions["limits"] = [{ name: "w", unit: "weight", limit: 100, per: "1m", align: "fixed" }];
  const { pool, ledger, clock } = await open({}, {}, { count: 1, target: { limits, serverOffset: 0 } });
  const transport = scriptedTransport([{ afterMs: 10, headers: { "x-mbx-used-weight-1m": "42" } }], { clock });
  const send = async (): Promise<void> => {
    const answer = pool.run(get(), transport);
    await clock.advance(10);
    await answer;
  };

  await clock.advance(20_000 - (clock.wallTime() % 60_000) + 60_000);
  await send();
  assert.deepEqual(ledger.of("observe"), [`${A("w")} used 42`]);
  await clock.advance(60_000 - (clock.wallTime() % 60_000) - 8);
  await send();
  assert.equal(ledger.of("observe").length, 1, "it may be of either window");
  await pool.close();
});

test("pauses and bans are told: of an exit, of a limit, of an account, and of the target after a second ban", async () => {
  const { pool, ledger, clock } = await open({}, { queue: { maxAttempts: 1 } }, {
    target: {
      limits: [
        { name: "w", unit: "weight", limit: 100, per: "1m" },
        { name: "orders", unit: "order", limit: 10, per: "10s", scope: "account" },
      ],
      account: () => "me",
      classify: { judge: ({ status }) => (status === 409 ? { kind: "rate-limited", limit: "orders", retryAfterMs: 3_000 } : status === 420 ? { kind: "rate-limited", scope: "account", retryAfterMs: 4_000 } : undefined) },
    },
  });
  const send = (status: number, headers = {}): Promise<string> => outcome(pool.run(get(), scriptedTransport([{ status, headers }], { clock })));

  await send(429, { "retry-after": "7" });
  assert.deepEqual(ledger.of("pause"), ["exit:127.0.1.1|api rate-limited 7000"]);
  await send(409);
  assert.deepEqual(ledger.of("pause").slice(1), ["account:me|api|orders rate-limited 3000"]);
  await clock.advance(8_000);
  await send(420);
  assert.deepEqual(ledger.of("pause").slice(2), ["account:me|api rate-limited 4000"]);
  await clock.advance(8_000);
  await send(418, { "retry-after": "200" });
  await send(418, { "retry-after": "300" });
  assert.deepEqual(ledger.of("pause").slice(3), ["exit:127.0.1.2|api banned 200000", "exit:127.0.1.1|api banned 300000", "target|api banned 120000"]);
  await pool.close();
});

const FAULTY: [string, Partial<Ledger>][] = [
  ["tryReserve throws", { tryReserve: () => { throw new Error("broken"); } }],
  ["reserve rejects", { tryReserve: () => "unknown", reserve: () => Promise.reject(new Error("broken")) }],
  ["reserve throws", { tryReserve: () => "unknown", reserve: () => { throw new Error("broken"); } }],
  ["tryReserve answers nonsense", { tryReserve: () => undefined as never }],
  ["reserve answers nonsense", { tryReserve: () => "unknown", reserve: () => Promise.resolve(7 as never) }],
];
for (const [how, broken] of FAULTY) {
  test(`${how}: requests wait, nothing breaks, one warning; when it works again they go`, async () => {
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (_: object, message: string) => void warnings.push(message) };
    const clock = new ManualClock();
    let working = false;
    let calls = 0;
    const good = new ScriptedLedger(clock);
    const ledger: Ledger = {
      tryReserve: (counters, now) => {
        calls++;
        return working || broken.tryReserve === undefined ? good.tryReserve(counters) : broken.tryReserve(counters, now);
      },
      reserve: (counters, signal) => (working || broken.reserve === undefined ? good.reserve(counters, signal) : broken.reserve(counters, signal)),
      settle: (token, units) => good.settle(token, units),
      observe: () => {},
      pause: () => {},
      close: () => good.close(),
    };
    const pool = createExitPool({ exits: { local: addresses(2) }, clock, random: () => 0.5, ledger, logger, targets: { api: { hosts: HOST, limits: LIMITS } } });
    await pool.ready();
    const transport = scriptedTransport([], { clock });

    const waiting = pool.run(get(), transport);
    await clock.advance(10_000);
    assert.equal(transport.sent.length, 0);
    assert.ok(calls > 10 && calls < 100, `asked ${calls} times`);
    assert.equal(warnings.filter((warning) => warning.startsWith("The ledger failed")).length, 1);
    working = true;
    await clock.advance(500);
    assert.equal(await outcome(waiting), "answer 200");
    await pool.close();
    assert.equal(good.open.size, 0);
  });
}

test("settle, observe, pause and close that fail lose no answer", async () => {
  const clock = new ManualClock();
  const broken = (): never => {
    throw new Error("broken");
  };
  const rejecting = (): never => Promise.reject(new Error("broken")) as never;
  for (const fail of [broken, rejecting]) {
    const ledger: Ledger = { tryReserve: () => ({ ok: true, token: undefined }), reserve: fail, settle: fail, observe: fail, pause: fail, close: fail };
    const logger = { debug() {}, info() {}, error() {}, warn() {} };
    const pool = createExitPool({ exits: { local: addresses(2) }, clock, ledger, logger, targets: { api: { hosts: HOST, limits: LIMITS } }, queue: { maxAttempts: 1 } });
    await pool.ready();
    assert.equal(await outcome(pool.run(get(), scriptedTransport([{ headers: { "x-mbx-used-weight-1m": "9" } }]))), "answer 200");
    assert.equal(await outcome(pool.run(get(), scriptedTransport([{ status: 418 }]))), "answer 418");
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok((pool.status().ledger?.faults ?? 0) >= 2, "counted, and shown");
    await pool.close();
  }
});

test("a ledger whose close never ends does not keep the pool from closing", async () => {
  const clock = new ManualClock();
  const ledger = new ScriptedLedger(clock);
  ledger.close = () => new Promise(() => {});
  const pool = createExitPool({ exits: { local: addresses(1) }, clock, ledger });
  await pool.ready();
  const closing = pool.close();
  await clock.advance(1_000);
  await closing;
});

test("an exit that was banned while the ledger was asked is not used: the reservation is given back", async () => {
  const grants: (() => void)[] = [];
  const { pool, ledger, clock } = await open({ at: (counters) => (counters[0].units === 5 ? "unknown" : undefined), later: () => new Promise((resolve) => grants.push(() => resolve(undefined as never))) }, { queue: { maxAttempts: 1 } }, { count: 1, target: { weights: ({ path }) => (path === "/asks" ? 5 : 1) } });
  const transport = scriptedTransport([{ status: 418, headers: { "retry-after": "60" } }, {}], { clock });

  const asking = pool.run(get("/asks"), transport, { timeout: false });
  assert.equal(await outcome(pool.run(get("/ban"), transport)), "answer 418");
  grants.shift()?.();
  await settle(clock);
  assert.equal(transport.sent.length, 1);
  assert.equal(ledger.open.size, 0);
  await clock.advance(60_000);
  grants.shift()?.();
  assert.equal(await outcome(asking), "answer 200");
  await pool.close();
});

test("spacing counts from what was really sent, and nobody else asks for an exit that is being asked for", async () => {
  const grants: (() => void)[] = [];
  const { pool, clock } = await open({ at: () => "unknown", later: () => new Promise((resolve) => grants.push(() => resolve(undefined as never))) }, {}, { count: 1, target: { spacing: 100 } });
  const transport = scriptedTransport([], { clock });

  const both = [pool.run(get(), transport), pool.run(get(), transport)];
  await clock.advance(50);
  assert.equal(grants.length, 1);
  grants.shift()?.();
  await clock.advance(99);
  assert.equal(grants.length, 0);
  await clock.advance(1);
  grants.shift()?.();
  await Promise.all(both);
  assert.deepEqual(transport.sent.map(({ at }) => at - transport.sent[0].at), [0, 100]);
  await pool.close();
});

test("a further leg of a race is sent where the ledger allows it, at once or later, and only while it is wanted", async () => {
  for (const later of [false, true]) {
    let fresh = true;
    const { pool, ledger, clock } = await open({ at: () => (later && !fresh ? "unknown" : ((fresh = false), undefined)) }, {}, { count: 3, target: { race: { mode: "race", width: 3 } } });
    const transport = scriptedTransport([{ afterMs: 50 }], { clock });

    const answer = pool.run(get(), transport);
    await settle(clock);
    assert.equal(transport.sent.length, 3);
    await clock.advance(50);
    assert.equal(await outcome(answer), "answer 200");
    await pool.close();
    assert.equal(ledger.open.size, 0);
  }
});

test("many requests ask a slow ledger for no more than 256 reservations at one time, and all of them are sent", async () => {
  let asking = 0;
  let most = 0;
  const clock = new ManualClock();
  const ledger = new ScriptedLedger(clock, {
    at: () => "unknown",
    later: () => {
      most = Math.max(most, ++asking);
      return new Promise((resolve) =>
        clock.setTimeout(() => {
          asking--;
          resolve(undefined as never);
        }, 10),
      );
    },
  });
  const pool = createExitPool({ exits: { local: addresses(3) }, clock, ledger, targets: { api: { hosts: HOST, limits: [{ name: "r", unit: "request", limit: 10_000, per: "1m" }] } } });
  await pool.ready();
  const transport = scriptedTransport([], { clock });

  const all = Promise.all(Array.from({ length: 2_000 }, () => pool.run(get(), transport)));
  await clock.advance(200);
  await all;
  assert.equal(transport.sent.length, 2_000);
  assert.equal(most, 256);
  assert.equal(ledger.open.size, 0);
  await pool.close();
});

test("two pools with one ledger stay within one limit, and neither takes the other for a stranger", async () => {
  const clock = new ManualClock();
  const ledger = new ScriptedLedger(clock);
  let counted = 0;
  const limits: TargetOptions["limits"] = [{ name: "w", unit: "weight", limit: 100, per: "1m", align: "fixed" }];
  const make = (): ExitPool => createExitPool({ exits: { local: addresses(1) }, clock, ledger, targets: { api: { hosts: HOST, limits, serverOffset: 0 } } });
  const pools = [make(), make()];
  await Promise.all(pools.map((pool) => pool.ready()));
  const transport = scriptedTransport(() => ({ afterMs: 1, headers: { "x-mbx-used-weight-1m": String(++counted) } }), { clock });

  const all = pools.flatMap((pool) => Array.from({ length: 80 }, () => outcome(pool.run(get(), transport, { timeout: "20s" }))));
  await clock.advance(20_001);
  const outcomes = await Promise.all(all);
  assert.equal(outcomes.filter((one) => one === "answer 200").length, 100, "all of the limit, although each sees the other's spending in the headers");
  await Promise.all(pools.map((pool) => pool.close()));
});

test("an attempt that has waited for the ledger's word is the first of its request, like any other", async () => {
  const { pool, clock } = await open({ at: () => "unknown" });
  const attempts: number[] = [];
  pool.on("multihome:lease.acquired", ({ attempt }) => attempts.push(attempt));
  pool.decisions();
  const answer = pool.run(get(), scriptedTransport([], { clock }));
  await settle(clock);
  assert.equal(await outcome(answer), "answer 200");
  assert.deepEqual(attempts, [1]);
  assert.deepEqual(pool.decisions().map((decision) => decision.attempts.map(({ round }) => round)), [[1]]);
  await pool.close();
});
