// Slots over real sockets: what is judged is what the server saw.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions, Lease } from "@multihome/core";
import { binanceSpot } from "@multihome/core/venues";
import { startExchange, startHttpServer } from "@multihome/core/testing";
import { createExitDispatcher } from "@multihome/undici-dispatcher";
import * as undici from "undici";
import { WebSocket, WebSocketServer } from "ws";
import { axiosClient } from "../support/contract-axios.ts";
import { eventually } from "../support/contract-room.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const CLIENTS = [axiosClient, gotClient, undiciClient, fetchClient];
const ADDRESSES = Array.from({ length: 250 }, (_, index) => `127.0.33.${index + 1}`);

function open(t: TestContext, options: ExitPoolOptions = {}): ExitPool {
  const pool = createExitPool({ exits: { local: ADDRESSES }, ...options });
  t.after(() => pool.close());
  return pool;
}

for (const client of CLIENTS) {
  for (const reserving of [false, true]) {
    test(`${client.name}: 50 slots over 250 addresses at an exchange; every address is used, none too much, whatever the worker sends (${reserving ? "leases that reserve" : "leases that pin"})`, async (t) => {
      const exchange = await startExchange({ limit: 100, latencyMs: 2 });
      t.after(() => exchange.close());
      // Twice 5 at each address, far below its limit: the order is the walk alone.
      const pool = open(t, { targets: { exchange: { ...binanceSpot(), hosts: "127.0.0.1", limits: [{ name: "minute", unit: "weight", limit: 100, per: "1m", align: "fixed" }] } } });
      const sender = client.through(pool);
      const url = `${exchange.url}/api/v3/depth?symbol=BTCUSDT&limit=100`;

      const run = pool.slots(
        ADDRESSES,
        async () => {
          const answer = await sender.send(url);
          assert.equal(answer.status, 200);
          // The second step leaves by the same address.
          assert.equal((await sender.send(url)).status, 200);
        },
        { slots: 50, ...(reserving ? { request: () => ({ method: "GET", url }) } : {}) },
      );
      const results = [];
      for await (const result of run) results.push(result);

      assert.deepEqual(results.filter(({ status }) => status === "rejected").map(({ reason }) => reason), []);
      const { addresses, totals } = exchange.books();
      assert.deepEqual({ requests: totals.requests, limited: totals.limited, banned: totals.banned }, { requests: 500, limited: 0, banned: 0 });
      assert.deepEqual(Object.keys(addresses).sort(), [...ADDRESSES].sort());
      assert.deepEqual([...new Set(Object.values(addresses).map((book) => book.requests))], [2]);
      assert.equal(pool.status().inflight, 0);
    });
  }

  test(`${client.name}: a slot's requests leave by its exit, and no exit ever carries two at once`, async (t) => {
    const live = new Map<string, number>();
    let together = 0;
    const server = await startHttpServer((_request, response, { address }) => {
      const count = (live.get(address) ?? 0) + 1;
      live.set(address, count);
      together = Math.max(together, count);
      setTimeout(() => {
        live.set(address, (live.get(address) ?? 0) - 1);
        response.end(address);
      }, 3);
    });
    t.after(() => server.close());
    const pool = open(t);
    const sender = client.through(pool);

    const run = pool.slots(ADDRESSES, async (_address, lease: Lease) => {
      const bought = await sender.send(`${server.url}/buy`);
      const sold = await sender.send(`${server.url}/sell`);
      assert.deepEqual([bought.text, sold.text], [lease.localAddress, lease.localAddress]);
    }, { slots: 50 });
    const results = [];
    for await (const result of run) results.push(result);

    assert.deepEqual(results.filter(({ status }) => status === "rejected").map(({ reason }) => reason), []);
    assert.equal(together, 1);
    assert.equal(new Set(results.map(({ exit }) => exit)).size, 250);
    await eventually(() => pool.status().inflight === 0, "a lease is out");
  });

  test(`${client.name}: aborting a run cuts what its workers send, and every exit is back`, async (t) => {
    const server = await startHttpServer();
    t.after(() => server.close());
    const pool = open(t);
    const sender = client.through(pool);
    const run = pool.slots(ADDRESSES, () => sender.send(`${server.url}/delay/60000`), { slots: 50 });
    await eventually(() => server.live === 50, "fifty requests are under way");

    run.abort(new Error("enough"));
    await assert.rejects(run.done, /enough/);

    await eventually(() => server.live === 0, "the server's exchanges have ended");
    assert.equal(pool.status().inflight, 0);
    assert.equal(pool.status().slots.runs.length, 0);
  });
}

