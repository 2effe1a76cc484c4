import assert from "node:assert/strict";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { nodeTransport } from "@multihome/core/node-http";
import { startHttpServer } from "@multihome/core/testing";

// The allocator that the pool's model comes from knew IPv4 alone, kept no connection because a kept one could have served
// another address, and kept a client for every address for ever.

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1"));

// Rule: an IPv6 address is an exit like any other.
test("requests leave by an IPv6 address", { skip: hasIpv6 ? false : "no IPv6 here" }, async () => {
  const server = await startHttpServer(undefined, { host: "::1" });
  const pool = createExitPool({ exits: { local: ["::1"] } });
  const lease = await pool.acquire({ method: "GET", url: server.url });
  const answer = await pool.run({ method: "GET", url: `${server.url}/x`, hints: { lease } }, nodeTransport());
  answer.resume();
  assert.deepEqual([lease.localAddress, server.seen[0].address], ["::1", "::1"]);
  lease.release();
  await pool.close();
  await server.close();
});

// Rule: connections are kept, by exit; an address that is used again finds its own.
test("kept connections never serve another address, and are kept for no more than 512 of them", async () => {
  const addresses = Array.from({ length: 600 }, (_, i) => `127.0.${50 + Math.floor(i / 250)}.${(i % 250) + 1}`);
  const server = await startHttpServer();
  const pool = createExitPool({ exits: { local: addresses } });
  await pool.ready();
  const transport = nodeTransport();
  const send = async (): Promise<void> => {
    const answer = await pool.run({ method: "GET", url: `${server.url}/x` }, transport);
    answer.resume();
    await once(answer, "end");
  };
  for (let i = 0; i < 600; i++) await send();
  assert.equal(new Set(server.seen.map(({ address }) => address)).size, 600);
  assert.ok(server.sockets <= 512, `${server.sockets} sockets`);
  const accepted = server.accepted;
  assert.equal(accepted, 600);

  // Once more round: each address is seen again, whether it has kept its connection or not.
  for (let i = 0; i < 600; i++) await send();
  const counts = new Map<string, number>();
  for (const { address } of server.seen) counts.set(address, (counts.get(address) ?? 0) + 1);
  assert.deepEqual(new Set(counts.values()), new Set([2]));
  await pool.close();
  await server.close();
});
