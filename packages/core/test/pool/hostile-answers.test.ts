import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitPool, ExitStatus, TargetOptions } from "../../src/index.ts";
import { createExitPool } from "../../src/index.ts";
import { ManualClock, scriptedTransport, type ScriptedAttempt } from "../../src/testing/index.ts";
import { binanceSpot } from "../../src/venues.ts";
import { addresses, get, HOST, outcome } from "./support.ts";

// What comes of headers that are wrong, forged or cut short: never a limit that is passed, never a wait without end.

const HOUR = 3_600_000;
const DAY = 86_400_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function open(target: TargetOptions = {}, count = 1): Promise<{ pool: ExitPool; clock: ManualClock; send(step: ScriptedAttempt): Promise<string>; status(): ExitStatus }> {
  const clock = new ManualClock({ wallTime: Date.UTC(2026, 10, 20, 0, 1, 10) });
  const pool = createExitPool({ exits: { local: addresses(count) }, clock, logger: quiet, queue: { maxAttempts: 1 }, targets: { api: { ...binanceSpot({ clock }), hosts: HOST, ...target } } });
  await pool.ready();
  return {
    pool,
    clock,
    send: (step) => outcome(pool.run(get("/api/v3/ping"), scriptedTransport([step], { clock }))),
    status: () => pool.status().targets["api"].exits[addresses(1)[0]],
  };
}

/** 429 without a readable time: half a second at first; without one, a ban is two minutes. */
const RETRY_AFTER: [value: string | undefined, after429: number, after418: number][] = [
  [undefined, 500, 120_000],
  ["35", 35_000, 35_000],
  [" 5 ", 5_000, 5_000],
  ["0", 0, 120_000],
  ["Fri, 20 Nov 2026 00:02:10 GMT", 60_000, 60_000],
  ["Fri, 20 Nov 2026 00:00:10 GMT", 0, 120_000],
  ["Fri, 31 Dec 9999 23:59:59 GMT", HOUR, 3 * DAY],
  ["99999999999", HOUR, 3 * DAY],
  ["-1", 500, 120_000],
  ["1.5", 500, 120_000],
  ["1; 2", 500, 120_000],
  ["1e3", 500, 120_000],
  ["0x10", 500, 120_000],
  ["2099-01-01", 500, 120_000],
  ["soon", 500, 120_000],
  ["", 500, 120_000],
  ["9".repeat(100_000), 500, 120_000],
];
for (const [value, after429, after418] of RETRY_AFTER) {
  test(`Retry-After ${JSON.stringify(value)?.slice(0, 40)}: 429 rests for ${after429} ms, 418 for ${after418} ms`, async () => {
    for (const [status, ms] of [[429, after429], [418, after418]] as const) {
      const { pool, send, status: seen } = await open();
      assert.equal(await send({ status, headers: value === undefined ? {} : { "retry-after": value } }), `answer ${status}`);
      assert.equal(seen().untilMs ?? 0, ms, String(status));
      await pool.close();
    }
  });
}

test("the same holds for a limit that a refusal names: an hour at most, or its own span", async () => {
  const { pool, clock } = await open({ classify: { judge: ({ status }) => (status === 429 ? { kind: "rate-limited", limit: "weight-1m", retryAfterMs: 1e15 } : undefined) } });
  await outcome(pool.run(get("/api/v3/ping"), scriptedTransport([{ status: 429 }], { clock })));
  const refused = pool.tryAcquire(get("/api/v3/ping"));
  assert.ok(!refused.granted && refused.retryAfterMs === HOUR, JSON.stringify(refused));
  await pool.close();
});

/** What is counted after one request of weight 1 whose answer says so. */
const USED: [value: string | string[], used: number][] = [
  ["42", 42],
  ["-5", 1],
  ["NaN", 1],
  ["1e309", 1],
  ["", 1],
  ["0x10", 1],
  ["12abc", 1],
  ["5999, 10", 5_999],
  [["10", "5999"], 5_999],
  ["60001", 1],
  ["0", 1],
  ["7".repeat(100_000), 1],
];
for (const [value, used] of USED) {
  test(`a used weight of ${JSON.stringify(value).slice(0, 40)} is taken for ${used}`, async () => {
    const { pool, send, status } = await open({ serverOffset: 0 });
    await send({ headers: { "x-mbx-used-weight-1m": value } });
    assert.equal(status().limits.find(({ name }) => name === "weight-1m")?.used, used);
    await pool.close();
  });
}

