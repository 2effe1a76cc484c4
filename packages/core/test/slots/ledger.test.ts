import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import { ManualClock } from "../../src/testing/index.ts";
import { ScriptedLedger } from "../pool/scripted-ledger.ts";
import { addresses, allBack, collect, finish, get, settle, sleep } from "./support.ts";

test("where a shared ledger is asked, a slot's exit is its own from the question on, and comes back when the run is aborted meanwhile", async () => {
  const clock = new ManualClock();
  let answers = true;
  const ledger: ScriptedLedger = new ScriptedLedger(clock, {
    at: () => "unknown",
    later: async (counters, signal) => {
      if (!answers) await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
      await sleep(clock, 5);
      return ledger.count(counters);
    },
  });
  const limits = [{ name: "minute", unit: "request", limit: 1_000, per: "1m" as const }];
  const pool = createExitPool({ exits: { local: addresses(3) }, clock, ledger, defaults: { limits } });
  await pool.ready();
  const out = new Set<string>();
  const work = async (_item: number, lease: { exit: { id: string } }): Promise<void> => {
    assert.ok(!out.has(lease.exit.id), `${lease.exit.id} serves two slots`);
    out.add(lease.exit.id);
    await sleep(clock, 10);
    out.delete(lease.exit.id);
  };
  const items = Array.from({ length: 12 }, (_, index) => index);

  const first = pool.slots(items, work, { slots: 3, request: () => get() });
  const second = pool.slots(items, work, { slots: 3, request: () => get() });
  await finish(clock, first);
  await finish(clock, second);
  assert.ok([...(await collect(first)), ...(await collect(second))].every(({ status }) => status === "fulfilled"));
  assert.ok(allBack(pool));

  answers = false;
  const silent = pool.slots(items, work, { slots: 3, request: () => get() });
  await clock.advance(1);
  assert.equal(silent.status().waiting, 3);
  silent.abort(new Error("enough"));
  await assert.rejects(silent.done, /enough/);
  assert.ok(allBack(pool));
  answers = true;
  const again = pool.slots(items, work, { slots: 3, request: () => get() });
  await clock.advance(6);
  assert.equal(again.status().running, 3);
  await finish(clock, again);
  await settle(clock);
  await pool.close();
});
