import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import https from "node:https";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { createExitPool, type ExitPool, type ExitPoolOptions, type Lease, type RequestInfo } from "@multihome/core";
import { nodeTransport } from "@multihome/core/node-http";
import { createTestCertificate, ManualClock, startHttpServer, startSocksServer } from "@multihome/core/testing";
import { binanceSpot } from "@multihome/core/venues";
import { ExitDispatcher } from "@multihome/undici-dispatcher";
import { fetch, WebSocket as UndiciSocket } from "undici";
import { WebSocket, WebSocketServer } from "ws";
import { eventually } from "../support/contract-room.ts";

const ADDRESSES = ["127.0.41.1", "127.0.41.2", "127.0.41.3"];

interface Feed {
  readonly url: string;
  readonly host: string;
  /** Where each connection came from. */
  readonly seen: string[];
  readonly open: () => number;
}

/** A WebSocket server that knows who has connected. */
async function startFeed(t: TestContext): Promise<Feed> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const seen: string[] = [];
  server.on("connection", (socket, request) => {
    seen.push(request.socket.remoteAddress ?? "");
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  t.after(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `ws://${host}`, host, seen, open: () => server.clients.size };
}

async function openPool(t: TestContext, options: ExitPoolOptions = {}): Promise<ExitPool> {
  const pool = createExitPool({ exits: { local: ADDRESSES }, ...options });
  t.after(() => pool.close({ drain: 0 }));
  await pool.ready();
  return pool;
}

const asking = (feed: Feed): RequestInfo => ({ method: "GET", url: feed.url });

/** Opens a WebSocket on the lease, by `ws`. */
async function byWs(feed: Feed, lease: Lease): Promise<WebSocket> {
  const socket = new WebSocket(feed.url, { agent: lease.agent.http });
  await once(socket, "open");
  return socket;
}

async function closed(socket: WebSocket): Promise<void> {
  const over = once(socket, "close");
  socket.close();
  await over;
}

test("ws leaves by the exit of its shared lease; the exit goes on serving requests, with one place of its own", async (t) => {
  const feed = await startFeed(t);
  const server = await startHttpServer();
  t.after(() => server.close());
  const pool = await openPool(t, { exits: { local: ADDRESSES.slice(0, 1) }, perExitInFlight: 1, maxInFlight: 1 });
  const lease = await pool.acquire(asking(feed), { mode: "shared" });
  const socket = await byWs(feed, lease);
  assert.deepEqual(feed.seen, [lease.localAddress]);
  assert.equal(pool.status().targets[feed.host.split(":")[0]].exits[ADDRESSES[0]].state, "long-lived");

  const answer = await pool.run({ method: "GET", url: `${server.url}/x` }, nodeTransport());
  answer.resume();
  assert.equal(server.seen[0].address, lease.localAddress);

  const echo = once(socket, "message");
  socket.send("still here");
  assert.equal(String(((await echo) as [Buffer])[0]), "still here");
  await closed(socket);
  lease.release();
});

test("long-lived connections are spread over the exits, and at most so many go to one target", async (t) => {
  const feed = await startFeed(t);
  const warned: string[] = [];
  const logger = { debug() {}, info() {}, warn: (_: object, message: string) => warned.push(message), error() {} };
  const pool = await openPool(t, { logger, targets: { feed: { hosts: feed.host, backendLimit: 3 } } });
  const leases: Lease[] = [];
  for (let i = 0; i < 3; i++) leases.push(await pool.acquire(asking(feed), { mode: "shared" }));
  const sockets = await Promise.all(leases.map((lease) => byWs(feed, lease)));
  assert.deepEqual([...feed.seen].sort(), ADDRESSES);

  // What rides on its lease takes no second place, and a fourth lease waits for one of the three.
  const waiting = pool.acquire(asking(feed), { mode: "shared" });
  const refused = pool.tryAcquire(asking(feed), { mode: "shared" });
  assert.ok(!refused.granted && refused.reason === "in-flight");
  assert.equal(warned.filter((message) => /feed allows 3 at once \(backendLimit\)/.test(message)).length, 1, warned.join("\n"));
  await closed(sockets[1]);
  leases[1].release();
  const fourth = await waiting;
  assert.equal(fourth.exit.id, leases[1].exit.id);
  for (const lease of [...leases, fourth]) lease.release();
});

test("a shared lease ends by itself half a minute after its last connection, and not while one is open", async (t) => {
  const feed = await startFeed(t);
  const clock = new ManualClock();
  const pool = await openPool(t, { clock });
  const reasons: (string | undefined)[] = [];
  pool.on("multihome:lease.settled", ({ reason }) => reasons.push(reason));
  const lease = await pool.acquire(asking(feed), { mode: "shared" });
  const inUse = (): number => pool.status().kinds.default.inflight;

  await clock.advance(3_600_000);
  assert.equal(inUse(), 1, "not connected yet: its holder may still do so");
  const socket = await byWs(feed, lease);
  await clock.advance(3_600_000);
  assert.equal(inUse(), 1, "connected");
  await closed(socket);
  await eventually(() => feed.open() === 0, "the server still has it");
  await clock.advance(29_000);
  const again = await byWs(feed, lease);
  await clock.advance(60_000);
  assert.equal(inUse(), 1, "connected again in time");
  again.terminate();
  await once(again, "close");
  await eventually(() => feed.open() === 0, "the server still has it");
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(30_000);
  assert.deepEqual([inUse(), reasons], [0, ["idle"]]);
});

test("undici's WebSocket and fetch on a lease: the same exit, counted once, and kept while they are open", async (t) => {
  const feed = await startFeed(t);
  const server = await startHttpServer();
  t.after(() => server.close());
  const clock = new ManualClock();
  const pool = await openPool(t, { clock, perExitInFlight: 1, targets: { feed: { hosts: feed.host, backendLimit: 1, limits: [{ name: "c", unit: "connection", limit: 2, per: "5m" }] } } });
  const lease = await pool.acquire(asking(feed), { mode: "shared" });
  const dispatcher = new ExitDispatcher(pool, { lease });
  t.after(() => dispatcher.destroy());
  const socket = new UndiciSocket(feed.url, { dispatcher });
  await once(socket, "open");
  assert.deepEqual(feed.seen, [lease.localAddress]);
  const { inflight, state, limits } = pool.status().targets.feed.exits[lease.exit.id];
  assert.deepEqual([inflight, state, limits[0].used], [0, "long-lived", 1]);

  const seen = (await (await fetch(`${server.url}/x`, { dispatcher })).json()) as { address: string };
  assert.equal(seen.address, lease.localAddress);
  await clock.advance(120_000);
  assert.equal(pool.status().kinds.default.inflight, 2, "the lease and its connection");

  const over = once(socket, "close");
  socket.close();
  await over;
  await eventually(() => pool.status().kinds.default.inflight === 1, "the connection still counts");
  await clock.advance(30_000);
  assert.equal(pool.status().kinds.default.inflight, 0);
});

test("a WebSocket without a lease counts as a connection, too", async (t) => {
  const feed = await startFeed(t);
  const pool = await openPool(t, { exits: { local: ADDRESSES.slice(0, 1) }, targets: { feed: { hosts: feed.host, limits: [{ name: "c", unit: "connection", limit: 5, per: "5m" }] } } });
  const dispatcher = new ExitDispatcher(pool);
  t.after(() => dispatcher.destroy());
  const socket = new UndiciSocket(feed.url, { dispatcher });
  await once(socket, "open");
  assert.equal(pool.status().targets.feed.exits[ADDRESSES[0]].limits[0].used, 1);
  const over = once(socket, "close");
  socket.close();
  await over;
});

test("on Binance opening a connection weighs 2 and counts as one, on the exit's books, and no longer than a window does", async (t) => {
  const feed = await startFeed(t);
  const clock = new ManualClock({ wallTime: 1_800_000_000_000 });
  const pool = await openPool(t, { clock, exits: { local: ADDRESSES.slice(0, 1) }, targets: { binance: { ...binanceSpot(), hosts: feed.host, serverOffset: 0 } } });
  const used = (name: string): number | undefined => pool.status().targets.binance.exits[ADDRESSES[0]].limits.find((limit) => limit.name === name)?.used;
  const lease = await pool.acquire(asking(feed), { mode: "shared" });
  assert.equal(lease.weight, 2);
  const connections = pool.status().targets.binance.exits[ADDRESSES[0]].limits.find(({ name }) => name.startsWith("connection"))?.name as string;
  assert.deepEqual([used("weight-1m"), used(connections)], [2, 1]);
  const socket = await byWs(feed, lease);
  // Open for hours: what it cost to open was spent in its own window.
  await clock.advance(600_000);
  assert.deepEqual([used("weight-1m"), used(connections)], [0, 0]);
  assert.equal(pool.status().targets.binance.exits[ADDRESSES[0]].state, "long-lived");
  await closed(socket);
  lease.release();
});

test("node:https by the agents of a lease leaves by its exit, and destroying them closes nobody else's sockets", async (t) => {
  const certificate = createTestCertificate();
  const server = await startHttpServer(undefined, { tls: certificate });
  t.after(() => server.close());
  const pool = await openPool(t);
  const first = await pool.acquire({ method: "GET", url: server.url });
  const second = await pool.acquire({ method: "GET", url: server.url, hints: { lease: first } });
  const fetchBy = (lease: Lease): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = https.get(`${server.url}/x`, { agent: lease.agent.https, ca: certificate.ca }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () => resolve((JSON.parse(text) as { address: string }).address));
      });
      request.on("error", reject);
    });
  assert.ok(first.agent.https instanceof https.Agent);
  assert.equal(first.agent, first.agent);
  assert.equal(await fetchBy(first), first.localAddress);
  await new Promise((resolve) => setTimeout(resolve, 20));
  first.agent.https.destroy();
  assert.equal(await fetchBy(second), first.localAddress);
  assert.equal(server.accepted, 1, "the connection was kept");
  first.release();
  second.release();
});