test("figures of spans that nobody counts, and a thousand unknown ones, change nothing", async () => {
  const { pool, send, status } = await open({ serverOffset: 0 });
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x-mbx-used-weight-${i}x`, "5000"]));
  await send({ headers: { ...many, "x-mbx-used-weight-1M": "17", "x-mbx-used-weight-3h": "5000", "X-MBX-USED-WEIGHT-": "5000", ["__proto__"]: "5000", constructor: "5000" } });
  assert.equal(status().limits.find(({ name }) => name === "weight-1m")?.used, 17, "the letter in any case");
  await pool.close();
});

test("a ban message that is cut short, forged or absent bans for the shortest time that bans have", async () => {
  for (const body of ["", "{", '{"code":-1003,"msg":"IP banned until ', '{"code":-1003,"msg":"IP banned until 1795046','{"code":-1003,"msg":"IP banned until 99999999999999999999."}', '{"code":-1003,"msg":"IP banned until -1795046530000."}']) {
    const { pool, send, status } = await open();
    await send({ status: 418, body });
    assert.equal(status().status, "banned", body);
    assert.equal(status().untilMs, 120_000, body);
    await pool.close();
  }
});

test("a firewall's 403 keeps the address away for a moment, twice as long each time, and is no ban", async () => {
  const { pool, clock, send, status } = await open();
  await send({ status: 403, body: "<html>" });
  assert.deepEqual([status().status, status().untilMs], ["cooldown", 500]);
  await clock.advance(500);
  await send({ status: 403, body: "<html>" });
  assert.equal(status().untilMs, 1_000);
  await clock.advance(1_000);
  await send({ status: 403, headers: { "retry-after": "7" } });
  assert.ok((status().untilMs ?? 0) >= 7_000);
  await pool.close();
});

for (const hours of [-30, -5, 5, 30]) {
  test(`a Date that is ${hours} hours off neither stalls the pool nor lets a window pass its limit`, async () => {
    const limit = 20;
    const { pool, clock } = await open({ weights: () => 1, limits: [{ name: "weight-1m", unit: "weight", limit, per: "1m", align: "fixed" }] });
    const counted = new Map<number, number>();
    const transport = scriptedTransport(
      () => {
        const at = clock.wallTime() + hours * HOUR;
        const window = Math.floor(at / 60_000);
        counted.set(window, (counted.get(window) ?? 0) + 1);
        return { afterMs: 5, headers: { date: new Date(at).toUTCString() } };
      },
      { clock },
    );
    const all = Array.from({ length: 90 }, () => outcome(pool.run(get("/"), transport, { timeout: false })));
    await clock.advance(6 * 60_000);
    assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
    assert.ok([...counted.values()].every((count) => count <= limit), [...counted.values()].join(" "));
    await pool.close();
  });
}

test("a window that is shorter than the way to the server holds, and everything is sent in the end", async () => {
  const limit = 5;
  const { pool, clock } = await open({ weights: () => 1, limits: [{ name: "short", unit: "request", limit, per: 200, align: "fixed" }] });
  const arrivals: number[] = [];
  const transport = scriptedTransport(
    () => {
      arrivals.push(clock.now() + 400);
      return { afterMs: 800, headers: { date: new Date(clock.wallTime() + 400).toUTCString() } };
    },
    { clock },
  );
  const all = Array.from({ length: 30 }, () => outcome(pool.run(get("/"), transport, { timeout: false })));
  await clock.advance(60_000);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  for (const from of arrivals) assert.ok(arrivals.filter((at) => at >= from && at < from + 200).length <= limit);
  await pool.close();
});

test("what is heavier than any window is refused at once, and never waits", async () => {
  const { pool, clock } = await open();
  const transport = scriptedTransport([], { clock });
  assert.equal(await outcome(pool.run(get("/api/v3/ping"), transport, { hints: { weight: 6_001 } })), "error MH_ERR_OVER_QUOTA");
  const never = pool.tryAcquire(get("/api/v3/ping"), { hints: { weight: 6_001 } });
  assert.deepEqual({ ...never }, { granted: false, reason: "over-quota", retryAfterMs: Infinity });
  assert.equal(transport.sent.length, 0);
  await pool.close();
});
