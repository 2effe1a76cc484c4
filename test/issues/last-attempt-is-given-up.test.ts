import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Rule: an attempt is given up early only where another follows: never the last one that a request has, never once the pool is
// closing. The last one was given up all the same, and its caller told that it had been "given up for another exit".
const request = { method: "GET", url: "http://api.test/", host: "api.test", path: "/" };
const PLACES = 4;

/** A pool that knows its exits as quick, and whose places are all in use by answers that take three seconds. */
async function busy(maxAttempts: number) {
  const clock = new ManualClock();
  const proxies = Array.from({ length: PLACES }, (_, i) => `socks5://10.0.0.${i + 1}:1`);
  const pool = createExitPool({ exits: { proxies }, clock, random: () => 0.5, maxInFlight: PLACES, queue: { maxAttempts }, defaults: { spacing: 0, race: { mode: "off" } }, summaryEvery: false });
  await pool.ready();
  let afterMs = 10;
  const transport = scriptedTransport(() => ({ afterMs }), { clock });
  const ask = () => pool.run(request, transport).then(({ status }) => String(status), (error: Error) => error.message);
  for (let i = 0; i < 100; i++) {
    const some = Array.from({ length: PLACES }, ask);
    await clock.advance(100);
    await Promise.all(some);
  }
  afterMs = 3_000;
  return { clock, pool, ask };
}

for (const maxAttempts of [1, 2]) {
  test(`the last of ${maxAttempts} attempts takes the time it needs, however scarce places are`, async (t) => {
    const { clock, pool, ask } = await busy(maxAttempts);
    t.after(() => pool.close({ drain: 0 }));
    const answers = Array.from({ length: 3 * PLACES }, ask);
    await clock.advance(30_000);
    assert.deepEqual([...new Set(await Promise.all(answers))], ["200"]);
  });
}

test("while the pool closes, what runs is not given up for an exit that will not be asked", async () => {
  const { clock, pool, ask } = await busy(5);
  const running = Array.from({ length: PLACES }, ask);
  await clock.advance(5);
  const closed = pool.close({ drain: "5s" });
  await clock.advance(6_000);
  await closed;
  assert.deepEqual([...new Set(await Promise.all(running))], ["200"]);
});