/** Says to each client from which address it came. */
async function startWebSockets(t: TestContext): Promise<{ url: string; request: { method: string; url: string } }> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket, request) => socket.on("message", () => socket.send(request.socket.remoteAddress ?? "")));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, request: { method: "GET", url: `http://127.0.0.1:${port}/` } };
}

/** Where the server says that the connection comes from. */
async function addressBy(socket: { onopen: unknown; onmessage: unknown; onerror: unknown; send(text: string): void }): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    socket.onopen = () => socket.send("where from?");
    socket.onmessage = ({ data }: { data: unknown }) => resolve(String(data));
    socket.onerror = (event: { error?: unknown }) => reject((event.error as Error | undefined) ?? new Error("The socket failed."));
  });
}

const SOCKETS = [
  { name: "ws", open: (_pool: ExitPool, lease: Lease, url: string) => new WebSocket(url, { agent: lease.agent.http }) },
  { name: "undici's WebSocket", open: (pool: ExitPool, lease: Lease, url: string) => new undici.WebSocket(url, { dispatcher: createExitDispatcher(undici, pool, { lease }) }) },
];

for (const { name, open: openSocket } of SOCKETS) {
  test(`${name}: long-lived connections on shared leases come from the exits that were leased, spread over them, while slots work on the same ones`, async (t) => {
    const server = await startWebSockets(t);
    const http = await startHttpServer();
    t.after(() => http.close());
    const pool = createExitPool({ exits: { local: ADDRESSES.slice(0, 5) } });
    t.after(() => pool.close());

    const leases = await Promise.all(Array.from({ length: 10 }, () => pool.acquire(server.request, { mode: "shared" })));
    const sockets = leases.map((lease) => openSocket(pool, lease, server.url));
    const seen = await Promise.all(sockets.map((socket) => addressBy(socket)));

    assert.deepEqual(seen, leases.map(({ localAddress }) => localAddress));
    assert.deepEqual([...new Map(seen.map((address) => [address, seen.filter((other) => other === address).length])).values()], [2, 2, 2, 2, 2]);

    // The exits go on serving: all five of them at once.
    const sender = axiosClient.through(pool);
    const run = pool.slots([1, 2, 3, 4, 5], async (_item, lease) => assert.equal((JSON.parse((await sender.send(http.url)).text) as { address: string }).address, lease.localAddress), { slots: 5 });
    await run.done;
    assert.equal(run.status().failed, 0);

    for (const socket of sockets) socket.close();
    for (const lease of leases) lease.release();
    await eventually(() => pool.status().inflight === 0, "a lease is out");
  });

  test(`${name}: a connection that a slot's worker opens comes from the slot's exit`, async (t) => {
    const server = await startWebSockets(t);
    const pool = createExitPool({ exits: { local: ADDRESSES.slice(0, 5) } });
    t.after(() => pool.close());
    const run = pool.slots(Array.from({ length: 15 }, (_, index) => index), async (_item, lease) => {
      const socket = openSocket(pool, lease, server.url);
      assert.equal(await addressBy(socket), lease.localAddress);
      socket.close();
    }, { slots: 5 });
    const results = [];
    for await (const result of run) results.push(result);
    assert.deepEqual(results.filter(({ status }) => status === "rejected").map(({ reason }) => reason), []);
    assert.equal(new Set(results.map(({ exit }) => exit)).size, 5);
  });
}
