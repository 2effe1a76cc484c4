import assert from "node:assert/strict";
import { test } from "node:test";
import { validateParameters } from "../../src/compat.ts";
import type { ExitPool, ExitPoolOptions, ExitStatus, RequestInfo, TargetOptions } from "../../src/index.ts";
import { createExitPool } from "../../src/index.ts";
import { ManualClock, scriptedTransport, type ScriptedAttempt } from "../../src/testing/index.ts";
import { binanceSpot, deribit } from "../../src/venues.ts";
import { vectors } from "../weights/vectors.ts";
import { addresses, get, HOST, outcome, settle } from "./support.ts";

// The behaviours that the vector files describe, on a whole pool: what is counted, who rests, who goes on.

interface Vector {
  readonly id: string;
  readonly given?: { used?: number; limit?: number; now?: string; localUsed?: number; currentWeight?: number; maxRequests?: number; currentRequests?: number; maxWeight?: number; services?: number; path?: string; params?: Record<string, string | number>; pool?: string };
  readonly when: { weight?: number; header?: Record<string, string>; status?: number; headers?: Record<string, string>; body?: unknown; requests?: number; weightEach?: number; sequence?: { type: string; weight: number }[]; requestsAtOnce?: number; waitMs?: number };
  readonly then: Record<string, unknown>;
}

const BINANCE = vectors<{ vectors: Vector[] }>("limits-binance").vectors;
const DOCUMENTS = vectors<{ behaviours: Vector[] }>("weights-documents").behaviours;
const DERIBIT = vectors<{ behaviours: Vector[]; vectors: { bucket: string; rpcMethod: string; cost: number }[] }>("limits-deribit");
const tested = new Set<string>();

