import assert from "node:assert/strict";
import { Agent } from "node:http";
import { request as httpsRequest } from "node:https";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { createTestCertificate, startExchange, startSocksServer } from "../../src/testing/index.ts";
import { RawClient, closing, fetchRaw, until } from "./support.ts";

/** So long that no test sees its window turn by chance. */
const DAY = 86_400_000;

test("the exchange limits by the source address that it sees", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY, limit: 2 }));
  const statuses: number[] = [];
  for (const localAddress of ["127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3"]) {
    statuses.push((await fetchRaw(`${exchange.url}/api/v3/ping`, { localAddress })).status);
  }
  assert.deepEqual(statuses, [200, 200, 429, 200]);
  const { addresses } = exchange.books();
  assert.deepEqual(Object.keys(addresses).sort(), ["127.0.0.2", "127.0.0.3"]);
  assert.equal(addresses["127.0.0.2"].limited, 1);
});

test("through a SOCKS server it sees that server's egress", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY }));
  const socks = closing(t, await startSocksServer({ egress: "127.0.0.77" }));
  const client = new RawClient(t, socks.port);
  client.send([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, exchange.port >> 8, exchange.port & 0xff]);
  await client.take(12);
  client.send("GET /api/v3/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await client.ended();
  assert.match(client.received.toString(), /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(exchange.used("127.0.0.77"), 1);
});

test("answers carry headers as a client reads them, and Date by the exchange's own clock", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY, clockOffsetMs: -7_200_000 }));
  const { status, headers, text } = await fetchRaw(`${exchange.url}/api/v3/time`);
  const { serverTime } = JSON.parse(text) as { serverTime: number };
  assert.equal(status, 200);
  assert.equal(headers["x-mbx-used-weight-1d"], "1");
  assert.equal(headers["content-type"], "application/json;charset=UTF-8");
  const behind = Date.now() - 7_200_000;
  assert.ok(Math.abs(serverTime - behind) < 60_000, `${serverTime} is not about ${behind}`);
  assert.equal(Date.parse(headers.date ?? ""), Math.floor(serverTime / 1_000) * 1_000);
});

test("an order's parameters may come in the body, and a repeated one is noticed", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY }));
  const place = () => fetchRaw(`${exchange.url}/api/v3/order`, { method: "POST", headers: { "X-MBX-APIKEY": "k" }, body: "symbol=BTCUSDT&newClientOrderId=abc" });
  const first = await place();
  const second = await place();
  assert.deepEqual([first.status, first.headers["x-mbx-order-count-1d"], second.status], [200, "1", 400]);
  assert.deepEqual(exchange.books().repeatedOrders, [{ clientOrderId: "abc", seen: 2, processed: 2 }]);
});

test("it listens on several addresses at one port", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY, hosts: ["127.0.0.1", "127.0.0.9"] }));
  assert.deepEqual(exchange.urls, [`http://127.0.0.1:${exchange.port}`, `http://127.0.0.9:${exchange.port}`]);
  for (const url of exchange.urls) assert.equal((await fetchRaw(`${url}/api/v3/ping`, { localAddress: "127.0.0.2" })).status, 200);
  assert.equal(exchange.used("127.0.0.2"), 2);
});

test("latency passes before a request counts and before its answer", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY, latencyMs: 60, jitterMs: 40, random: () => 0.5 }));
  const started = performance.now();
  assert.equal((await fetchRaw(`${exchange.url}/api/v3/ping`)).status, 200);
  // 30 + 10 ms each way; timers may fire up to a millisecond early.
  assert.ok(performance.now() - started >= 78);
});

test("a request whose client has gone meanwhile counts all the same", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY, latencyMs: 50 }));
  const socket = connect({ port: exchange.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  socket.write("GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\n");
  await until(() => exchange.connections === 1);
  await new Promise((resolve) => setTimeout(resolve, 10));
  socket.destroy();
  await until(() => exchange.used("127.0.0.2") === 1);
});

test("a body that no exchange would read is refused", async (t) => {
  const exchange = closing(t, await startExchange({ windowMs: DAY }));
  const socket = new RawClient(t, exchange.port);
  socket.send("POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
  socket.send("x".repeat(1_100_000));
  await until(() => socket.received.length > 0 || socket.ending !== undefined);
  assert.match(socket.received.toString(), /^HTTP\/1\.1 413 /);
});

test("it answers over TLS with a given certificate", async (t) => {
  const tls = createTestCertificate();
  const exchange = closing(t, await startExchange({ windowMs: DAY, tls }));
  const request = httpsRequest(`${exchange.url}/api/v3/ping`, { ca: tls.ca, agent: false }).end();
  const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  response.resume();
  assert.equal(response.statusCode, 200);
});

test("close destroys connections whose answer is still on its way, and resolves", async (t) => {
  const exchange = await startExchange({ windowMs: DAY, latencyMs: 60_000 });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const pending = fetchRaw(`${exchange.url}/api/v3/ping`, { agent });
  await until(() => exchange.connections === 1);
  assert.equal(exchange.used("127.0.0.1"), 0, "it has not arrived yet");
  await exchange.close();
  await assert.rejects(pending, { code: "ECONNRESET" });
  await assert.rejects(fetchRaw(`${exchange.url}/api/v3/ping`), { code: "ECONNREFUSED" });
});
