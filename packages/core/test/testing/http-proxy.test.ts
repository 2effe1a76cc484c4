import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { test } from "node:test";
import { HTTP_PROXY_LIES, closedPort, createTestCertificate, startHttpProxy } from "../../src/testing/index.ts";
import type { HttpProxyLie } from "../../src/testing/index.ts";
import { startEcho } from "./socks-support.ts";
import { RawClient, closing, until } from "./support.ts";

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

function connectHead(port: number, more = "", host = "127.0.0.1"): string {
  return `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n${more}\r\n`;
}

function basic(user: string, password: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString("base64")}\r\n`;
}

async function head(client: RawClient): Promise<string> {
  await until(() => client.received.includes("\r\n\r\n") || client.ending !== undefined);
  return Buffer.from(await client.take(client.received.indexOf("\r\n\r\n") + 4)).toString("latin1");
}

test("CONNECT opens a tunnel that leaves by the chosen address", async (t) => {
  const echo = await startEcho(t);
  const proxy = closing(t, await startHttpProxy({ egress: "127.0.0.43", hosts: { "api.test": "127.0.0.1" } }));
  const client = new RawClient(t, proxy.port);
  client.send(`${connectHead(echo.port, "", "api.test")}early`);
  assert.equal(await head(client), ESTABLISHED);
  assert.equal(Buffer.from(await client.take(5)).toString(), "early");
  client.socket.end();
  assert.equal(await client.ended(), "end");

  await until(() => proxy.books().open === 0);
  assert.deepEqual(echo.from, ["127.0.0.43"]);
  assert.deepEqual(proxy.books(), {
    accepted: 1, open: 0, highWater: 1, tunnels: 1, users: [], bytesUp: 5, bytesDown: 5,
    destinations: [{ host: "api.test", port: echo.port, named: true, connection: 0 }],
  });
});

test("who does not log in, or logs in wrongly, is answered with 407", async (t) => {
  const echo = await startEcho(t);
  const proxy = closing(t, await startHttpProxy({ username: "user", password: "p:w" }));
  for (const [login, status] of [["", "407"], [basic("user", "wrong"), "407"], [basic("user", "p:w"), "200"]] as const) {
    const client = new RawClient(t, proxy.port);
    client.send(connectHead(echo.port, login));
    const answer = await head(client);
    assert.equal(answer.slice(9, 12), status);
    if (status === "407") assert.match(answer, /\r\nproxy-authenticate: Basic realm="proxy"\r\n/);
  }
  assert.deepEqual(proxy.books().users, ["user", "user"]);

  proxy.setFault("bad-auth");
  const client = new RawClient(t, proxy.port);
  client.send(connectHead(echo.port, basic("user", "p:w")));
  assert.match(await head(client), /^HTTP\/1\.1 407 /);
  assert.equal(await client.ended(), "end");
});

test("a destination that refuses is a 502, and anything but CONNECT a 405", async (t) => {
  const proxy = closing(t, await startHttpProxy());
  const refused = new RawClient(t, proxy.port);
  refused.send(connectHead(await closedPort()));
  assert.match(await head(refused), /^HTTP\/1\.1 502 /);
  const plain = new RawClient(t, proxy.port);
  plain.send("GET http://x.test/ HTTP/1.1\r\nHost: x.test\r\n\r\n");
  assert.match(await head(plain), /^HTTP\/1\.1 405 /);
});

test("faults: a status of choice, silence in each place, early bytes, a cut", async (t) => {
  const echo = await startEcho(t);
  const proxy = closing(t, await startHttpProxy());
  const ask = (): RawClient => {
    const client = new RawClient(t, proxy.port);
    client.send(connectHead(echo.port));
    return client;
  };

  proxy.setFault({ kind: "status", status: 502, headers: { "retry-after": "3" }, body: "bad gateway" });
  const failed = ask();
  assert.match(await head(failed), /^HTTP\/1\.1 502 Refused\r\nretry-after: 3\r\ncontent-length: 11\r\n/);
  assert.equal(await failed.ended(), "end");
  assert.equal(failed.received.toString(), "bad gateway");

  for (const [fault, said] of [["hang", ""], ["hang-connect", ""], ["hang-tls", ESTABLISHED]] as const) {
    proxy.setFault(fault);
    const client = ask();
    client.send("more");
    assert.equal(Buffer.from(await client.take(said.length)).toString(), said);
    client.socket.end();
    assert.equal(await client.ended(), "end");
  }
  assert.deepEqual(echo.from, []);

  proxy.setFault({ kind: "early", bytes: "banner" });
  const early = ask();
  assert.equal(await head(early), ESTABLISHED);
  assert.equal(early.received.toString(), "banner");

  proxy.setFault({ kind: "cut", afterBytes: 2 });
  const cut = ask();
  assert.equal(await head(cut), ESTABLISHED);
  cut.send("abcdef");
  assert.equal(await cut.ended(), "end");
  assert.equal(cut.received.toString(), "ab");

  proxy.setFault("reset");
  assert.equal(await ask().ended(), "ECONNRESET");
});

test("every lie is told, and ends as it says", async (t) => {
  const proxy = closing(t, await startHttpProxy());
  for (const [name, lie] of Object.entries(HTTP_PROXY_LIES)) {
    proxy.setFault({ kind: "lie", lie: name as HttpProxyLie });
    const client = new RawClient(t, proxy.port);
    client.send(connectHead(443));
    if (lie.then !== "reset") assert.equal(Buffer.from(await client.take(lie.bytes.length)).toString("latin1"), lie.bytes, name);
    if (lie.then === "end") assert.equal(await client.ended(), "end", name);
    if (lie.then === "reset") assert.equal(await client.ended(), "ECONNRESET", name);
    if (lie.then === "flood") assert.equal((await client.take(200_000)).length, 200_000, name);
    client.socket.destroy();
  }
  await until(() => proxy.books().open === 0);
});

test("a proxy may itself be spoken to over TLS, and its faults before TLS stay what they are", async (t) => {
  const echo = await startEcho(t);
  const tls = createTestCertificate();
  const proxy = closing(t, await startHttpProxy({ tls }));
  assert.match(proxy.url, /^https:\/\/127\.0\.0\.1:\d+$/);

  const socket = connectTls({ port: proxy.port, host: "127.0.0.1", ca: tls.ca });
  t.after(() => socket.destroy());
  socket.write(connectHead(echo.port));
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.equal(answer.toString(), ESTABLISHED);
  socket.write("ping");
  const [echoed] = (await once(socket, "data")) as [Buffer];
  assert.equal(echoed.toString(), "ping");

  proxy.setFault({ kind: "lie", lie: "ok-then-reset" });
  const broken = connectTls({ port: proxy.port, host: "127.0.0.1", ca: tls.ca });
  broken.write(connectHead(echo.port));
  const [ok] = (await once(broken, "data")) as [Buffer];
  assert.match(ok.toString(), /^HTTP\/1\.1 200 /);
  await assert.rejects(once(broken, "end"), { code: "ECONNRESET" });

  socket.end();
  await until(() => proxy.books().open === 0 && echo.sockets.size === 0);
  proxy.setFault("reset");
  const reset = connectTls({ port: proxy.port, host: "127.0.0.1", ca: tls.ca });
  await assert.rejects(once(reset, "secureConnect"), { code: "ECONNRESET" });
});
