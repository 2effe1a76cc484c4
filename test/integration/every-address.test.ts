import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool } from "@multihome/core";
import { startHttpServer } from "@multihome/core/testing";
import type { HttpServer } from "@multihome/core/testing";
import { axiosClient } from "../support/contract-axios.ts";
import { eventually } from "../support/contract-room.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const CLIENTS = [axiosClient, gotClient, undiciClient, fetchClient];
const ADDRESSES = Array.from({ length: 253 }, (_, index) => `127.0.31.${index + 1}`);

async function open(t: TestContext): Promise<{ server: HttpServer; pool: ExitPool }> {
  const server = await startHttpServer();
  const pool = createExitPool({ exits: { local: ADDRESSES } });
  t.after(async () => {
    assert.equal(pool.status().inflight, 0);
    await pool.close();
    await eventually(() => server.sockets === 0, "a socket is open after the pool was closed");
    await server.close();
  });
  return { server, pool };
}

function addressOf(answer: { text: string }): string {
  return (JSON.parse(answer.text) as { address: string }).address;
}

for (const client of CLIENTS) {
  test(`${client.name}: each of 253 addresses that is leased is the one that the server sees, twice round on the same connections`, async (t) => {
    const { server, pool } = await open(t);
    const sender = client.through(pool);

    for (let round = 0; round < 2; round++) {
      const leases = await Promise.all(ADDRESSES.map(() => pool.acquire({ method: "GET", url: server.url })));
      const answers = await Promise.all(leases.map((lease) => sender.send(server.url, { hints: { lease } })));
      assert.deepEqual(answers.map(addressOf), leases.map(({ localAddress }) => localAddress));
      assert.equal(new Set(answers.map(addressOf)).size, ADDRESSES.length);
      for (const lease of leases) lease.release();
      // A client takes a connection back in the turn after the answer.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }

    assert.equal(server.accepted, ADDRESSES.length, "the second round used the connections of the first");
  });
}

test("four clients share one pool: each exit is used by turns, whoever asks", async (t) => {
  const { server, pool } = await open(t);
  const senders = CLIENTS.map((client) => client.through(pool));

  const answers = await Promise.all(Array.from({ length: 2 * ADDRESSES.length }, (_, index) => senders[index % senders.length].send(`${server.url}/n/${index}`)));

  answers.forEach((answer, index) => assert.equal((JSON.parse(answer.text) as { url: string }).url, `/n/${index}`));
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(addressOf(answer), (counts.get(addressOf(answer)) ?? 0) + 1);
  assert.deepEqual(new Set(counts.keys()), new Set(ADDRESSES));
  assert.ok([...counts.values()].every((count) => count === 2), "each took its turn twice");
});

test("two hundred requests at once through each of four clients and one pool all come back", async (t) => {
  const { server, pool } = await open(t);
  const senders = CLIENTS.map((client) => client.through(pool));

  const answers = await Promise.all(senders.flatMap((sender, which) => Array.from({ length: 200 }, (_, index) => sender.send(`${server.url}/echo`, { method: "POST", body: `${which}:${index}` }))));

  answers.forEach(({ status, text }, index) => assert.deepEqual([status, text], [200, `${Math.floor(index / 200)}:${index % 200}`]));
  assert.equal(server.seen.length, 800);
  assert.ok(server.seen.every(({ address }) => ADDRESSES.includes(address)));
});

test("limits are shared by the clients of one pool", async (t) => {
  const server = await startHttpServer();
  const pool = createExitPool({ exits: { local: ADDRESSES.slice(0, 4) }, queue: { timeout: 300 }, defaults: { limits: [{ name: "three", unit: "request", limit: 3, per: "1h" }] } });
  t.after(async () => {
    await pool.close();
    await server.close();
  });
  const senders = CLIENTS.map((client) => client.through(pool));

  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => senders[index % senders.length].send(server.url)));

  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 12);
  for (const address of ADDRESSES.slice(0, 4)) assert.equal(server.seen.filter((seen) => seen.address === address).length, 3, address);
});
