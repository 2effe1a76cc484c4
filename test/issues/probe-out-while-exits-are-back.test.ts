import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Rule: while a breaker's probe is out nothing is asked of the clock; its end is what wakes the target. A pool once set its
// alarm for the present moment again and again, and froze, when exits had come back before the probe had ended.
test("a probe that takes longer than the exits' rest freezes nothing", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { proxies: ["socks5://10.0.0.1:1", "socks5://10.0.0.2:1"], strategy: "rotate" }, clock, random: () => 0.5, defaults: { spacing: 0, race: { mode: "off" } }, queue: { maxAttempts: 1, onOpen: "queue" }, attemptTimeout: "20s" });
  await pool.ready();
  const request = { method: "GET", url: "http://api.test/", host: "api.test", path: "/" };
  const failing = scriptedTransport([{ error: "ECONNRESET" }]);
  for (let i = 0; i < 6; i++) await pool.run(request, failing).catch(() => {});

  const slow = scriptedTransport([{ afterMs: 15_000 }, {}], { clock });
  const answers = [1, 2, 3].map(() => pool.run(request, slow).then(({ status }) => status));
  await clock.advance(0);
  assert.equal(pool.status().breakers["api.test"], "open");
  await clock.advance(31_000);
  await clock.advance(20_000);
  assert.deepEqual(await Promise.all(answers), [200, 200, 200]);
  await pool.close();
});
