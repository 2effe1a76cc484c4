import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Rule: a breaker's probe that may be tried again is tried again, and no request that waits for its next turn keeps others from
// finding out. A probe whose first attempt had failed once stood in the line as the one that was out: nobody went any more, until
// its deadline, although every exit was back.
const PROXIES = Array.from({ length: 12 }, (_, i) => `socks5://10.0.0.${i + 1}:1`);
const request = { method: "GET", url: "http://api.test/", host: "api.test", path: "/" };

for (const strategy of ["rotate", "score", "adaptive"] as const) {
  test(`when few of many exits are back, probes go on until one of them is found (${strategy})`, async (t) => {
    const clock = new ManualClock();
    const pool = createExitPool({ exits: { proxies: PROXIES, strategy }, clock, random: () => 0.5, queue: { timeout: "10m" }, summaryEvery: false });
    t.after(() => pool.close({ drain: 0 }));
    await pool.ready();
    let back: readonly string[] = [];
    const transport = scriptedTransport(({ exit }) => (back.includes(exit) ? { afterMs: 20 } : { afterMs: 5, error: "ECONNRESET" }), { clock });
    const answers: number[] = [];
    const ask = (priority: number) => void pool.run(request, transport, { hints: { priority } }).then(({ status }) => answers.push(status), () => {});
    const open = (): boolean => pool.status().breakers["api.test"] === "open";
    for (let seconds = 0; !open(); seconds++) {
      assert.ok(seconds < 60, "the breaker never opened");
      for (let i = 0; i < 20; i++) ask(i % 3);
      await clock.advance(1_000);
    }
    const waiting = pool.status().tasks.pending;
    assert.ok(waiting > 20, `${waiting} wait`);

    back = PROXIES.slice(-2);
    await clock.advance(90_000);
    assert.equal(pool.status().breakers["api.test"], "closed");
    assert.equal(pool.status().tasks.pending, 0);
    assert.ok(answers.length > waiting / 2, `${answers.length} of ${waiting} were answered`);
  });
}

test("a probe that is given up while it waits for its second turn leaves the finding out to others", async (t) => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { proxies: PROXIES.slice(0, 2), strategy: "rotate" }, clock, random: () => 0.5, defaults: { spacing: "2s", race: { mode: "off" } }, queue: { timeout: "5m", onOpen: "queue", maxAttempts: 3 } });
  t.after(() => pool.close({ drain: 0 }));
  await pool.ready();
  let failing = true;
  const transport = scriptedTransport(() => (failing ? { error: "ECONNRESET" } : {}), { clock });
  const early = [1, 2].map(() => pool.run(request, transport).catch(() => {}));
  await clock.advance(15_000);
  await Promise.all(early);

  const controller = new AbortController();
  const given = pool.run(request, transport, { signal: controller.signal }).then(String, (error: Error) => error.name);
  const other = pool.run(request, transport).then(({ status }) => status, (error: Error) => error);
  assert.equal(pool.status().breakers["api.test"], "open");
  const sent = transport.sent.length;
  for (let i = 0; i < 600 && transport.sent.length === sent; i++) await clock.advance(100);
  assert.equal(pool.status().inflight, 0);
  assert.equal(pool.status().tasks.pending, 2);
  controller.abort();
  failing = false;
  assert.equal(await given, "AbortError");
  await clock.advance(90_000);
  assert.equal(await other, 200);
});
