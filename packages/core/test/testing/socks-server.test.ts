import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SocksClient } from "socks";
import { SOCKS_LIES, closedPort, listen, seededRandom, startHttpServer, startSocksServer } from "../../src/testing/index.ts";
import type { Listener, SocksLie } from "../../src/testing/index.ts";
import { RawClient, closing, until } from "./support.ts";

const GREETING = [5, 1, 0];
const OK = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

function connectTo(port: number, host: readonly number[] = [1, 127, 0, 0, 1]): number[] {
  return [5, 1, 0, ...host, port >> 8, port & 0xff];
}

/** A target that echoes, and knows where each connection came from. */
async function startEcho(t: TestContext): Promise<Listener & { from: (string | undefined)[] }> {
  const from: (string | undefined)[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    from.push(socket.remoteAddress);
    socket.pipe(socket);
  });
  return Object.assign(closing(t, await listen(server)), { from });
}

/** A client behind the server's greeting. */
async function greeted(t: TestContext, port: number): Promise<RawClient> {
  const client = new RawClient(t, port);
  client.send(GREETING);
  assert.deepEqual(await client.take(2), [5, 0]);
  return client;
}

async function tunnelled(t: TestContext, port: number, target: number): Promise<RawClient> {
  const client = await greeted(t, port);
  client.send(connectTo(target));
  assert.deepEqual(await client.take(10), OK);
  return client;
}

test("a tunnel carries bytes both ways and leaves by the chosen address", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ egress: "127.0.0.42" }));
  const client = await tunnelled(t, socks.port, echo.port);

  client.send("hello");
  assert.equal(Buffer.from(await client.take(5)).toString(), "hello");
  client.socket.end();
  assert.equal(await client.ended(), "end", "the end is passed on both ways");

  await until(() => socks.books().open === 0);
  assert.deepEqual(echo.from, ["127.0.0.42"]);
  assert.deepEqual(socks.books(), {
    accepted: 1, open: 0, highWater: 1, tunnels: 1, users: [], bytesUp: 5, bytesDown: 5,
    destinations: [{ host: "127.0.0.1", port: echo.port, named: false, connection: 0 }],
  });
});

test("a handshake may come byte by byte, or in one piece with the tunnel's first bytes", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer());
  const slow = new RawClient(t, socks.port);
  slow.socket.setNoDelay(true);
  for (const byte of [...GREETING, ...connectTo(echo.port)]) {
    slow.send([byte]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await slow.take(12), [5, 0, ...OK]);

  const hasty = new RawClient(t, socks.port);
  hasty.send([...GREETING, ...connectTo(echo.port), 104, 105]);
  assert.deepEqual(await hasty.take(14), [5, 0, ...OK, 104, 105]);
});

test("names are the proxy's to resolve, and the books tell them from addresses", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ hosts: { "api.example.test": "127.0.0.1" } }));
  const client = await greeted(t, socks.port);
  client.send(connectTo(echo.port, [3, 16, ...Buffer.from("API.example.test")]));
  assert.deepEqual(await client.take(10), OK);
  const six = await greeted(t, socks.port);
  six.send(connectTo(echo.port, [4, ...new Array<number>(15).fill(0), 1]));
  await six.take(10);
  assert.deepEqual(socks.books().destinations.map(({ host, named }) => [host, named]), [["API.example.test", true], ["::1", false]]);
});

test("a real client gets through, with and without a password", async (t) => {
  const echo = await startEcho(t);
  const open = closing(t, await startSocksServer());
  const locked = closing(t, await startSocksServer({ username: "us:er", password: "p@ss:w/rd%" }));
  const destination = { host: "127.0.0.1", port: echo.port };
  const login = { userId: "us:er", password: "p@ss:w/rd%" };
  for (const proxy of [{ port: open.port }, { port: locked.port, ...login }]) {
    const { socket } = await SocksClient.createConnection({ proxy: { host: "127.0.0.1", type: 5, ...proxy }, command: "connect", destination });
    t.after(() => socket.destroy());
    socket.write("hi");
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.equal(answer.toString(), "hi");
  }
  assert.deepEqual(locked.books().users, ["us:er"]);
  assert.equal(new URL(locked.url).username, "us%3Aer");
  assert.doesNotMatch(JSON.stringify(locked.books()), /p@ss/);

  for (const proxy of [{ port: locked.port }, { port: locked.port, userId: "us:er", password: "wrong" }]) {
    await assert.rejects(SocksClient.createConnection({ proxy: { host: "127.0.0.1", type: 5, ...proxy }, command: "connect", destination }));
  }
});

