import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createExitPool, type ExitPool, type ExitPoolOptions } from "@multihome/core";
import { startHttpServer, type HttpServer } from "@multihome/core/testing";
import { axiosClient } from "../support/contract-axios.ts";
import { eventually } from "../support/contract-room.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const CLIENTS = [axiosClient, gotClient, undiciClient, fetchClient];
const ADDRESSES = Array.from({ length: 20 }, (_, index) => `127.0.42.${index + 1}`);

async function open(t: TestContext, options: ExitPoolOptions = {}): Promise<{ server: HttpServer; pool: ExitPool }> {
  const server = await startHttpServer();
  const pool = createExitPool({ exits: { local: ADDRESSES }, ...options });
  t.after(async () => {
    await pool.close();
    await server.close();
  });
  await pool.ready();
  return { server, pool };
}

for (const client of CLIENTS) {
  test(`${client.name}: hints of \`with\` reach every request inside, however deep`, async (t) => {
    const { server, pool } = await open(t, { kinds: { pair: { priority: 3 } } });
    const sender = client.through(pool);
    const told: unknown[] = [];
    pool.on("multihome:task.settled", ({ kind, batchId }) => told.push([kind, batchId]));
    const addresses = (from: number): Set<string> => new Set(server.seen.slice(from).map(({ address }) => address));

    await pool.with({ kind: "pair", batchId: "b-7" }, async () => {
      await pool.with({ affinity: "user-1" }, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        await Promise.all([1, 2, 3].map(async () => void (await sender.send(`${server.url}/x`))));
      });
      await sender.send(`${server.url}/x`);
    });
    assert.equal(addresses(0).size <= 2, true);
    assert.equal(new Set(server.seen.slice(0, 3).map(({ address }) => address)).size, 1);
    assert.deepEqual(told, Array.from({ length: 4 }, () => ["pair", "b-7"]));

    // The same key by hand, later, and outside: the same exit.
    const before = server.seen.length;
    for (let i = 0; i < 3; i++) await sender.send(`${server.url}/x`, { hints: { affinity: "user-1" } });
    assert.deepEqual(addresses(before), new Set([server.seen[0].address]));

    const avoiding = server.seen.length;
    await pool.with({ affinity: "avoid-previous" }, async () => {
      for (let i = 0; i < 4; i++) await sender.send(`${server.url}/x`);
    });
    const walked = server.seen.slice(avoiding).map(({ address }) => address);
    walked.slice(1).forEach((address, i) => assert.notEqual(address, walked[i]));

    await pool.with({ lease: await pool.acquire({ method: "GET", url: server.url }) }, async () => {
      const on = server.seen.length;
      await Promise.all([1, 2, 3].map(async () => void (await sender.send(`${server.url}/x`))));
      assert.equal(addresses(on).size, 1);
    });
    await eventually(() => pool.status().targets["127.0.0.1"] !== undefined, "the target is not known");
  });
}

test("equal work is spread evenly over exits: Jain's index of what the server saw is at least 0.99", async (t) => {
  const { server, pool } = await open(t);
  const sender = undiciClient.through(pool);
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 50 }, () => sender.send(`${server.url}/x`)));

  const counts = ADDRESSES.map((address) => server.seen.filter((seen) => seen.address === address).length);
  const sum = counts.reduce((a, b) => a + b);
  const jain = sum ** 2 / (counts.length * counts.reduce((a, b) => a + b * b, 0));
  assert.equal(sum, 500);
  assert.ok(jain >= 0.99, `${jain}: ${counts.join()}`);
});
