import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createExchangeCore } from "../../src/testing/index.ts";
import { codeOf, exchange } from "./exchange-support.ts";

test("weights follow the request, and the header says what the window has counted", () => {
  const { ask } = exchange();
  const steps = [
    { path: "/api/v3/ping", used: 1 },
    { path: "/api/v3/depth?symbol=BTCUSDT", used: 6 },
    { path: "/api/v3/depth?symbol=BTCUSDT&limit=100", used: 11 },
    { path: "/api/v3/depth?symbol=BTCUSDT&limit=500", used: 36 },
    { path: "/api/v3/depth?symbol=BTCUSDT&limit=1000", used: 86 },
    { path: "/api/v3/depth?symbol=BTCUSDT&limit=5000", used: 336 },
    { path: "/api/v3/ticker/24hr", used: 416 },
    { path: "/api/v3/ticker/24hr?symbol=BTCUSDT", used: 418 },
    { path: "/api/v3/ticker/24hr?symbols=%5B%22A%22%2C%22B%22%5D", used: 420 },
    { path: "/api/v3/exchangeInfo", used: 440 },
  ];
  for (const { path, used } of steps) {
    const answer = ask(path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers["x-mbx-used-weight-1m"], String(used), path);
    assert.equal(answer.headers["x-mbx-used-weight"], String(used), path);
  }
});

test("windows turn with the exchange's own clock, not with the first request", async () => {
  // 10 s ahead of us: its minute turns after 50 s of ours.
  const { clock, ask } = exchange({ clockOffsetMs: 10_000 });
  await clock.advance(40_000);
  assert.equal(ask("/api/v3/exchangeInfo").headers["x-mbx-used-weight-1m"], "20");
  await clock.advance(9_999);
  assert.equal(ask("/api/v3/ping").headers["x-mbx-used-weight-1m"], "21");
  await clock.advance(1);
  const turned = ask("/api/v3/ping");
  assert.equal(turned.headers["x-mbx-used-weight-1m"], "1");
  assert.equal(turned.headers["date"], "Thu, 01 Jan 2026 00:01:00 GMT");
});

