import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ExitPoolOptions } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { get } from "./support.ts";

const TASKS = 1_000;
const EXITS = 100;
const SPACING_MS = 500;

/** Says how often it has woken somebody. */
class CountingClock extends ManualClock {
  fired = 0;

  override setTimeout(callback: () => void, ms: number): unknown {
    return super.setTimeout(() => {
      this.fired++;
      callback();
    }, ms);
  }
}

for (const exits of [{ strategy: "score" }, { strategy: "rotate" }] as const) {
  describe(`every exit rests and ${TASKS} tasks wait (${exits.strategy})`, () => {
    test("the pool sleeps, sends within 100 ms of the first exit's return, and then as fast as its spacing allows", async (t) => {
      const { clock, pool, transport, rests } = await allCooling({ exits });
      t.after(() => pool.close({ drain: 0 }));
      assert.equal(pool.status().exits.cooldown, EXITS);
      const back = Math.min(...rests.values());
      const asleep = { from: clock.now(), fired: clock.fired, sent: transport.sent.length };

      await clock.advance(back - 1 - clock.now());

      assert.equal(transport.sent.length - asleep.sent, 0, "nothing is sent through an exit that rests");
      const seconds = (clock.now() - asleep.from) / 1_000;
      assert.ok(seconds > 20, `${seconds} s`);
      assert.ok(clock.fired - asleep.fired < 5 * seconds, `${clock.fired - asleep.fired} wake-ups in ${seconds} s`);

      // From here on one of them works; the others fail again, and rest for a minute.
      await clock.advance(100);
      const first = transport.sent[asleep.sent];
      assert.ok(first !== undefined && first.at >= back && first.at <= back + 100, `first sent at ${first?.at}, back at ${back}`);
      await clock.advance(10_000);
      assert.equal(pool.status().exits.cooldown, EXITS - 1);
      const sent = transport.sent.length;
      const fired = clock.fired;
      await clock.advance(40_000);
      assert.ok(transport.sent.length - sent >= (0.9 * 40_000) / SPACING_MS, `${transport.sent.length - sent} of ${40_000 / SPACING_MS}`);
      assert.ok(clock.fired - fired <= 5 * (transport.sent.length - sent), `${clock.fired - fired} wake-ups`);
    });

    test("an exit that appears ends the waiting at once", async (t) => {
      let listed: string[] = [];
      const { clock, pool, transport } = await allCooling({ exits: { ...exits, sources: [{ name: "list", read: () => Promise.resolve(listed) }], refreshEvery: "10s" } });
      t.after(() => pool.close({ drain: 0 }));
      const sent = transport.sent.length;
      await clock.advance(11_000);
      assert.equal(transport.sent.length, sent);

      listed = ["socks5://198.51.100.1:1080"];
      await clock.advance(11_000);

      assert.equal(transport.sent[sent]?.exit, "socks5://198.51.100.1:1080");
      assert.ok(transport.sent.length - sent >= 2, `${transport.sent.length - sent} sent`);
    });
  });
}

const PROXIES = Array.from({ length: EXITS }, (_, index) => `socks5://192.0.2.${index + 1}:1080`);

/** Nothing works until everything rests; from the first end of a rest on, the exit that has it does. */
async function allCooling({ exits }: ExitPoolOptions) {
  const clock = new CountingClock();
  const pool = createExitPool({
    exits: { proxies: [...PROXIES], ...exits },
    queue: { onOpen: "queue", timeout: false, maxAttempts: Infinity, capacity: TASKS },
    defaults: { spacing: SPACING_MS, race: { mode: "off" } },
    summaryEvery: false,
    // An empty list is worth a warning, and here there is one.
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    clock,
    random: () => 0.5,
  });
  const rests = new Map<string, number>();
  pool.on("multihome:exit.changed", ({ exit, at, to, cooldownMs }) => {
    if (to === "cooldown" && cooldownMs !== undefined) rests.set(exit, at + cooldownMs);
  });
  let worksFrom = Infinity;
  let works = "";
  const transport = scriptedTransport(({ exit, at }) => {
    if (at >= worksFrom && works === "") works = exit;
    return exit === works || exit.includes("198.51") ? { afterMs: 20 } : { error: "ECONNREFUSED", unsent: true, afterMs: 5 };
  }, { clock });
  await pool.ready();
  for (let task = 0; task < TASKS; task++) void pool.run(get(`/${task}`), transport).catch(() => undefined);
  while (rests.size < EXITS) await clock.advance(100);
  await clock.advance(0);
  worksFrom = Math.min(...rests.values());
  return { clock, pool, transport, rests };
}
