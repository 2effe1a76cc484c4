import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPoolOptions } from "@multihome/core";
import { nodeTransport } from "@multihome/core/node-http";
import { startHttpServer, startSocksServer } from "@multihome/core/testing";

const FOUR = ["127.0.42.1", "127.0.42.2"];
const SIX = "::1";
const hasSix = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === SIX));

describe("a target that is an address is reached by exits of its family", { skip: hasSix ? false : "this machine has no IPv6" }, () => {
  for (const [what, hosts] of [["of its own", undefined], ["one of several hosts", ["127.0.0.1", "[::1]", "localhost"]]] as const) {
    test(`the target is ${what}`, async (t) => {
      const { four, six, pool } = await open(t, { exits: { local: [...FOUR, SIX] }, ...(hosts === undefined ? {} : { targets: { mine: { hosts: [...hosts] } } }) });
      const transport = nodeTransport();

      for (let i = 0; i < 6; i++) for (const url of [four.url, six.url]) (await pool.run({ method: "GET", url }, transport)).resume();

      assert.deepEqual([...new Set(four.seen.map(({ address }) => address))].sort(), FOUR);
      assert.deepEqual(new Set(six.seen.map(({ address }) => address)), new Set([SIX]));
      assert.deepEqual({ four: four.seen.length, six: six.seen.length }, { four: 6, six: 6 });
      const exits = Object.values(pool.status().targets).flatMap((target) => Object.values(target.exits));
      assert.ok(exits.every(({ fail }) => fail === 0), "no attempt was made that could not succeed");
    });
  }

  test("where none of them is, the error says so at once", async (t) => {
    const { six, pool } = await open(t, { exits: { local: FOUR } });
    await assert.rejects(pool.run({ method: "GET", url: six.url }, nodeTransport()), { code: "MH_ERR_NO_EXIT", message: "There is no exit to reach [::1] by: it is an IPv6 address, and all of this pool's are IPv4." });
    const request = { method: "GET", url: six.url };
    assert.deepEqual(pool.tryAcquire(request), { granted: false, reason: "no-exit", retryAfterMs: Infinity });
    assert.deepEqual(pool.explain(request).exits.map(({ usable, reason }) => ({ usable, reason })), [{ usable: false, reason: "no-exit" }, { usable: false, reason: "no-exit" }]);
    assert.equal(six.seen.length, 0);
  });

  test("proxies are told the address, whatever their own is", async (t) => {
    const proxy = await startSocksServer();
    const { six, pool } = await open(t, { exits: { local: FOUR, proxies: [proxy.url] } });
    t.after(() => proxy.close());
    (await pool.run({ method: "GET", url: six.url }, nodeTransport())).resume();
    assert.equal(six.seen.length, 1);
    assert.deepEqual(proxy.books().destinations.map(({ host, named }) => ({ host, named })), [{ host: SIX, named: false }]);
  });
});

async function open(t: { after(fn: () => Promise<void>): void }, options: ExitPoolOptions) {
  const four = await startHttpServer();
  const six = await startHttpServer(undefined, { host: SIX });
  const pool = createExitPool(options);
  t.after(async () => {
    await pool.close();
    await four.close();
    await six.close();
  });
  await pool.ready();
  return { four, six, pool };
}