function vector(id: string): Vector {
  const found = [...BINANCE, ...DOCUMENTS, ...DERIBIT.behaviours].find((one) => one.id === id);
  assert.ok(found !== undefined, id);
  tested.add(id);
  return found;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

interface Room {
  readonly pool: ExitPool;
  readonly clock: ManualClock;
  answer(step: ScriptedAttempt, request?: RequestInfo, weight?: number): Promise<string>;
  /** Brings the address to so much used weight, as a header says it. */
  use(weight: number): Promise<void>;
  status(address?: string): ExitStatus;
  used(limit?: string): number | undefined;
}

async function open(at = "2026-11-20T00:01:10.000Z", { count = 1, target = {}, ...options }: ExitPoolOptions & { count?: number; target?: TargetOptions } = {}): Promise<Room> {
  const clock = new ManualClock({ wallTime: Date.parse(at) });
  const pool = createExitPool({ exits: { local: addresses(count) }, clock, logger: quiet, queue: { maxAttempts: 1 }, ...options, targets: { binance: { ...binanceSpot({ clock }), hosts: HOST, serverOffset: 0, ...target } } });
  await pool.ready();
  const room: Room = {
    pool,
    clock,
    answer: (step, request = get("/api/v3/ping"), weight) => outcome(pool.run(request, scriptedTransport([step], { clock }), weight === undefined ? {} : { hints: { weight } })),
    use: async (weight) => void (await room.answer({ headers: { "x-mbx-used-weight-1m": String(weight), date: new Date(clock.wallTime()).toUTCString() } })),
    status: (address = addresses(1)[0]) => pool.status().targets["binance"].exits[address],
    used: (limit = "weight-1m") => room.status().limits.find(({ name }) => name === limit)?.used,
  };
  return room;
}

test("bl-01: a request counts in the minute of the server's clock that it is sent in", async () => {
  const { given, when, then } = vector("bl-01");
  const { pool, used, status } = await open(given?.now);
  const lease = pool.tryAcquire(get("/api/v3/ping"), { hints: { weight: when.weight as number } });
  assert.equal(lease.granted, then["granted"]);
  assert.equal(used(), when.weight);
  const endsAt = Date.parse(then["countsInWindow"] as string) + 60_000;
  assert.ok(Math.abs((status().limits.find(({ name }) => name === "weight-1m")?.resetsInMs ?? 0) - (endsAt - Date.parse(given?.now as string))) <= 10);
  await pool.close({ drain: 0 });
});

test("bl-02: a full minute is empty when the server's clock turns", async () => {
  const { given, when, then } = vector("bl-02");
  const { pool, clock, use } = await open();
  await use(given?.used as number);
  await clock.advance(Date.parse(given?.now as string) - clock.wallTime());
  const hints = { weight: when.weight as number };
  const refused = pool.tryAcquire(get("/api/v3/ping"), { hints });
  assert.equal(refused.granted, then["granted"]);
  assert.ok(!refused.granted && Math.abs(refused.retryAfterMs - (then["waitMs"] as number)) <= 10);
  await clock.advance((then["waitMs"] as number) + 10);
  assert.equal(pool.tryAcquire(get("/api/v3/ping"), { hints }).granted, true);
  await pool.close({ drain: 0 });
});

for (const id of ["bl-03", "doc-beh-001"]) {
  test(`${id}: 5,999 of 6,000 used leaves no room for 2`, async () => {
    const { given, when, then } = vector(id);
    const { pool, use } = await open();
    await use((given?.used ?? given?.currentWeight) as number);
    const answer = pool.tryAcquire(get("/api/v3/ping"), { hints: { weight: when.weight as number } });
    assert.equal(answer.granted, then["granted"]);
    assert.equal(!answer.granted && answer.reason, "limit:weight-1m");
    await pool.close({ drain: 0 });
  });
}

test("bl-04: a header above the own count holds", async () => {
  const { given, when, then } = vector("bl-04");
  const { pool, answer, used } = await open();
  await answer({}, undefined, given?.localUsed);
  assert.equal(used(), given?.localUsed);
  await answer({ headers: when.header ?? {} });
  assert.ok((used() ?? 0) >= (then["usedAtLeast"] as number));
  await pool.close({ drain: 0 });
});

test("bl-05: a late answer of the minute before says nothing of this one", async () => {
  const { given, when, then } = vector("bl-05");
  const { pool, clock, answer, used, use } = await open("2026-11-20T00:01:59.500Z");
  await use(1);
  const late = answer({ afterMs: 900, headers: when.header ?? {} });
  await clock.advance(700);
  await answer({ headers: { date: new Date(clock.wallTime()).toUTCString() } }, undefined, given?.localUsed);
  await clock.advance(200);
  await late;
  assert.equal(used(), then["used"]);
  await pool.close({ drain: 0 });
});

for (const [id, status] of [["bl-06", "cooldown"], ["bl-07", "banned"], ["doc-beh-002", "banned"]] as const) {
  test(`${id}: the address waits for as long as the answer says`, async () => {
    const { when, then } = vector(id);
    const room = await open();
    assert.equal(await room.answer({ status: when.status ?? 0, headers: when.headers ?? {} }), `answer ${when.status}`);
    const seconds = (then["blockedSeconds"] ?? then["banSeconds"]) as number;
    assert.equal(room.status().status, status);
    assert.equal(room.status().untilMs, seconds * 1_000);
    await room.clock.advance(seconds * 1_000 - 1);
    assert.equal(room.pool.tryAcquire(get("/api/v3/ping")).granted, false);
    await room.clock.advance(1);
    assert.equal(room.pool.tryAcquire(get("/api/v3/ping")).granted, true);
    await room.pool.close({ drain: 0 });
  });
}

test("bl-08: without Retry-After the time in the message holds", async () => {
  const { when, then } = vector("bl-08");
  const until = then["blockedUntilMs"] as number;
  const { pool, answer, status } = await open(new Date(until - 300_000).toISOString());
  await answer({ status: when.status ?? 0, body: JSON.stringify(when.body) });
  assert.equal(status().status, "banned");
  assert.equal(status().untilMs, 300_000);
  await pool.close({ drain: 0 });
});

test("bl-09: too many orders stop orders of that account over all addresses, and nothing else", async () => {
  const { when } = vector("bl-09");
  const { pool, answer } = await open(undefined, { count: 2 });
  const order = { method: "POST", url: `http://${HOST}/api/v3/order`, host: HOST, path: "/api/v3/order", headers: { "x-mbx-apikey": "one" }, body: "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1" };
  await answer({ status: when.status ?? 0, body: JSON.stringify(when.body) }, order);
  const again = pool.tryAcquire(order);
  assert.equal(!again.granted && again.reason, "limit:orders-10s");
  assert.equal(pool.tryAcquire({ ...order, headers: { "x-mbx-apikey": "two" } }).granted, true);
  assert.equal(pool.tryAcquire(get("/api/v3/depth?symbol=BTCUSDT")).granted, true);
  await pool.close({ drain: 0 });
});

test("bl-10: headers are read in any case", async () => {
  const { when, then } = vector("bl-10");
  const { pool, answer, used } = await open();
  await answer({ headers: when.header ?? {} });
  assert.equal(used(), then["used"]);
  await pool.close({ drain: 0 });
});

test("doc-beh-003: after a ban of the primary the first backup takes over", async () => {
  const { when } = vector("doc-beh-003");
  const { pool, answer } = await open(undefined, { count: 2, exits: { local: addresses(2), strategy: "failover" } });
  await answer({ status: when.status ?? 0, headers: when.headers ?? {} });
  const next = pool.tryAcquire(get("/api/v3/ping"));
  assert.ok(next.granted);
  assert.equal(next.lease.exit.address, addresses(2)[1]);
  await pool.close({ drain: 0 });
});

test("doc-beh-004: services that share a pool share the count of its address", async () => {
  const { given, when, then } = vector("doc-beh-004");
  const { pool, clock, used } = await open();
  const services = Array.from({ length: given?.services ?? 0 }, () => scriptedTransport([], { clock }));
  for (let i = 0; i < (when.requests ?? 0); i++) await pool.run(get("/api/v3/ping"), services[i % services.length], { hints: { weight: when.weightEach as number } });
  assert.equal(new Set(services.flatMap(({ sent }) => sent.map(({ exit }) => exit))).size, then["distinctIps"]);
  assert.equal(used(), then["countedOnIp"]);
  await pool.close({ drain: 0 });
});

test("doc-beh-005: different kinds of requests add up on one address", async () => {
  const { when, then } = vector("doc-beh-005");
  const { pool, clock, used } = await open();
  const transport = scriptedTransport([], { clock });
  for (const { weight } of when.sequence ?? []) await pool.run(get("/api/v3/ping"), transport, { hints: { weight } });
  assert.equal(new Set(transport.sent.map(({ exit }) => exit)).size === 1, then["sameIp"]);
  assert.equal(used(), then["usedWeight"]);
  await pool.close({ drain: 0 });
});

for (const id of ["doc-beh-006", "doc-beh-007"]) {
  test(`${id}: parameters that cost more than they must are said`, async () => {
    const { given, then } = vector(id);
    const { pool } = await open();
    const { warnings } = validateParameters(pool, { exchange: "binance", endpoint: given?.path ?? "", parameters: given?.params ?? {} });
    assert.equal(warnings.length > 0, then["warns"]);
    await pool.close({ drain: 0 });
  });
}

test("doc-beh-008: utilisation of requests and weight", async () => {
  const { given, then } = vector("doc-beh-008");
  const limits: TargetOptions["limits"] = [
    { name: "requests", unit: "request", limit: given?.maxRequests ?? 0, per: "1m", align: "fixed" },
    { name: "weight", unit: "weight", limit: given?.maxWeight ?? 0, per: "1m", align: "fixed" },
  ];
  const { pool, clock, status } = await open(undefined, { target: { limits } });
  const transport = scriptedTransport([], { clock });
  const { currentRequests = 0, currentWeight = 0 } = given ?? {};
  for (let i = 0; i < currentRequests; i++) await pool.run(get("/api/v3/ping"), transport, { hints: { weight: i === 0 ? currentWeight - (currentRequests - 1) * 5 : 5 } });
  const [requests, weight] = status().limits.map(({ utilisation }) => Math.round(utilisation * 1_000) / 1_000);
  assert.deepEqual({ requests, weight }, { requests: then["utilizationRequests"], weight: then["utilizationWeight"] });
  await pool.close({ drain: 0 });
});

for (const { id } of DERIBIT.behaviours) {
  test(`${id}: a pool of credits on the pool`, async () => {
    const { given, when, then } = vector(id);
    const { rpcMethod, cost } = DERIBIT.vectors.find(({ bucket }) => bucket === given?.pool) as { rpcMethod: string; cost: number };
    const clock = new ManualClock();
    const pool = createExitPool({ exits: { local: addresses(1) }, clock, logger: quiet, targets: { deribit: { ...deribit(), hosts: HOST } } });
    await pool.ready();
    const request = get(`/api/v2/${rpcMethod}`, { headers: { authorization: "Bearer token" } });
    const ask = (): boolean => {
      const result = pool.tryAcquire(request);
      if (!result.granted) return false;
      result.lease.observe({ status: 200, header: () => undefined });
      result.lease.release();
      return true;
    };
    const askAll = (): number => {
      let admitted = 0;
      while (admitted < 10_000 && ask()) admitted++;
      return admitted;
    };

    const { credits } = given as { credits?: number };
    if (credits === 0) askAll();
    await clock.advance(when.waitMs ?? 0);
    const refused = pool.explain(request).wouldWaitMs;
    const admitted = askAll();

    const left = (then["creditsLeft"] as number | undefined) ?? 0;
    if (when.requestsAtOnce !== undefined) assert.equal(admitted, then["allAdmitted"] === true ? when.requestsAtOnce : then["admitted"]);
    else assert.equal(admitted, left / cost);
    if (then["admits"] !== undefined) assert.equal(admitted, then["admits"]);
    assert.equal(refused, 0);
    if (then["nextWaitMs"] !== undefined) assert.equal(pool.explain(request).wouldWaitMs, then["nextWaitMs"]);
    await settle(clock);
    await pool.close({ drain: 0 });
  });
}

test("no behaviour of the vector files is left out", () => {
  const all = [...BINANCE, ...DOCUMENTS, ...DERIBIT.behaviours].map(({ id }) => id);
  assert.deepEqual(all.filter((id) => !tested.has(id)), []);
});
