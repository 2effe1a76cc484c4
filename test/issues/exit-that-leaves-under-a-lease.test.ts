import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type Ledger, type Reservation } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// Exits were named no longer while slots held them, while requests waited on their leases, or while a ledger was asked about them. They
// were removed all the same: requests were given to what was no exit any more, and waited for ever.

const [A, B] = ["socks5://192.0.2.1:1080", "socks5://192.0.2.2:1080"];
const REQUEST = { method: "GET", url: "http://api.test/" };
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const DEFAULTS = { spacing: 0, race: { mode: "off" as const } };

async function named(pool: ExitPool, proxies: string[]): Promise<void> {
  pool.update({ exits: { proxies } });
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("a slot keeps the exit that it holds although nobody names it any more, and its requests leave by it", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { proxies: [A, B], strategy: "rotate" }, defaults: DEFAULTS, clock, logger: SILENT });
  await pool.ready();
  const transport = scriptedTransport();
  const used: string[] = [];
  const run = pool.slots([1, 2], async (_, lease) => {
    await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 60_000));
    await pool.run(REQUEST, transport);
    used.push(lease.exit.id);
  }, { slots: 2 });
  await clock.advance(0);
  await named(pool, [A]);
  await clock.advance(60_000);
  await run.done;
  assert.deepEqual(used.sort(), [A, B]);
  assert.deepEqual(transport.sentBy(), { [A]: 1, [B]: 1 });
  await clock.advance(20_000);
  assert.equal(pool.status().exits.total, 1);
  await pool.close();
});

test("a request that waits on a lease leaves by its exit, whatever is named meanwhile", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { proxies: [A, B], strategy: "rotate" }, targets: { "api.test": { ...DEFAULTS, backendLimit: 1 } }, clock, logger: SILENT });
  await pool.ready();
  const lease = await pool.acquire({ method: "GET", url: "http://elsewhere.test/" });
  const slow = scriptedTransport([{ afterMs: 5_000 }], { clock });
  const first = pool.run(REQUEST, slow);
  const transport = scriptedTransport();
  const waiting = pool.run({ ...REQUEST, hints: { lease } }, transport);
  await clock.advance(0);
  lease.release();
  await named(pool, [lease.exit.id === A ? B : A, "socks5://192.0.2.3:1080"]);
  await clock.advance(20_000);
  await Promise.all([first, waiting]);
  assert.deepEqual(transport.sentBy(), { [lease.exit.id]: 1 });
  await pool.close();
});

test("an exit that leaves while a ledger is asked about it is not used", async () => {
  const clock = new ManualClock();
  const grant: Reservation = { ok: true, token: 1 };
  const settled: number[][] = [];
  const ledger: Ledger = {
    tryReserve: () => "unknown",
    reserve: () => new Promise((resolve) => clock.setTimeout(() => resolve(grant), 100)),
    settle: (_, units) => void settled.push(units),
    observe() {},
    pause() {},
    close: () => Promise.resolve(),
  };
  const pool = createExitPool({ exits: { proxies: [A], strategy: "rotate" }, targets: { "api.test": { ...DEFAULTS, limits: [{ name: "all", unit: "request", limit: 10, per: "1m" }] } }, ledger, clock, logger: SILENT });
  await pool.ready();
  const transport = scriptedTransport();
  const answer = pool.run(REQUEST, transport);
  await clock.advance(50);
  await named(pool, [B]);
  await clock.advance(200);
  await answer;
  assert.deepEqual(transport.sentBy(), { [B]: 1 });
  assert.deepEqual(settled, [[0], [1]]);
  await pool.close();
});
