import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { createTestCertificate, startHttpServer } from "../../src/testing/index.ts";
import type { HttpServer } from "../../src/testing/index.ts";
import { closing, fetchRaw, until } from "./support.ts";

async function headOf(request: ClientRequest): Promise<IncomingMessage> {
  // What comes after the head is told by the response as well.
  request.on("error", () => undefined);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

/** What comes of a body: its length, or the error's code that ended it. */
async function bodyOf(response: IncomingMessage): Promise<number | string> {
  let length = 0;
  try {
    for await (const chunk of response) length += (chunk as Buffer).length;
    return length;
  } catch (error) {
    return `${length} ${(error as NodeJS.ErrnoException).code}`;
  }
}

test("an ordinary path is answered with what was seen, and the server keeps it", async (t) => {
  const server = closing(t, await startHttpServer());
  const { status, text } = await fetchRaw(`${server.url}/some/path?q=1`, { method: "PUT", body: "hello", localAddress: "127.0.0.8", headers: { "X-Mine": "1" } });

  const { headers, ...rest } = JSON.parse(text) as { headers: Record<string, string> };
  assert.equal(status, 200);
  assert.deepEqual(rest, { id: 1, connection: 1, address: "127.0.0.8", method: "PUT", url: "/some/path?q=1", body: "hello" });
  assert.equal(headers["x-mine"], "1");
  const [seen] = server.seen;
  assert.deepEqual([seen.path, seen.body, seen.bodyLength, seen.complete, seen.rawHeaders.includes("X-Mine")], ["/some/path", "hello", 5, true, true]);
  await until(() => seen.over);
  assert.equal(seen.aborted, false);
});

test("statuses of choice bring headers of choice, and those without a body bring none", async (t) => {
  const server = closing(t, await startHttpServer());
  const limited = await fetchRaw(`${server.url}/status/429?retry-after=2`);
  assert.deepEqual([limited.status, limited.headers["retry-after"]], [429, "2"]);
  for (const path of ["/empty", "/status/304", "/status/204"]) {
    const { headers, body } = await fetchRaw(server.url + path);
    assert.deepEqual([headers["content-length"], body.length], [undefined, 0], path);
  }
  const head = await fetchRaw(`${server.url}/echo`, { method: "HEAD" });
  assert.equal(head.body.length, 0);
  const statuses = [];
  for (let turn = 0; turn < 4; turn += 1) statuses.push((await fetchRaw(`${server.url}/sequence/503,500,200`)).status);
  assert.deepEqual(statuses, [503, 500, 200, 200]);
});

test("delays hold back the head, or the body alone", async (t) => {
  const server = closing(t, await startHttpServer());
  const started = performance.now();
  assert.equal((await fetchRaw(`${server.url}/delay/40`)).status, 200);
  assert.ok(performance.now() - started >= 38);
  assert.equal((await fetchRaw(`${server.url}/delay-body/10`)).text, "late");
  assert.equal((await fetchRaw(`${server.url}/drip?bytes=5&ms=2`)).text, "xxxxx");
});

test("redirects go where they are told", async (t) => {
  const server = closing(t, await startHttpServer());
  const { status, headers } = await fetchRaw(`${server.url}/redirect?to=${encodeURIComponent("http://other.test/x?y=1")}&status=307`);
  assert.deepEqual([status, headers.location], [307, "http://other.test/x?y=1"]);
  assert.equal((await fetchRaw(`${server.url}/redirect-loop`)).headers.location, "/redirect-loop");
});

test("bodies are compressed as they say, big as they say, and echoed as they came", async (t) => {
  const server = closing(t, await startHttpServer());
  for (const [name, unpack] of [["gzip", gunzipSync], ["deflate", inflateSync], ["br", brotliDecompressSync]] as const) {
    const { headers, body } = await fetchRaw(`${server.url}/${name}`);
    assert.equal(headers["content-encoding"], name);
    assert.deepEqual(JSON.parse(unpack(body).toString()), { compressed: name });
  }
  for (const query of ["bytes=300001", "bytes=300001&chunked=1"]) assert.equal((await fetchRaw(`${server.url}/big?${query}`)).body.length, 300_001);
  const binary = Buffer.from([0, 255, 254, 10]).toString("latin1");
  for (const path of ["/echo", "/echo-stream"]) {
    const request = httpRequest(server.url + path, { method: "POST", agent: false, headers: { "content-type": "x/y" } });
    request.end(binary, "latin1");
    const chunks: Buffer[] = [];
    for await (const chunk of await headOf(request)) chunks.push(chunk as Buffer);
    assert.deepEqual([...Buffer.concat(chunks)], [0, 255, 254, 10], path);
  }
});

test("interim answers come before the final one", async (t) => {
  const server = closing(t, await startHttpServer());
  for (const [path, code] of [["/early-hints?count=2", 103], ["/processing?count=2", 102]] as const) {
    const request = httpRequest(server.url + path, { agent: false }).end();
    const interim: number[] = [];
    request.on("information", ({ statusCode }) => interim.push(statusCode));
    assert.equal(await bodyOf(await headOf(request)) as number > 0, true);
    assert.deepEqual(interim, [code, code]);
  }
});

test("event streams, cookies, trailers and closing connections", async (t) => {
  const server = closing(t, await startHttpServer());
  const sse = await fetchRaw(`${server.url}/sse?events=2&ms=1`);
  assert.equal(sse.headers["content-type"], "text/event-stream");
  assert.equal(sse.text, "id: 1\ndata: event 1\n\nid: 2\ndata: event 2\n\n");
  assert.equal((await fetchRaw(`${server.url}/cookie`)).headers["set-cookie"]?.length, 2);
  assert.equal((await fetchRaw(`${server.url}/close`, { headers: { connection: "keep-alive" } })).headers.connection, "close");
  const response = await headOf(httpRequest(`${server.url}/trailers`, { agent: false }).end());
  await bodyOf(response);
  assert.equal(response.trailers["x-sum"], "42");
});

test("uploads may be answered early, or read slowly", async (t) => {
  const server = closing(t, await startHttpServer());
  const early = httpRequest(`${server.url}/early-answer`, { method: "POST", agent: false, headers: { "content-length": 10_000_000 } });
  early.on("error", () => undefined);
  early.write("x");
  assert.equal((await headOf(early)).statusCode, 413);
  early.destroy();
  assert.equal((await fetchRaw(`${server.url}/slow-upload?ms=1`, { method: "POST", body: "x".repeat(200_000) })).text, "200000");
});

test("answers that never come, stop, or end too early", async (t) => {
  const server = closing(t, await startHttpServer());
  for (const path of ["/hang", "/hang-unread"]) {
    const request = httpRequest(server.url + path, { agent: false }).end();
    const answered = once(request, "response").then(() => "answered", () => "ended");
    await until(() => server.live === 1);
    request.destroy();
    assert.equal(await answered, "ended", path);
    await until(() => server.live === 0);
    assert.equal(server.seen.at(-1)?.aborted, true, path);
  }
  for (const path of ["/headers-then-hang", "/body-then-hang", "/endless", "/endless-drip?ms=1"]) {
    const request = httpRequest(server.url + path, { agent: false }).end();
    const response = await headOf(request);
    response.on("error", () => undefined).resume();
    assert.equal(response.statusCode, 200, path);
    request.destroy();
    await until(() => server.live === 0 && server.sockets === 0);
  }
  for (const [path, outcome] of [["/cut", "10 ECONNRESET"], ["/cut-reset?bytes=5", "5 ECONNRESET"], ["/cut-chunked", "10 ECONNRESET"], ["/cut-close?bytes=3", "3 ECONNRESET"]] as const) {
    assert.equal(await bodyOf(await headOf(httpRequest(server.url + path, { agent: false }).end())), outcome, path);
  }
  for (const path of ["/reset", "/disconnect", "/reset-once"]) {
    await assert.rejects(fetchRaw(server.url + path), { code: "ECONNRESET" }, path);
  }
  assert.equal((await fetchRaw(`${server.url}/reset-once`)).text, "ok");
  await until(() => server.live === 0);
  assert.equal(server.seen.filter(({ path, aborted }) => /cut|reset|disconnect/.test(path) && aborted).length, 0, "ended by us is not aborted");
});

test("answers that no client should be given", async (t) => {
  const server = closing(t, await startHttpServer());
  assert.equal((await fetchRaw(`${server.url}/gzip-broken`)).headers["content-encoding"], "gzip");
  assert.equal((await fetchRaw(`${server.url}/raw?text=${encodeURIComponent("HTTP/1.1 299 Odd\r\nX-A: b\r\n\r\nrest")}`)).status, 299);
  await assert.rejects(fetchRaw(`${server.url}/huge-header`), { code: "HPE_HEADER_OVERFLOW" });
  const request = httpRequest(`${server.url}/unasked-upgrade`, { agent: false }).end();
  const [response, socket] = (await once(request, "upgrade")) as [IncomingMessage, Socket];
  assert.equal(response.statusCode, 101);
  socket.destroy();
});

test("an upgrade is answered with 101 and echoes from then on", async (t) => {
  const server = closing(t, await startHttpServer());
  const request = httpRequest(`${server.url}/ws`, { localAddress: "127.0.0.6", headers: { connection: "Upgrade", upgrade: "echo" } }).end();
  const [response, socket] = (await once(request, "upgrade")) as [IncomingMessage, Socket];
  socket.write("hi");
  const [echoed] = (await once(socket, "data")) as [Buffer];
  assert.deepEqual([response.headers["upgrade"], response.headers["x-address"], echoed.toString(), server.live], ["echo", "127.0.0.6", "hi", 1]);
  socket.end();
  await until(() => server.live === 0);
});

test("requests on one connection share its number, and the marks say how many were live together", async (t) => {
  const server = closing(t, await startHttpServer());
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (let turn = 0; turn < 2; turn += 1) await fetchRaw(server.url, { agent });
  await Promise.all([fetchRaw(`${server.url}/delay/30`), fetchRaw(`${server.url}/delay/30`), fetchRaw(`${server.url}/delay/30`)]);
  assert.deepEqual(server.seen.map(({ connection }) => connection), [1, 1, 2, 3, 4]);
  assert.deepEqual([server.highWater, server.accepted], [3, 4]);

  await until(() => server.live === 0);
  server.reset();
  assert.deepEqual([server.seen.length, server.highWater], [0, 0]);
  assert.equal(server.sockets >= 1, true, "connections stay");
  server.dropConnections();
  await until(() => server.sockets === 0);
});

test("a handler answers first, and leaves to the server what it answers with false", async (t) => {
  const server = closing(t, await startHttpServer((request, response) => {
    if (request.url === "/throws") throw new Error("mistake");
    if (request.url !== "/mine") return false;
    let length = 0;
    request.on("data", (chunk: Buffer) => (length += chunk.length));
    request.on("end", () => response.end(`mine ${length}`));
    return true;
  }));
  assert.equal((await fetchRaw(`${server.url}/mine`, { method: "POST", body: "abc" })).text, "mine 3");
  assert.equal((await fetchRaw(`${server.url}/status/418`)).status, 418);
  const thrown = await fetchRaw(`${server.url}/throws`);
  assert.deepEqual([thrown.status, thrown.text], [500, "Error: mistake"]);
  assert.equal(server.seen[0].body, "abc");
});

test("an upload that is broken off is in the books as such, with what came of it", async (t) => {
  const server = closing(t, await startHttpServer());
  const request = httpRequest(`${server.url}/echo`, { method: "POST", agent: false, headers: { "content-length": 100 } });
  request.on("error", () => undefined);
  request.write("part");
  await until(() => server.seen[0]?.bodyLength === 4);
  request.destroy();
  await until(() => server.live === 0);
  const [{ body, complete, aborted }] = server.seen;
  assert.deepEqual([body, complete, aborted], ["part", false, true]);
});

test("it serves TLS with a certificate that its clients trust, and only that one", async (t) => {
  const mine = createTestCertificate();
  const server = closing(t, await startHttpServer(undefined, { tls: mine }));
  const ask = (ca: string, more: object = {}): ClientRequest => httpsRequest(`${server.url}/x`, { ca, agent: false, ...more }).end();
  assert.match(server.url, /^https:/);
  assert.equal((await headOf(ask(mine.ca))).statusCode, 200);
  assert.equal((await headOf(ask(mine.ca, { servername: "localhost" }))).statusCode, 200);

  await assert.rejects(headOf(ask(createTestCertificate().ca)), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  await assert.rejects(headOf(ask(mine.ca, { servername: "other.test" })), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  const expired = createTestCertificate({ expired: true, hosts: ["127.0.0.1", "::1", "*.example.test"] });
  const old = closing(t, await startHttpServer(undefined, { tls: expired }));
  await assert.rejects(headOf(httpsRequest(old.url, { ca: expired.ca, agent: false }).end()), { code: "CERT_HAS_EXPIRED" });
  await assert.rejects(headOf(httpsRequest(`${server.url}/reset`, { ca: mine.ca, agent: false }).end()), { code: "ECONNRESET" });
});

test("close ends every kind of exchange, its timers included", async () => {
  const server: HttpServer = await startHttpServer();
  const endings = ["/hang", "/delay/600000", "/sse?events=-1", "/endless-drip"].map((path) => fetchRaw(server.url + path).then(() => "answered", () => "ended"));
  await until(() => server.live === 4);
  await server.close();
  await server.close();
  assert.deepEqual(await Promise.all(endings), ["ended", "ended", "ended", "ended"]);
  await until(() => server.live === 0);
  assert.equal(server.sockets, 0);
});
