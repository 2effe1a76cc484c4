import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";
import { statusHandler, startStatusServer } from "../src/index.ts";
import { fetchRaw, openPool, openStream } from "./support.ts";

test("a name that somebody may have pointed at this machine is refused for every question, before anything else", async () => {
  const { pool } = await openPool();
  const { url } = await startStatusServer(pool, { token: "t0ken" });
  for (const query of ["", "?data=stream", "?data=names", "?data=columns", "?data=explain&url=http://api.test/", "?token=t0ken"]) {
    for (const host of ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "localhost.evil.test", "evil.test#127.0.0.1", "[::1].evil.test"]) {
      const { status, body, headers } = await fetchRaw(url + query, { headers: { host, authorization: "Bearer t0ken" } });
      assert.equal(status, 421, `${query} ${host}`);
      assert.ok(!body.includes("127.0.1.1") && !body.includes("t0ken"));
      assert.equal(headers["set-cookie"], undefined);
    }
  }
  await pool.close();
});

test("addresses, localhost and allowed names are answered", async () => {
  const { pool } = await openPool();
  const { url } = await startStatusServer(pool, { allowedHosts: ["Status.Example"] });
  for (const host of ["127.0.0.1:9", "127.0.0.1", "localhost:4000", "app.localhost", "[::1]:80", "192.0.2.7", "status.example", "status.example:8443"]) {
    assert.equal((await fetchRaw(url, { headers: { host } })).status, 200, host);
  }
  await pool.close();
});

test("a page of another site is told nothing, a link from one opens the page", async () => {
  const { pool } = await openPool();
  const { url } = await startStatusServer(pool);
  assert.equal((await fetchRaw(`${url}?data=names`, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" } })).status, 403);
  assert.equal((await fetchRaw(`${url}?data=names`, { headers: { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" } })).status, 403);
  assert.equal((await fetchRaw(`${url}?data=names`, { headers: { origin: "http://127.0.0.1:1" } })).status, 403);
  assert.equal((await fetchRaw(url, { headers: { origin: "null" } })).status, 403);
  assert.equal((await fetchRaw(url, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" } })).status, 403);
  assert.equal((await fetchRaw(url, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } })).status, 200);
  const own = await fetchRaw(`${url}?data=names`, { headers: { "sec-fetch-site": "same-origin", origin: url.slice(0, -1) } });
  assert.equal(own.status, 200);
  assert.equal(own.headers["access-control-allow-origin"], undefined);
  await pool.close();
});

test("the token is taken as a bearer, or once in the address: then it becomes a cookie that is not the token", async () => {
  const { pool } = await openPool();
  const { url } = await startStatusServer(pool, { token: "a+b c/ä" });
  assert.ok(!url.includes("token"));
  for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic YStiIGM6" }, { cookie: "multihome_status=a+b c/ä" }, { cookie: "multihome_status=" }]) {
    for (const query of ["", "?data=names", "?data=stream", "?token=wrong", "?token="]) assert.equal((await fetchRaw(url + query, { headers: headers as Record<string, string> })).status, 401, query);
  }

  const welcome = await fetchRaw(`${url}?token=${encodeURIComponent("a+b c/ä")}&x=1`);

  assert.equal(welcome.status, 303);
  assert.equal(welcome.headers.location, "/?x=1");
  const [cookie] = welcome.headers["set-cookie"] ?? [];
  assert.match(cookie, /^multihome_status=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
  const [pair] = cookie.split(";");
  assert.equal((await fetchRaw(url, { headers: { cookie: `other=1; ${pair}` } })).status, 200);
  const stream = await openStream(url, { cookie: pair });
  assert.equal(stream.status, 200);
  stream.close();
  await pool.close();

  const { pool: other } = await openPool();
  const { url: plainUrl } = await startStatusServer(other, { token: "simple" });
  assert.equal((await fetchRaw(`${plainUrl}?data=names`, { headers: { authorization: "Bearer simple" } })).status, 200);
  assert.equal((await fetchRaw(`${plainUrl}?data=names`, { headers: { authorization: "bearer  simple " } })).status, 200);
  // In the address of data it would stay in logs and histories.
  assert.equal((await fetchRaw(`${plainUrl}?data=names&token=simple`)).status, 401);
  await other.close();
});

test("a server beyond this machine wants a token, and says so", async () => {
  const { pool } = await openPool();
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.test"]) {
    await assert.rejects(startStatusServer(pool, { host }), { code: "MH_ERR_CONFIG", message: new RegExp(`${host.replaceAll(".", "\\.")} could be read by others .* \`token\``) });
  }
  assert.throws(() => statusHandler(pool, { token: "" }), { code: "MH_ERR_CONFIG" });
  const server = await startStatusServer(pool, { host: "0.0.0.0", token: "t" });
  assert.equal((await fetchRaw(server.url)).status, 401);
  await server.close();
  await pool.close();
  await assert.rejects(startStatusServer(pool), { code: "MH_ERR_CLOSED" });
});

test("only GET, HEAD, and POST for an explanation are answered, and every answer has the headers that keep it to itself", async () => {
  const { pool } = await openPool();
  const { url } = await startStatusServer(pool);
  for (const [query, method, status] of [["", "POST", 405], ["", "OPTIONS", 405], ["?data=names", "DELETE", 405], ["?data=names", "POST", 405], ["?data=explain", "PUT", 405], ["", "HEAD", 200], ["?data=stream", "HEAD", 200], ["?data=nothing", "GET", 404], ["nowhere", "GET", 404]] as const) {
    assert.equal((await fetchRaw(url + query, { method })).status, status, `${method} ${query}`);
  }
  for (const query of ["", "?data=names", "?data=columns", "?data=exit&id=x", "?data=explain"]) {
    const { headers } = await fetchRaw(url + query);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cache-control"], "no-store, no-transform");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.match(String(headers["content-security-policy"]), /^default-src 'none'.*frame-ancestors 'none'/);
  }
  await pool.close();
});

test("a path that looks like another site, or like nothing, leads nowhere else", async () => {
  const { pool } = await openPool();
  const handler = statusHandler(pool, { token: "t" });
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const path of ["//evil.test/?token=t", "/\\evil.test/?token=t", "\\\\evil.test?token=t", "//[?token=t", "http://evil.test/x?token=t", "//evil.test;x=y/?token=t"]) {
    const [status, location] = await rawGet(port, path);
    assert.ok(["303", "400", "401"].includes(status), `${path} ${status}`);
    if (status === "303") assert.match(location, /^\/(?![/\\])/);
  }
  server.closeAllConnections();
  await once(server.close(), "close");
  await pool.close();
});

/** Clients tidy such paths up before they send them; an attacker's does not. */
async function rawGet(port: number, path: string): Promise<[status: string, location: string]> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);
  let text = "";
  for await (const chunk of socket.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  return [/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? "", /^location: (.*)\r$/im.exec(text)?.[1] ?? ""];
}
