// Rule: what a caller says wrongly is refused where it is said; a lease comes back all the same, and the pool closes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type Lease, type Transport } from "@multihome/core";
import { ManualClock, noopTransport } from "@multihome/core/testing";

const REQUEST = { method: "GET", url: "http://api.test/" };
const WRONG = ["sucess", undefined, null, 429, {}, { kind: "limited" }, { status: 429, headers: {} }] as unknown as "success"[];

test("a lease that is settled with a word that is no verdict says which there are, and can still be settled and released", async () => {
  const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock: new ManualClock() });
  await pool.ready();
  for (const wrong of WRONG) {
    const lease = await pool.acquire(REQUEST);
    assert.throws(() => lease.settle(wrong), { name: "TypeError", message: /^Expected a verdict \("success", .*, got / });
    lease.settle("success");
    lease.release();
  }
  assert.equal(pool.status().targets["api.test"].exits["127.0.1.1"].success, WRONG.length);
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("nor does a wrong word on a slot's lease keep its exit", async () => {
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  const run = pool.slots(WRONG, async (wrong: "success", lease: Lease) => lease.settle(wrong), { slots: 1 });
  const statuses: string[] = [];
  for await (const { status, reason } of run) statuses.push(`${status} ${(reason as Error).name}`);
  assert.deepEqual(statuses, WRONG.map(() => "rejected TypeError"));
  assert.equal(pool.status().inflight, 0);
});

test("a classifier that answers with no verdict is warned about, and the status decides", async () => {
  const warnings: string[] = [];
  const quiet = (): void => {};
  await using pool = createExitPool({
    exits: { local: ["127.0.1.1"] },
    targets: { api: { hosts: "api.test", classify: { judge: () => "limited" as "success" } } },
    logger: { debug: quiet, info: quiet, warn: (first: unknown, second: unknown) => void warnings.push(String(typeof first === "string" ? first : second)), error: quiet },
  });
  await pool.ready();
  const lease = await pool.acquire(REQUEST);
  lease.settle({ status: 200, header: () => undefined });
  lease.release();
  assert.equal(pool.status().targets.api.exits["127.0.1.1"].success, 1);
  assert.match(warnings.join("\n"), /classifier of api/);
  assert.equal(pool.status().inflight, 0);
});

test("a request with something that is no transport is refused at once, before the exits are known and after", async () => {
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  const { inspect: _inspect, ...half } = noopTransport() as Transport<unknown>;
  for (const wrong of [undefined, null, async () => 1, {}, half] as unknown as Transport<unknown>[]) {
    await assert.rejects(pool.run(REQUEST, wrong), { name: "TypeError", message: /send, inspect and discard/ });
    await assert.rejects(async () => pool.submit(REQUEST, wrong), { name: "TypeError", message: /send, inspect and discard/ });
    await pool.ready();
  }
  assert.equal(pool.status().tasks.pending + pool.status().inflight, 0);
});