test("a destination that refuses, or a command that is not CONNECT, is named by the reply's code", async (t) => {
  const socks = closing(t, await startSocksServer());
  const refused = await greeted(t, socks.port);
  refused.send(connectTo(await closedPort()));
  assert.deepEqual((await refused.take(10)).slice(0, 2), [5, 5]);
  const bind = await greeted(t, socks.port);
  bind.send([5, 2, 0, 1, 127, 0, 0, 1, 0, 80]);
  assert.deepEqual((await bind.take(10)).slice(0, 2), [5, 7]);
  assert.equal(await bind.ended(), "end");
});

test("faults before the tunnel: each silent or refusing in its own place", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer());
  const handshake = [...GREETING, ...connectTo(echo.port)];

  socks.setFault("refuse");
  const refused = new RawClient(t, socks.port);
  assert.equal(await refused.ended(), "end");

  socks.setFault("reset");
  const reset = new RawClient(t, socks.port);
  assert.equal(await reset.ended(), "ECONNRESET");

  // What each says before it falls silent, and whether it has heard of the destination by then.
  for (const [fault, said, destinations] of [
    ["hang", [], 0],
    [{ kind: "hang-handshake" }, [5, 0], 0],
    ["hang-connect", [5, 0], 1],
    ["hang-tls", [5, 0, ...OK], 1],
  ] as const) {
    socks.setFault(fault);
    socks.reset();
    const client = new RawClient(t, socks.port);
    client.send(handshake);
    client.send("tunnelled?");
    assert.deepEqual(await client.take(said.length), said);
    await until(() => socks.books().destinations.length === destinations && socks.books().accepted === 1);
    client.socket.end();
    assert.equal(await client.ended(), "end", "it notices when the client goes");
    assert.equal(client.received.length, 0);
  }
  assert.deepEqual(echo.from, [], "none of them went on to the target");

  socks.setFault({ kind: "reply", code: 2 });
  const ruled = await greeted(t, socks.port);
  ruled.send(connectTo(echo.port));
  assert.deepEqual((await ruled.take(10)).slice(0, 2), [5, 2]);
  assert.equal(await ruled.ended(), "end");
});

test("faults of logging in: demanded where none is set, refused whatever it is", async (t) => {
  const socks = closing(t, await startSocksServer({ fault: "auth" }));
  const login = [1, 1, 117, 1, 112];
  const without = new RawClient(t, socks.port);
  without.send(GREETING);
  assert.deepEqual(await without.take(2), [5, 0xff]);
  assert.equal(await without.ended(), "end");

  for (const [fault, answer] of [["auth", [1, 0]], ["bad-auth", [1, 1]]] as const) {
    socks.setFault(fault);
    const client = new RawClient(t, socks.port);
    client.send([5, 2, 0, 2]);
    assert.deepEqual(await client.take(2), [5, 2]);
    client.send(login);
    assert.deepEqual(await client.take(2), answer);
  }
});

test("a tunnel is cut after so many bytes, in good order or by a reset", async (t) => {
  const echo = await startEcho(t);
  for (const [how, ending] of [["fin", "end"], ["reset", "ECONNRESET"]] as const) {
    const socks = closing(t, await startSocksServer({ fault: { kind: "cut", afterBytes: 7, how } }));
    const client = await tunnelled(t, socks.port, echo.port);
    client.send("hello");
    assert.equal(Buffer.from(await client.take(5)).toString(), "hello");
    client.send("world");
    assert.equal(await client.ended(), ending);
    if (how === "fin") assert.equal(client.received.toString(), "wo");
    await until(() => socks.books().open === 0 && echo.sockets.size === 0);
  }
  const socks = closing(t, await startSocksServer({ fault: { kind: "cut", afterBytes: 0 } }));
  const client = await tunnelled(t, socks.port, echo.port);
  assert.equal(await client.ended(), "end");
});

test("early bytes come in one packet with the reply, and the tunnel behind them is honest", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ fault: { kind: "early", bytes: "banner" } }));
  const client = await greeted(t, socks.port);
  client.send(connectTo(echo.port));
  assert.deepEqual(await client.take(10), OK);
  assert.equal(client.received.toString(), "banner", "there already");
  await client.take(6);
  client.send("x");
  assert.deepEqual(await client.take(1), [120]);
});

test("a slow proxy is late with everything it says, keeps the order and loses nothing", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ fault: { kind: "slow", latencyMs: 30, jitterMs: 30 }, random: seededRandom(1) }));
  const started = performance.now();
  const client = await tunnelled(t, socks.port, echo.port);
  assert.ok(performance.now() - started >= 58, "two answers, 30 ms each at least");

  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) & 0xff));
  for (let at = 0; at < sent.length; at += 10_000) client.socket.write(sent.subarray(at, at + 10_000));
  client.socket.end();
  await client.ended();
  assert.ok(client.received.equals(sent));
});

