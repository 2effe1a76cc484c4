import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createExitPool } from "../../src/index.ts";
import type { ExitPool, ExitPoolOptions } from "../../src/index.ts";
import { ManualClock, scriptedTransport, seededRandom } from "../../src/testing/index.ts";
import type { ScriptedAttempt } from "../../src/testing/index.ts";
import { get, outcome } from "./support.ts";

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `socks5://10.0.${i >> 8}.${i & 255}:1080`);
}

async function adaptive(count: number, clock: ManualClock, options: ExitPoolOptions = {}): Promise<ExitPool> {
  const pool = createExitPool({ clock, random: seededRandom(5), ...options, exits: { proxies: ids(count), ...options.exits } });
  await pool.ready();
  return pool;
}

/** Everything that is believed at the host, as numbers; throws where one is none. */
function check(pool: ExitPool, host = "api.test"): void {
  for (const { belief } of pool.explain(get("/", { url: `http://${host}/`, host })).exits) {
    if (belief === undefined) continue;
    const { up, accepts, typicalMs, cutMs } = belief;
    assert.ok(up >= 0 && up <= 1 && accepts >= 0 && accepts <= 1 && Number.isFinite(typicalMs) && Number.isFinite(cutMs) && cutMs >= 0, belief.words);
    assert.doesNotMatch(belief.words, /NaN|Infinity/);
  }
}

test("without an exit there is none, with one or two everything goes by these", async () => {
  const clock = new ManualClock();
  const empty = createExitPool({ clock, exits: { sources: [{ name: "none", read: () => Promise.resolve([]) }] }, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const early = outcome(empty.run(get(), scriptedTransport()));
  await assert.rejects(empty.ready(), /no exit/i);
  assert.equal(await early, "error MH_ERR_NO_EXIT");
  await empty.close();

  for (const count of [1, 2]) {
    const pool = await adaptive(count, clock, { defaults: { spacing: 0 } });
    const transport = scriptedTransport([{ afterMs: 10 }], { clock });
    const all = Array.from({ length: 50 }, () => outcome(pool.run(get(), transport)));
    await clock.advance(5_000);
    assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
    assert.ok(Object.keys(transport.sentBy()).length <= count);
    check(pool);
    await pool.close();
  }
});

test("answers at once, after an hour, and exits that are all alike leave numbers", async () => {
  const clock = new ManualClock();
  for (const afterMs of [0, 3_600_000]) {
    const pool = await adaptive(10, clock, { attemptTimeout: "2h", queue: { timeout: "1d" } });
    const transport = scriptedTransport([{ afterMs }], { clock });
    for (let i = 0; i < 5; i++) {
      const answer = outcome(pool.run(get(), transport));
      await clock.advance(afterMs + 10_000);
      assert.equal(await answer, "answer 200");
      check(pool);
    }
    await pool.close();
  }
});

test("a clock that jumps ahead by a month or back by a day stalls nothing", async () => {
  class Jumping extends ManualClock {
    shift = 0;

    override now(): number {
      return super.now() + this.shift;
    }
  }
  const clock = new Jumping();
  const pool = await adaptive(6, clock, { defaults: { spacing: 0 }, queue: { timeout: false } });
  const random = seededRandom(6);
  const transport = scriptedTransport(() => (random() < 0.5 ? { afterMs: 100 } : { error: "ECONNRESET", afterMs: 50 }), { clock });
  for (const shift of [0, 2_600_000_000, -86_400_000, 60_000, -1]) {
    clock.shift += shift;
    const all = Array.from({ length: 10 }, () => outcome(pool.run(get(), transport)));
    await clock.advance(120_000);
    const settled = await Promise.all(all.map((answer) => Promise.race([answer, Promise.resolve("waiting")])));
    assert.ok(!settled.includes("waiting"), `after ${shift}: ${settled.join(", ")}`);
    check(pool);
  }
  await pool.close();
});

test("of many targets with one request each only so many are remembered, and what all share stays within bounds", async () => {
  const clock = new ManualClock();
  const pool = await adaptive(20, clock, { defaults: { spacing: 0 } });
  const transport = scriptedTransport([{ afterMs: 1 }], { clock });
  for (let round = 0; round < 30; round++) {
    const all = Array.from({ length: 100 }, (_, i) => {
      const host = `h${round * 100 + i}.test`;
      return outcome(pool.run(get("/", { url: `http://${host}/`, host }), transport));
    });
    await clock.advance(2_000);
    assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  }
  assert.ok(Object.keys(pool.status().targets).length <= 1_000);
  check(pool, "h2999.test");
  await pool.close();
});

test("whatever attempts bring, every request settles once, beliefs are numbers and nothing stays out", async () => {
  const step: fc.Arbitrary<ScriptedAttempt> = fc.oneof(
    fc.record({ afterMs: fc.constantFrom(0, 5, 300, 7_900), status: fc.constantFrom(200, 200, 200, 403, 429, 500, 418) }),
    fc.record({ error: fc.constantFrom("ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"), unsent: fc.boolean(), afterMs: fc.constantFrom(0, 20, 500) }),
    fc.constant({ hang: true }),
    fc.record({ afterMs: fc.constant(50), cutAfterMs: fc.constantFrom(1, 200) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 }), fc.constantFrom("adaptive", "off", "race", "hedge"), async (script, exits, places, mode) => {
      const clock = new ManualClock();
      const pool = await adaptive(exits, clock, { maxInFlight: places, defaults: { race: { mode: mode as "adaptive" } }, queue: { timeout: "30s" } });
      const transport = scriptedTransport((sent) => script[(sent.index * 7) % script.length], { clock });
      let settled = 0;
      const all = Array.from({ length: 20 }, (_, i) => pool.run(get(`/${i}`), transport).then(() => settled++, () => settled++));
      await clock.advance(45_000);
      await Promise.all(all);
      assert.equal(settled, 20);
      check(pool);
      await clock.advance(15_000);
      assert.equal(pool.status().inflight, 0);
      await pool.close();
      assert.equal(transport.live, 0);
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 40 },
  );
});
