import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock, scriptedTransport, seededRandom } from "@multihome/core/testing";

// Rule: tests of exits cost the requests that carry them nothing: as long as an exit works, the last attempts that a request has
// are not spent on finding out about others. Where many dead exits came due at one time, a request at the head of its line
// carried one test after the other and failed with fifteen refused connections, beside exits that answered everybody else.
test("beside exits that work no request fails for the tests of those that do not", async (t) => {
  const clock = new ManualClock();
  const GOOD = 12;
  const proxies = Array.from({ length: 300 }, (_, i) => `socks5://10.0.${i >> 8}.${i & 255}:1`);
  const good = new Set(proxies.slice(0, GOOD));
  const pool = createExitPool({ exits: { proxies }, clock, random: seededRandom(7), summaryEvery: false, attemptTimeout: "1s" });
  t.after(() => pool.close({ drain: 0 }));
  await pool.ready();
  const transport = scriptedTransport(({ exit }) => (good.has(exit) ? { afterMs: 30 } : { afterMs: 3, error: "ECONNREFUSED" }), { clock });
  let answered = 0;
  let warm = false;
  const failed: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (;;) {
      try {
        await pool.run({ method: "GET", url: "http://api.test/", host: "api.test", path: "/" }, transport);
        answered++;
      } catch (error) {
        if ((error as { code?: string }).code === "MH_ERR_CLOSED") return;
        if (warm) failed.push(error);
      }
    }
  };
  for (let i = 0; i < 60; i++) void worker();
  await clock.advance(20_000);
  warm = true;
  await clock.advance(300_000);
  assert.deepEqual(failed, []);
  assert.ok(answered > 0.8 * 320 * 2 * GOOD, `${answered} were answered`);
});
