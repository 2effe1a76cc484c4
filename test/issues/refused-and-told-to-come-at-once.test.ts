import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport, type ScriptedAttempt } from "@multihome/core/testing";
import { binanceSpot } from "@multihome/core/venues";

// A 418 with `Retry-After: 0`, or with a date that had passed, was no ban at all: whoever waited was sent at once, and refused as fast
// as the network went.

const HOST = "api.binance.com";
const DATE = "Thu, 01 Jan 2026 00:00:00 GMT";

async function poolOfOne(clock: ManualClock): Promise<ExitPool> {
  const pool = createExitPool({
    exits: { local: ["127.0.1.1"] },
    clock,
    targets: { binance: { ...binanceSpot({ clock }), hosts: HOST } },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await pool.ready();
  return pool;
}

/** Ten workers that never stop asking, for ten seconds. @returns requests that were sent */
async function keepAsking(request: RequestInfo, answer: ScriptedAttempt): Promise<number> {
  const clock = new ManualClock({ now: 1_000, wallTime: Date.parse(DATE) });
  const pool = await poolOfOne(clock);
  let sent = 0;
  const transport = scriptedTransport(() => {
    sent += 1;
    return { ...answer, afterMs: 10 };
  }, { clock });
  let stopped = false;
  const ask = (): void => {
    // Where every exit is banned the target's breaker refuses at once.
    if (!stopped) void pool.run(request, transport).then(ask, () => void clock.setTimeout(ask, 100));
  };
  for (let i = 0; i < 10; i++) ask();
  await clock.advance(10_000);
  stopped = true;
  await pool.close();
  return sent;
}

const TIME: RequestInfo = { method: "GET", url: `https://${HOST}/api/v3/time`, host: HOST, path: "/api/v3/time" };
const ORDER: RequestInfo = { method: "POST", url: `https://${HOST}/api/v3/order`, host: HOST, path: "/api/v3/order", headers: { "x-mbx-apikey": "key" } };

// Rule: a ban keeps away whatever it says about the time, two minutes at least where it says none; so does a limit that an answer names.
// A 429 that is over at once is tried again, by one at a time.
for (const retryAfter of ["0", "Wed, 31 Dec 2025 23:59:00 GMT"]) {
  test(`a ban with Retry-After ${retryAfter} is a ban`, async () => {
    assert.ok((await keepAsking(TIME, { status: 418, headers: { date: DATE, "retry-after": retryAfter } })) <= 10);
  });

  test(`a 429 with Retry-After ${retryAfter} is no reason to go on as before`, async () => {
    const sent = await keepAsking(TIME, { status: 429, headers: { date: DATE, "retry-after": retryAfter } });
    assert.ok(sent <= 30, `${sent} sent`);
  });

  test(`too many orders with Retry-After ${retryAfter} stop orders until their window turns`, async () => {
    const body = '{"code":-1015,"msg":"Too many new orders; current limit is 50 orders per 10 SECOND."}';
    const sent = await keepAsking(ORDER, { status: 429, headers: { date: DATE, "retry-after": retryAfter }, body });
    assert.ok(sent <= 20, `${sent} sent`);
  });
}
