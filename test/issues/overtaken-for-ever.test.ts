import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type Hints, type RequestInfo, type TargetOptions } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Requests of a higher priority that came one by one, each at the moment when there was room again, went past those that waited, and were
// never counted as turns: one of a lower priority waited for ever. So did one that waits for an exit of its own, passed by its equals.
// Rule: of sixteen turns one is that of who has waited longest, whoever else comes, and however.

const REQUEST: RequestInfo = { method: "GET", url: "http://api.test/" };
const EVERY_MS = 500;

const WAITING: readonly { readonly name: string; begin(pool: ExitPool, send: (hints: Hints) => Promise<unknown>): Promise<unknown> }[] = [
  { name: "a request", begin: (_pool, send) => send({ kind: "low" }) },
  { name: "a lease", begin: async (pool) => (await pool.acquire(REQUEST, { timeout: false, hints: { kind: "low" } })).release() },
  { name: "a request with a key", begin: (_pool, send) => send({ kind: "low", affinity: "key" }) },
  { name: "a request of the same kind on a lease", begin: async (pool, send) => send({ kind: "high", lease: await pool.acquire({ method: "GET", url: "http://elsewhere.test/" }) }) },
  { name: "a slot", begin: (pool) => pool.with({ kind: "low" }, () => pool.slots([1], () => Promise.resolve(), { slots: 1, request: () => REQUEST }).done) },
];

const RULES: Readonly<Record<string, TargetOptions>> = {
  "a spacing": { spacing: EVERY_MS },
  "a sliding window": { limits: [{ name: "all", unit: "request", limit: 1, per: EVERY_MS }] },
  "a bucket": { limits: [{ name: "all", unit: "request", limit: 1, per: EVERY_MS, align: "bucket" }] },
  "a window of all exits": { limits: [{ name: "all", unit: "request", limit: 1, per: EVERY_MS, scope: "target" }] },
};

for (const [rule, rules] of Object.entries(RULES)) {
  for (const { name, begin } of WAITING) {
    for (const how of ["run", "tryAcquire"] as const) {
      test(`${name} has its turn at ${rule} while others take each place at the moment when it is free, by ${how}`, async () => {
        const clock = new ManualClock();
        const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock, summaryEvery: false, targets: { "api.test": rules }, kinds: { high: { priority: 10 }, low: {} }, queue: { timeout: false } });
        await pool.ready();
        const transport = scriptedTransport([{}], { clock });
        const send = (hints: Hints): Promise<unknown> => pool.run({ ...REQUEST, hints }, transport);

        let came = 0;
        const come = (): void => {
          came++;
          clock.setTimeout(come, EVERY_MS);
          if (how === "run") {
            send({ kind: "high" }).catch(() => {});
            return;
          }
          const answer = pool.tryAcquire(REQUEST, { hints: { kind: "high" } });
          if (!answer.granted) return;
          answer.lease.settle({ status: 200, header: () => undefined });
          answer.lease.release();
        };
        come();
        await clock.advance(1);
        let after: number | undefined;
        begin(pool, send).then(() => (after = came), () => {});
        await clock.advance(EVERY_MS * 40);

        assert.ok(after !== undefined && after <= 18, `after ${after} others`);
        await pool.close({ drain: 0 });
      });
    }
  }
}

test("who comes when those who wait cannot take what there is goes at once, however many they are", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: ["127.0.1.1", "127.0.1.2"] }, clock, summaryEvery: false, queue: { timeout: false, capacity: 10_000, maxAttempts: 1 } });
  await pool.ready();
  const lease = await pool.acquire({ method: "GET", url: "http://elsewhere.test/" });
  const transport = scriptedTransport([{ status: 429, headers: { "retry-after": "60" } }, {}], { clock });
  await pool.run({ ...REQUEST, hints: { lease } }, transport);
  for (let i = 0; i < 1_100; i++) pool.run({ ...REQUEST, hints: { lease } }, transport).catch(() => {});

  for (let i = 1; i <= 40; i++) {
    void pool.run(REQUEST, transport);
    assert.equal(transport.sent.length, 1 + i);
    assert.notEqual(transport.sent.at(-1)?.exit, lease.exit.id);
  }
  await clock.advance(60_000);
  assert.equal(transport.sent.length, 1 + 40 + 1_100);
  await pool.close({ drain: 0 });
});
