import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import { ManualClock, scriptedTransport, type ScriptStep } from "../../src/testing/index.ts";
import { addresses, get, HOST, openPool, outcome, settle } from "./support.ts";

/** A server that refuses whoever sends more than `most` at once. */
function crowded(most: number, clock: ManualClock): { step: ScriptStep; peak: Map<string, number> } {
  const together = new Map<string, number>();
  const peak = new Map<string, number>();
  return {
    peak,
    step: ({ exit }) => {
      const now = (together.get(exit) ?? 0) + 1;
      together.set(exit, now);
      peak.set(exit, Math.max(peak.get(exit) ?? 0, now));
      clock.setTimeout(() => together.set(exit, (together.get(exit) as number) - 1), 20);
      return now > most ? { status: 429, afterMs: 20 } : { afterMs: 20 };
    },
  };
}

test("an exit that is refused again and again carries less at once, and gets it back slowly", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 } }, 1);
  const [exit] = addresses(1);
  const changes: string[] = [];
  pool.on("multihome:exit.changed", ({ from, to, reason }) => {
    // Each refusal pauses it too.
    if (to !== "cooldown") changes.push(`${from} → ${to}: ${reason}`);
  });
  const server = crowded(4, clock);
  const transport = scriptedTransport(server.step, { clock });
  const burst = async (count: number): Promise<void> => {
    server.peak.clear();
    const all = Array.from({ length: count }, () => outcome(pool.run(get(), transport)));
    let left = all.length;
    for (const one of all) void one.then(() => left--);
    for (let i = 0; i < 500 && left > 0; i++) {
      await clock.advance(20);
      }
    assert.equal(left, 0);
  };
  await burst(16);
  assert.equal(pool.status().targets[HOST].exits[exit].carries, undefined, "once is an accident");
  await burst(16);
  assert.equal(pool.status().targets[HOST].exits[exit].carries, 6, "12 were left when the first was refused");
  assert.equal(pool.explain(get()).exits[0].carries, 6);
  assert.deepEqual(changes, ["healthy → slowed: rate-limited again; carries 6 at once"]);

  // What it may carry now is all that it is given; the others wait for their turn.
  await burst(16);
  assert.equal(server.peak.get(exit), 6);
  assert.equal(pool.status().targets[HOST].exits[exit].carries, 3);
  await burst(16);
  assert.equal(server.peak.get(exit), 3);
  assert.equal(pool.status().targets[HOST].exits[exit].carries, 3, "nothing was refused");

  await clock.advance(10_000);
  assert.equal(pool.status().targets[HOST].exits[exit].carries, 5);
  await clock.advance(60_000);
  assert.equal(pool.status().targets[HOST].exits[exit].carries, undefined);
  await pool.close();
});

test("where an exit carries all that it may, requests go by others, and explain says why", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 } }, 2);
  const lease = await pool.acquire(get());
  const refusing = scriptedTransport([{ status: 429, afterMs: 10 }], { clock });
  for (let i = 0; i < 2; i++) {
    const answer = outcome(pool.run(get("/", { hints: { lease } }), refusing));
    await clock.advance(2_000);
    await answer;
  }
  const held = lease.exit.id;
  lease.release();
  assert.equal(pool.status().targets[HOST].exits[held].carries, 1);

  const long = scriptedTransport([{ afterMs: 5_000 }], { clock });
  const all = Array.from({ length: 6 }, () => outcome(pool.run(get(), long)));
  await settle(clock);
  assert.deepEqual([long.sent.length, long.sentBy()[held]], [6, 1]);
  const shown = pool.explain(get()).exits.find(({ id }) => id === held);
  assert.deepEqual([shown?.usable, shown?.reason], [false, "in-flight"]);
  await clock.advance(5_000);
  await Promise.all(all);
  await pool.close();
});

test("the state of an exit is what it does: idle, busy, cooling, or long-lived", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: addresses(1) }, clock, random: () => 0.5, queue: { maxAttempts: 1 } });
  await pool.ready();
  const [exit] = addresses(1);
  const state = (): string => pool.status().targets[HOST].exits[exit].state;
  const transport = scriptedTransport([{ afterMs: 100 }, { afterMs: 100 }, { status: 429, headers: { "retry-after": "5" } }], { clock });
  let answer = outcome(pool.run(get(), transport));
  await settle(clock);
  assert.equal(state(), "busy");
  await clock.advance(100);
  await answer;
  assert.equal(state(), "idle");

  const shared = await pool.acquire(get(), { mode: "shared" });
  assert.equal(state(), "long-lived");
  answer = outcome(pool.run(get(), transport));
  await settle(clock);
  assert.equal(state(), "busy", "it goes on serving requests");
  await clock.advance(100);
  await answer;
  await outcome(pool.run(get(), transport));
  assert.equal(state(), "cooling");
  await clock.advance(5_000);
  assert.equal(state(), "long-lived");
  shared.release();
  assert.equal(state(), "idle");
  await pool.close();
});