test("a jump of our wall clock does not move the exchange's", async () => {
  const { clock, ask } = exchange();
  ask("/api/v3/exchangeInfo");
  clock.jumpWall(3_600_000);
  const answer = ask("/api/v3/ping");
  assert.equal(answer.headers["x-mbx-used-weight-1m"], "21");
  assert.equal(answer.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
});

test("a request counts when it arrives, where that is said", () => {
  const { core, ask } = exchange({ windowMs: 2_000 });
  ask("/api/v3/ping", { at: 1_999 });
  ask("/api/v3/ping", { at: 2_000 });
  ask("/api/v3/ping", { at: 2_001 });
  assert.deepEqual(core.books().addresses["10.0.0.1"].windows.map(({ startsAt, used }) => [startsAt - core.serverTime(0), used]), [[0, 1], [2_000, 2]]);
});

test("the header is named after the length of the window", () => {
  for (const [windowMs, name] of [[2_000, "x-mbx-used-weight-2s"], [60_000, "x-mbx-used-weight-1m"], [90_000, "x-mbx-used-weight-90s"], [3_600_000, "x-mbx-used-weight-1h"]] as const) {
    assert.equal(exchange({ windowMs }).ask("/api/v3/ping").headers[name], "1", name);
  }
});

test("exactly the limit passes, one more is refused until the window ends", async () => {
  const { clock, ask } = exchange({ limit: 41, refusalsBeforeBan: 5 });
  await clock.advance(47_300);
  assert.equal(ask("/api/v3/exchangeInfo").status, 200);
  assert.equal(ask("/api/v3/exchangeInfo").status, 200);
  assert.equal(ask("/api/v3/ping").status, 200);

  const refused = ask("/api/v3/ping");
  assert.equal(refused.status, 429);
  assert.equal(codeOf(refused), -1003);
  // 12.7 s are left.
  assert.equal(refused.headers["retry-after"], "13");
  assert.equal(refused.headers["x-mbx-used-weight-1m"], "42");

  await clock.advance(12_700);
  assert.equal(ask("/api/v3/ping").status, 200);
});

test("who goes on while limited is banned, and each further ban is twice as long, up to the longest", async () => {
  const { clock, core, ask } = exchange({ limit: 1, windowMs: 1_000, refusalsBeforeBan: 2, banMs: 2_000, banMaxMs: 5_000 });
  const statuses = () => Array.from({ length: 5 }, () => ask("/api/v3/ping").status);
  for (const banSeconds of ["2", "4", "5", "5"]) {
    assert.deepEqual(statuses(), [200, 429, 429, 429, 418]);
    const banned = ask("/api/v3/ping");
    assert.equal(banned.status, 418);
    assert.equal(codeOf(banned), -1003);
    assert.equal(banned.headers["retry-after"], banSeconds);
    assert.match(banned.body, new RegExp(`IP banned until ${core.serverTime() + Number(banSeconds) * 1_000}\\.`));
    assert.equal(banned.headers["x-mbx-used-weight"], undefined);

    await clock.advance(Number(banSeconds) * 1_000 - 1);
    assert.equal(ask("/api/v3/ping").status, 418, "one millisecond before its end");
    await clock.advance(1);
  }
  const book = core.books().addresses["10.0.0.1"];
  assert.deepEqual([book.bans, book.firstBanAt, book.limited], [4, core.serverTime(0), 12]);
});

test("refusals of one window do not add up with those of the next", async () => {
  const { clock, core, ask } = exchange({ limit: 1, windowMs: 1_000, refusalsBeforeBan: 1 });
  for (let round = 0; round < 20; round += 1) {
    assert.deepEqual([ask("/api/v3/ping").status, ask("/api/v3/ping").status, ask("/api/v3/ping").status], [200, 429, 429]);
    await clock.advance(1_000);
  }
  assert.equal(core.totals().bans, 0);
});

test("refused requests count like any other", async () => {
  const { clock, core, ask } = exchange({ limit: 10, windowMs: 60_000, refusalsBeforeBan: 0, banMs: 120_000 });
  for (let index = 0; index < 15; index += 1) ask("/api/v3/ping");
  const [window] = core.books().addresses["10.0.0.1"].windows;
  assert.deepEqual(window, { startsAt: core.serverTime(0), limit: 10, used: 15, foreign: 0, requests: 15, limited: 1, banned: 4 });

  // Still banned when the window has turned, and counted there.
  await clock.advance(60_000);
  assert.equal(ask("/api/v3/ping").status, 418);
  assert.equal(core.used("10.0.0.1"), 1);
});

test("addresses are limited each for itself, and so are requests by number", () => {
  const { ask } = exchange({ rawLimit: 3, rawWindowMs: 300_000 });
  const statuses = Array.from({ length: 4 }, () => ask("/api/v3/ping"));
  assert.deepEqual(statuses.map(({ status }) => status), [200, 200, 200, 429]);
  assert.equal(statuses[3].headers["retry-after"], "300");
  assert.match(statuses[3].body, /current limit is 3 requests per 5 MINUTE/);
  assert.equal(ask("/api/v3/ping", { address: "10.0.0.2" }).status, 200);
});

test("what other programs spend weighs on the address, and is theirs in the books", () => {
  const { core, ask } = exchange({ limit: 100 });
  core.spend("10.0.0.1", 99);
  assert.equal(ask("/api/v3/ping").headers["x-mbx-used-weight-1m"], "100");
  assert.equal(ask("/api/v3/ping").status, 429);
  const { addresses, totals } = core.books();
  assert.deepEqual([addresses["10.0.0.1"].windows[0].foreign, totals.weight, totals.requests, totals.windowsOver], [99, 2, 2, 1]);
});

test("exchangeInfo tells the limits that are in force", () => {
  const { ask } = exchange({ windowMs: 2_000, limit: 50, rawLimit: 7, rawWindowMs: 10_000, ordersPer10s: 3, ordersPerDay: 4 });
  assert.deepEqual((JSON.parse(ask("/api/v3/exchangeInfo").body) as { rateLimits: unknown }).rateLimits, [
    { rateLimitType: "REQUEST_WEIGHT", interval: "SECOND", intervalNum: 2, limit: 50 },
    { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 3 },
    { rateLimitType: "ORDERS", interval: "DAY", intervalNum: 1, limit: 4 },
    { rateLimitType: "RAW_REQUESTS", interval: "SECOND", intervalNum: 10, limit: 7 },
  ]);
});

test("a firewall rule answers 403 without a word about limits, until it is lifted", () => {
  const { core, ask } = exchange();
  core.forbid("10.0.0.1");
  const forbidden = ask("/api/v3/ping");
  assert.equal(forbidden.status, 403);
  assert.equal(forbidden.headers["retry-after"], undefined);
  core.forbid("10.0.0.1", false);
  assert.equal(ask("/api/v3/ping").headers["x-mbx-used-weight-1m"], "2");
});

test("an answer can be put in the exchange's place, and costs what the request costs", () => {
  const { core, ask } = exchange();
  core.intercept(({ path }) => (path.endsWith("time") ? { status: 503, headers: {}, body: "maintenance" } : undefined));
  assert.equal(ask("/api/v3/ping").status, 200);
  const answer = ask("/api/v3/time");
  assert.deepEqual([answer.status, answer.body, answer.headers["x-mbx-used-weight-1m"]], [503, "maintenance", "2"]);
  core.intercept(undefined);
  assert.equal(ask("/api/v3/time").status, 200);
});

test("unknown paths are answered with 404, unless the caller brings weights of its own", () => {
  assert.equal(exchange().ask("/api/v3/nothing").status, 404);
  assert.equal(exchange().ask("/constructor").status, 404);
  const own = exchange({ weigh: ({ path }) => path.length }).ask("/seven7");
  assert.deepEqual([own.status, own.headers["x-mbx-used-weight"]], [200, "7"]);
});

test("settings that no exchange could have are refused by name", () => {
  for (const [options, message] of [
    [{ windowMs: 1_500 }, /`windowMs` to be a multiple of 1000, got `1500`/],
    [{ windowMs: 0 }, /`windowMs`/],
    [{ limit: Number.NaN }, /`limit`/],
    [{ banMs: -1 }, /`banMs`/],
  ] as const) assert.throws(() => createExchangeCore(options), message);
});

test("whatever comes, a window's use is what it was sent, and nobody within the limit is refused", () => {
  const step = fc.record({ after: fc.integer({ min: 0, max: 700 }), weight: fc.integer({ min: 0, max: 12 }), foreign: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    let now = 0;
    const clock = { now: () => now, wallTime: () => now, setTimeout: () => 0, clearTimeout: () => undefined };
    const core = createExchangeCore({ clock, windowMs: 1_000, limit: 30, refusalsBeforeBan: 1e9, weigh: ({ query }) => Number(query) });
    const sums = new Map<number, number>();
    for (const { after, weight, foreign } of steps) {
      now += after;
      const start = Math.floor(now / 1_000) * 1_000;
      const used = (sums.get(start) ?? 0) + weight;
      sums.set(start, used);
      if (foreign) core.spend("a", weight);
      else assert.equal(core.handle({ address: "a", method: "GET", path: "/", query: String(weight) }).status, used > 30 ? 429 : 200);
      assert.equal(core.used("a"), used);
    }
    const windows = core.books().addresses["a"]?.windows ?? [];
    assert.deepEqual(windows.map(({ startsAt, used }) => [startsAt, used]), [...sums]);
  }), { numRuns: 200 });
});
