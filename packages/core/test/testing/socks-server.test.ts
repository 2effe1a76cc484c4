import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import { SocksClient } from "socks";
import { closedPort, listen, startHttpServer, startSocksServer } from "../../src/testing/index.ts";
import { GREETING, OK, connectTo, greeted, startEcho, tunnelled } from "./socks-support.ts";
import { RawClient, closing, until } from "./support.ts";

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
