import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitPool } from "../../src/index.ts";
import { createExitPool } from "../../src/index.ts";
import { endpointOf } from "../../src/connect/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome } from "./support.ts";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** By which exits so many requests leave. */
async function exitsOf(pool: ExitPool, count: number): Promise<string[]> {
  const transport = scriptedTransport();
  for (let i = 0; i < count; i++) assert.equal(await outcome(pool.run(get(), transport)), "answer 200");
  return Object.keys(transport.sentBy()).sort();
}

/** Addresses are really bound, so it takes a turn or two. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1_000 && !holds(); turns++) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(holds());
}

test("exits that are named now are used, those that are named no longer are not, and those that stay keep what is known", async () => {
  const [a, b, c] = addresses(3);
  const { pool, clock } = await openPool({ exits: { local: [a, b] } });
  assert.deepEqual(await exitsOf(pool, 4), [a, b]);
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "600" } }, {}]));
  const banned = Object.entries(pool.status().targets["api.test"].exits).find(([, { status }]) => status === "banned")?.[0];
  const other = banned === a ? b : a;

  pool.update({ exits: { local: [banned as string, c] } });
  await until(() => Object.keys(pool.status().targets["api.test"].exits).includes(c));

  assert.deepEqual(await exitsOf(pool, 6), [c]);
  assert.equal(pool.status().targets["api.test"].exits[banned as string].status, "banned");
  assert.equal(pool.status().targets["api.test"].exits[other], undefined, "nothing is known of it that matters, so it is gone");
  await clock.advance(600_000);
  assert.deepEqual(await exitsOf(pool, 6), [banned, c].sort());
  await pool.close();
});

test("what an exit has begun it ends, and then it is gone", async () => {
  const [a, b] = addresses(2);
  const { pool, clock } = await openPool({ exits: { local: [a] } });
  const slow = scriptedTransport([{ afterMs: 60_000 }], { clock });
  const answer = outcome(pool.run(get(), slow));
  await clock.advance(0);

  pool.update({ exits: { local: [b] } });
  await until(() => pool.status().exits.total === 2);
  assert.deepEqual(await exitsOf(pool, 3), [b]);
  await clock.advance(60_000);
  assert.equal(await answer, "answer 200");
  assert.equal(slow.sent[0].exit, a);
  await clock.advance(20_000);
  assert.equal(pool.status().exits.total, 1);
  await pool.close();
});

test("other sources replace what the old ones named as soon as they name something", async () => {
  const clock = new ManualClock();
  const list = (...lines: string[]) => ({ name: "list", read: () => Promise.resolve(lines) });
  const pool = createExitPool({ exits: { sources: [list("192.0.2.1:1080", "192.0.2.2:1080")] }, defaults: { spacing: 0, race: { mode: "off" } }, clock, logger: SILENT });
  await pool.ready();
  await exitsOf(pool, 4);

  pool.update({ exits: { sources: [list()] } });
  await clock.advance(1);
  assert.equal(pool.status().exits.total, 2, "a list without a proxy is more likely a mistake");
  pool.update({ exits: { sources: [list("192.0.2.2:1080", "192.0.2.3:1080")] } });
  await clock.advance(1);
  await clock.advance(1);

  assert.equal(pool.status().exits.total, 2);
  assert.deepEqual(Object.keys(pool.status().targets["api.test"].exits).sort(), ["socks5://192.0.2.2:1080", "socks5://192.0.2.3:1080"]);
  await pool.close();
  assert.equal(clock.pending, 0);
});

test("a changed password is used from then on, and stands nowhere", async () => {
  const { pool } = await openPool({ exits: { proxies: ["socks5://user:0ld@192.0.2.1:1080"] } });
  const lease = await pool.acquire(get());
  assert.equal(endpointOf(lease.exit)?.password, "0ld");
  pool.update({ exits: { proxies: ["socks5://user:n3w@192.0.2.1:1080"] } });
  await until(() => endpointOf(lease.exit)?.password === "n3w");
  assert.equal(pool.status().exits.total, 1);
  lease.release();
  await pool.close();
});

test("entries that are no exits change nothing", async () => {
  const { pool } = await openPool({ exits: { local: addresses(2) } });
  assert.throws(() => pool.update({ maxInFlight: 1, exits: { proxies: ["socks5://u:s3cret@192.0.2.1:99999"] } }), (error: Error & { code?: string }) => error.code === "MH_ERR_CONFIG" && !error.message.includes("s3cret"));
  assert.throws(() => pool.update({ exits: { sources: ["ftp://lists.example/a"] } }), { code: "MH_ERR_CONFIG" });
  assert.deepEqual(await exitsOf(pool, 4), addresses(2));
  assert.equal(pool.status().exits.total, 2);
  await pool.close();
});
