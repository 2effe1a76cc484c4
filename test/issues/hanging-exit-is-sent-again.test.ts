// Rule: an unknown exit that has not answered yet is no reason to send it more. It stood above the unknown ones that nobody had
// tried, so a pool of mostly dead proxies filled its places with a few that hung, each sent again at every spacing; and since
// every target tried them out in the same order, each dead one was found out about at all targets at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import type { Driver, ExitPool, Leg } from "@multihome/core";
import { ManualClock } from "@multihome/core/testing";

const PROXIES = Array.from({ length: 60 }, (_, index) => `socks5://192.0.2.${index + 1}:1080`);

test("exits that hang are not sent again while there are others that nobody has tried", async (t) => {
  const { pool, clock, exits } = await opened();
  t.after(() => pool.close({ drain: 0 }));

  for (let sent = 0; sent < 40; sent++) {
    send(pool, "a.test", exits);
    await clock.advance(600);
  }

  // An attempt is given up after eight seconds, so at times a dozen of them hang.
  assert.equal(new Set(exits).size, 40);
});

test("targets do not try the same unknown exits out at the same time", async (t) => {
  const { pool, clock, exits } = await opened();
  t.after(() => pool.close({ drain: 0 }));

  for (let sent = 0; sent < 10; sent++) for (const host of ["a.test", "b.test", "c.test"]) send(pool, host, exits);
  await clock.advance(0);

  assert.equal(exits.length, 30);
  assert.equal(new Set(exits).size, 30);
});

async function opened(): Promise<{ pool: ExitPool; clock: ManualClock; exits: string[] }> {
  const clock = new ManualClock();
  const pool = createExitPool({
    exits: { proxies: [...PROXIES], strategy: "score" },
    defaults: { race: { mode: "off" } },
    queue: { maxAttempts: 1 },
    clock,
    // No exploring by chance: the order alone has to see to it.
    random: () => 0.99,
    summaryEvery: false,
  });
  await pool.ready();
  return { pool, clock, exits: [] };
}

function send(pool: ExitPool, host: string, exits: string[]): void {
  const driver: Driver = {
    start: (leg: Leg) => void exits.push(leg.exit.id),
    stop: (leg, reason) => leg.fail(reason, true),
    deliver: (leg) => leg.end(),
    reject: () => undefined,
  };
  pool.drive({ method: "GET", url: `http://${host}/` }, driver);
}
