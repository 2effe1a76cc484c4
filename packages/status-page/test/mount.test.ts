import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import express from "express";
import fastify from "fastify";
import type { ExitPool } from "@multihome/core";
import { Feed } from "../src/feed.ts";
import { statusHandler, type StatusHandler } from "../src/index.ts";
import type { ExplainFrame } from "../src/wire.ts";
import { fetchRaw, openPool, openStream } from "./support.ts";

/** The page, its data, its stream and an explanation, each below the path that it is mounted at. */
async function checkPage(url: string, pool: ExitPool, advance: () => Promise<void>): Promise<void> {
  const page = await fetchRaw(url);
  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"] ?? "", /^text\/html/);
  assert.ok(page.body.startsWith("<!doctype html>"));
  assert.equal((JSON.parse((await fetchRaw(`${url}?data=names`)).body) as { ids: string[] }).ids.length, 3);
  const explained = await fetchRaw(`${url}?data=explain`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ method: "GET", url: "http://api.test/" }) });
  assert.equal((JSON.parse(explained.body) as ExplainFrame).target, "api.test");
  const stream = await openStream(url);
  await stream.until(({ hello }) => hello !== undefined);
  await advance();
  await stream.until(({ frames }) => frames.length > 0);
  stream.close();
  while (Feed.of(pool).viewers > 0) await new Promise((resolve) => setImmediate(resolve));
}

async function listening(listener: RequestListener): Promise<{ url: string; close: () => Promise<unknown> }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return once(server.close(), "close");
    },
  };
}

test("mounts in node:http, whatever the path", async () => {
  const { pool, clock } = await openPool();
  const server = await listening(statusHandler(pool));
  await checkPage(`${server.url}/internal/status`, pool, () => clock.advance(1_000));
  await server.close();
  await pool.close();
});

test("mounts in express, below a path and behind a parser of bodies", async () => {
  const { pool, clock } = await openPool();
  const app = express();
  app.use(express.json());
  app.use("/internal/status", statusHandler(pool));
  const server = await listening(app);
  await checkPage(`${server.url}/internal/status`, pool, () => clock.advance(1_000));
  await checkPage(`${server.url}/internal/status/`, pool, () => clock.advance(1_000));
  await server.close();
  await pool.close();
});

test("mounts in fastify as a route", async () => {
  const { pool, clock } = await openPool();
  const app = fastify();
  app.all("/internal/status", statusHandler(pool));
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  await checkPage(`${url}/internal/status`, pool, () => clock.advance(1_000));
  app.server.closeAllConnections();
  await app.close();
  await pool.close();
});

test("takes a Request and answers with a Response", async () => {
  const { pool, clock } = await openPool();
  const handler: (request: Request) => Promise<Response> = statusHandler(pool);
  const url = "http://127.0.0.1:8080/internal/status";
  assert.ok((await (await handler(new Request(url))).text()).startsWith("<!doctype html>"));
  assert.equal((await handler(new Request("http://evil.test/internal/status"))).status, 421);
  const explained = await handler(new Request(`${url}?data=explain`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ url: "http://api.test/" }) }));
  assert.equal(((await explained.json()) as ExplainFrame).target, "api.test");
  const large = await handler(new Request(`${url}?data=explain`, { method: "POST", headers: { "content-type": "application/json" }, body: "x".repeat(70_000) }));
  assert.equal(large.status, 413);

  const { body } = await handler(new Request(`${url}?data=stream`));
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const text = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
  assert.match(await text(), /^event: hello\n/);
  await clock.advance(1_000);
  assert.match(await text(), /^event: frame\n/);
  await reader.cancel();
  assert.equal(Feed.of(pool).viewers, 0);

  const abort = new AbortController();
  await handler(new Request(`${url}?data=stream`, { signal: abort.signal }));
  assert.equal(Feed.of(pool).viewers, 1);
  abort.abort();
  assert.equal(Feed.of(pool).viewers, 0);

  await handler(new Request(`${url}?data=stream`));
  for (let i = 0; i < 50 && Feed.of(pool).viewers > 0; i++) await clock.advance(100_000);
  assert.equal(Feed.of(pool).viewers, 0, "one that is never read is let go");
  await pool.close();
});

test("a handler can be handed to each of them without a cast", async () => {
  const { pool } = await openPool();
  const handler: StatusHandler = statusHandler(pool);
  const node: RequestListener = handler;
  assert.equal(typeof node, "function");
  await pool.close();
});

test("the page is one file of at most 120 kB as it is sent, without a word from another site, and its policy names its own script and style", async () => {
  const { pool } = await openPool();
  const handler = statusHandler(pool);
  const plain = await (await handler(new Request("http://127.0.0.1/"))).text();
  const zipped = await handler(new Request("http://127.0.0.1/", { headers: { "accept-encoding": "gzip, br" } }));
  const bytes = Buffer.from(await zipped.arrayBuffer());
  assert.ok(gunzipSync(bytes).toString() === plain);
  assert.ok(bytes.length <= 120 * 1024, `${bytes.length}`);
  assert.ok(gzipSync(plain).length > 10_000, "it has been built");
  assert.deepEqual(plain.match(/<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(?!["']?data:)/g), null);
  assert.deepEqual(plain.match(/@import|url\((?!data:)/g), null);
  assert.match(zipped.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
  await pool.close();
});
