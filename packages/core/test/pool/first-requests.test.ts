import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { binanceSpot } from "../../src/venues.ts";
import { addresses, get, HOST } from "./support.ts";

const EXITS = 20;

/** A pool of an exchange bot that has just been made. */
function starting(clock: ManualClock): ExitPool {
  return createExitPool({ exits: { local: addresses(EXITS) }, clock, random: () => 0.5, targets: { binance: { ...binanceSpot(), hosts: HOST } } });
}

const depth = () => get("/api/v3/depth?symbol=BTCUSDT&limit=500");

for (const ready of [false, true]) {
  test(`the first ${EXITS} requests at once leave by ${EXITS} exits, ${ready ? "the pool being ready" : "made before the exits are known"}`, async () => {
    const clock = new ManualClock();
    await using pool = starting(clock);
    if (ready) await pool.ready();
    const transport = scriptedTransport([{ afterMs: 20 }], { clock });
    const answers = Promise.all(Array.from({ length: EXITS }, () => pool.run(depth(), transport)));
    await pool.ready();
    await clock.advance(20);
    await answers;
    assert.deepEqual(Object.values(transport.sentBy()), new Array(EXITS).fill(1));
  });
}

test(`the first ${EXITS} requests one after another leave by ${EXITS} exits, the ones that have answered waiting for their turn`, async () => {
  const clock = new ManualClock();
  await using pool = starting(clock);
  const transport = scriptedTransport([{}], { clock });
  for (let i = 0; i < EXITS; i++) await pool.run(depth(), transport);
  assert.deepEqual(Object.values(transport.sentBy()), new Array(EXITS).fill(1));
});