test("ws through a SOCKS5 proxy by the lease's agent", async (t) => {
  const feed = await startFeed(t);
  const proxy = await startSocksServer({ egress: "127.0.41.99" });
  t.after(() => proxy.close());
  const pool = await openPool(t, { exits: { proxies: [`socks5://127.0.0.1:${proxy.port}`] } });
  const lease = await pool.acquire(asking(feed), { mode: "shared" });
  assert.equal(lease.localAddress, undefined);
  const socket = await byWs(feed, lease);
  assert.deepEqual(feed.seen, ["127.0.41.99"]);
  await closed(socket);
  lease.release();
});

test("a socket of one's own from the lease's address", async (t) => {
  const feed = await startFeed(t);
  const pool = await openPool(t);
  await using lease = await pool.acquire(asking(feed), { mode: "shared" });
  const { port } = new URL(feed.url);
  const socket = connect({ host: "127.0.0.1", port: Number(port), ...(lease.localAddress === undefined ? {} : { localAddress: lease.localAddress }) });
  await once(socket, "connect");
  assert.equal(socket.localAddress, lease.localAddress);
  socket.destroy();
});

// Its option `dispatcher` is not in the standard; every Node that has a WebSocket takes it.
test("the built-in WebSocket on a shared lease", async (t) => {
  const feed = await startFeed(t);
  const script = `
    const { createExitPool } = await import(${JSON.stringify(import.meta.resolve("@multihome/core"))});
    const { ExitDispatcher } = await import(${JSON.stringify(import.meta.resolve("@multihome/undici-dispatcher"))});
    const pool = createExitPool({ exits: { local: ${JSON.stringify(ADDRESSES)} } });
    const lease = await pool.acquire({ method: "GET", url: ${JSON.stringify(feed.url)} }, { mode: "shared" });
    const socket = new WebSocket(${JSON.stringify(feed.url)}, { dispatcher: new ExitDispatcher(pool, { lease }) });
    await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
    const message = new Promise((resolve) => { socket.onmessage = resolve; });
    socket.send("hello");
    console.log(lease.localAddress, (await message).data);
    socket.close();
    await new Promise((resolve) => { socket.onclose = resolve; });
    lease.release();
    await pool.close();`;
  const [major] = process.versions.node.split(".").map(Number);
  const child = spawn(process.execPath, [...(major < 22 ? ["--experimental-websocket"] : []), "--no-warnings", "--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (out += part));
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 0, out);
  const [address, text] = out.trim().split(" ");
  assert.deepEqual([address, text], [feed.seen[0], "hello"]);
  assert.ok(ADDRESSES.includes(address));
});
