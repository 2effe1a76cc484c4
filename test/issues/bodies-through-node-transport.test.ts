import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { createExitPool, type Classify } from "@multihome/core";
import { nodeTransport } from "@multihome/core/node-http";
import { startHttpServer } from "@multihome/core/testing";
import { okx } from "@multihome/core/venues";

// nodeTransport() handed its response on without a look at the body, so that a refusal told in a body alone was taken for a success.

const FIRST = "127.0.43.1";
const SECOND = "127.0.43.2";
const CAPTCHA = "<html>Are you a robot?</html>";
const judge: Classify["judge"] = ({ body }) => (body !== undefined && Buffer.from(body).includes("robot") ? "blocked" : undefined);

for (const body of ["first", "full"] as const) {
  test(`a classifier that asks for ${body === "full" ? "the whole body" : "the first bytes"} has them, and the caller still reads all of the answer that is good`, async (t) => {
    const long = "x".repeat(300_000);
    const server = await startHttpServer((_request, response, { address }) => {
      if (address === FIRST) response.end(CAPTCHA);
      else response.end(long);
    });
    t.after(() => server.close());
    const pool = createExitPool({ exits: { local: [FIRST, SECOND] }, defaults: { classify: { body, judge } } });
    t.after(() => pool.close());

    for (let i = 0; i < 4; i++) {
      const response = await pool.submit({ method: "GET", url: `${server.url}/${i}` }, nodeTransport());
      assert.equal(await text(response), long);
    }
    const { targets } = pool.status();
    const [target] = Object.values(targets);
    assert.ok(target.exits[FIRST].fail >= 1);
    assert.equal(target.exits[FIRST].success, 0);
  });
}

test("what has no body, ends early or is an event stream is judged without one", async (t) => {
  const seen: (number | undefined)[] = [];
  const server = await startHttpServer((request, response) => {
    if (request.url === "/none") response.writeHead(204).end();
    else if (request.url === "/events") response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    else if (request.url === "/cut") {
      response.writeHead(200, { "content-length": 10 }).flushHeaders();
      setImmediate(() => response.socket?.destroy());
    } else response.end("whole");
  });
  t.after(() => server.close());
  const pool = createExitPool({
    exits: { local: [FIRST] },
    queue: { maxAttempts: 1 },
    defaults: { classify: { body: "full", judge: ({ body }) => void seen.push(body?.length) } },
  });
  t.after(() => pool.close());
  const get = (path: string, method = "GET") => pool.run({ method, url: server.url + path }, nodeTransport());

  assert.equal(await text(await get("/whole")), "whole");
  assert.equal((await get("/none")).statusCode, 204);
  assert.equal((await get("/whole", "HEAD")).statusCode, 200);
  const events = await get("/events");
  events.destroy();
  await assert.rejects(get("/cut").then((response) => text(response)));
  assert.deepEqual(seen.slice(0, 4), [5, 0, 0, undefined]);
  assert.equal(pool.status().inflight, 0);
});

test("a refusal of OKX with status 200, packed, rests the exit", async (t) => {
  const server = await startHttpServer((_request, response, { address }) => {
    if (address === FIRST) response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"code":"50011","msg":"Too Many Requests","data":[]}'));
    else response.end('{"code":"0","msg":"","data":[]}');
  });
  t.after(() => server.close());
  const pool = createExitPool({ exits: { local: [FIRST, SECOND] }, targets: { okx: { ...okx(), hosts: "127.0.0.1" } } });
  t.after(() => pool.close());
  for (let i = 0; i < 4; i++) {
    const response = await pool.run({ method: "GET", url: `${server.url}/api/v5/market/ticker?instId=BTC-USDT` }, nodeTransport());
    assert.equal(await text(response), '{"code":"0","msg":"","data":[]}');
  }
});