test("a dripping proxy gives its bytes one by one", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer({ fault: { kind: "drip", everyMs: 2 } }));
  const client = new RawClient(t, socks.port);
  const sizes: number[] = [];
  client.socket.on("data", (chunk: Buffer) => sizes.push(chunk.length));
  client.send([...GREETING, ...connectTo(echo.port), 1, 2, 3]);
  assert.deepEqual(await client.take(15), [5, 0, ...OK, 1, 2, 3]);
  assert.ok(sizes.length > 3, `${sizes.length} pieces`);
});

test("a flaky proxy is asked for its fault at each connection", async (t) => {
  const socks = closing(t, await startSocksServer({ fault: (connection) => (connection % 2 === 0 ? { kind: "refuse" } : "ok") }));
  const endings = [];
  for (let index = 0; index < 4; index += 1) {
    const client = new RawClient(t, socks.port);
    client.send(GREETING);
    await client.take(2);
    endings.push(client.ending);
  }
  // Closed on accept, with or without having read the greeting.
  assert.deepEqual(endings.map((ending) => ending !== undefined), [true, false, true, false]);
});

/** What a client has received of each lie; after it silence, an end, a reset or a flood. */
test("every lie is told in its place, and no client is kept waiting for an end that comes", async (t) => {
  const echo = await startEcho(t);
  const socks = closing(t, await startSocksServer());
  for (const [name, lie] of Object.entries(SOCKS_LIES)) {
    socks.setFault({ kind: "lie", lie: name as SocksLie });
    const client = new RawClient(t, socks.port);
    const honest = lie.stage === "greeting" ? [] : lie.stage === "login" ? [5, 2] : [5, 0];
    client.send(lie.stage === "login" ? [5, 1, 2] : GREETING);
    assert.deepEqual(await client.take(honest.length), honest, name);
    if (lie.stage === "login") client.send([1, 1, 117, 1, 112]);
    if (lie.stage === "reply") client.send(connectTo(echo.port));

    const expected = typeof lie.bytes === "string" ? [...Buffer.from(lie.bytes, "latin1")] : [...lie.bytes];
    // A reset may overtake what was said before it.
    if (lie.then !== "reset") assert.deepEqual(await client.take(expected.length), expected, name);
    if (lie.then === "end") assert.equal(await client.ended(), "end", name);
    if (lie.then === "reset") assert.equal(await client.ended(), "ECONNRESET", name);
    if (lie.then === "flood") assert.equal((await client.take(200_000)).length, 200_000, name);
    if (lie.then === "tunnel") {
      client.send("t");
      assert.deepEqual(await client.take(1), [116], name);
    }
    client.socket.destroy();
  }
  await until(() => socks.books().open === 0);
  assert.ok(Object.keys(SOCKS_LIES).length >= 25);
});

test("the books know the most connections that were open together, and can be started anew", async (t) => {
  const socks = closing(t, await startSocksServer({ fault: "hang" }));
  const clients = Array.from({ length: 5 }, () => new RawClient(t, socks.port));
  await until(() => socks.books().open === 5);
  for (const client of clients.slice(0, 3)) client.socket.destroy();
  await until(() => socks.books().open === 2);
  assert.deepEqual([socks.books().accepted, socks.books().highWater], [5, 5]);

  socks.reset();
  assert.deepEqual([socks.books().accepted, socks.books().open, socks.books().highWater], [0, 2, 2]);
  socks.dropConnections();
  await until(() => socks.books().open === 0);
});

test("close ends tunnels on both sides and frees the port", async (t) => {
  const server = closing(t, await startHttpServer());
  const socks = await startSocksServer();
  const client = await tunnelled(t, socks.port, server.port);
  client.send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n");
  await until(() => server.live === 1);
  await socks.close();
  assert.notEqual(await client.ended(), undefined);
  await until(() => server.sockets === 0);
  const late = new RawClient(t, socks.port);
  assert.equal(await late.ended(), "ECONNREFUSED");
  assert.equal(server.seen[0].aborted, true);
});

test("a client that goes while the proxy connects leaves no connection at the target", async (t) => {
  const accepted: Socket[] = [];
  const target = closing(t, await listen(createServer((socket) => accepted.push(socket.resume()))));
  const socks = closing(t, await startSocksServer());
  const client = await greeted(t, socks.port);
  client.send(connectTo(target.port));
  await until(() => socks.books().destinations.length === 1);
  client.socket.destroy();
  await until(() => target.accepted === 1 && target.sockets.size === 0);
});
