import assert from "node:assert/strict";
import { Readable } from "node:stream";
import type { SeenRequest } from "@multihome/core/testing";
import { codesOf } from "../../support/contract-client.ts";
import { ADDRESSES, BOTH, EACH_WAY, errorOf, eventually, EVERYWHERE, ONE_LEG, PROXIES } from "../../support/contract-room.ts";
import type { Case, Group } from "../../support/contract-suite.ts";

function echoOf(text: string): SeenRequest {
  return JSON.parse(text) as SeenRequest;
}

function method(name: string, body?: string): Case {
  return {
    title: `${name} arrives as ${name}${body === undefined ? "" : ", with its body, once"}`,
    on: body === undefined ? EVERYWHERE : BOTH,
    async run(room) {
      const server = await room.server();
      const { sender } = await room.sender();

      const { status, text } = await sender.send(`${server.url}/some/path?a=1&b=%20`, { method: name, ...(body === undefined ? {} : { body, headers: { "content-type": "text/plain" } }) });

      assert.equal(status, 200);
      for (const seen of server.seen) {
        assert.deepEqual([seen.method, seen.url, seen.headers.host], [name, "/some/path?a=1&b=%20", `127.0.0.1:${server.port}`]);
        assert.ok(ADDRESSES.includes(seen.address), seen.address);
      }
      if (name === "HEAD") assert.equal(text, "");
      else assert.equal(echoOf(text).method, name);
      if (body === undefined) return;
      assert.equal(server.seen.length, 1);
      assert.deepEqual([server.seen[0].body, server.seen[0].headers["content-length"]], [body, String(Buffer.byteLength(body))]);
    },
  };
}

const LARGE = "äöü€".repeat(100_000);

export const methods: Group = {
  title: "methods",
  cases: [method("GET"), method("HEAD"), method("OPTIONS"), method("DELETE"), method("POST", "grüße"), method("PUT", "new"), method("PATCH", "part"), method("DELETE", "which")],
};

export const bodies: Group = {
  title: "bodies",
  cases: [
    {
      title: "bytes arrive as they are",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();
        const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256);

        const { bytes: back } = await sender.send(`${server.url}/echo`, { method: "POST", body: bytes });

        assert.ok(back.equals(bytes));
        assert.equal(server.seen.length, 1);
      },
    },
    {
      title: "a long text arrives whole, with its length",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { text } = await sender.send(`${server.url}/echo`, { method: "POST", body: LARGE });

        assert.equal(text, LARGE);
        assert.equal(server.seen[0].headers["content-length"], String(Buffer.byteLength(LARGE)));
      },
    },
    {
      title: "an empty text is a body of length 0",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        await sender.send(server.url, { method: "POST", body: "" });

        assert.deepEqual([server.seen[0].bodyLength, server.seen[0].headers["transfer-encoding"]], [0, undefined]);
      },
    },
    {
      title: "a stream arrives in pieces, once",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();
        const pieces = ["one ", "two ", "three"].map((piece) => Buffer.from(piece));

        const { text } = await sender.send(`${server.url}/echo`, { method: "POST", body: Readable.from(pieces) });

        assert.equal(text, "one two three");
        assert.equal(server.seen.length, 1);
        assert.equal(server.seen[0].headers["transfer-encoding"], "chunked");
      },
    },
    {
      title: "a form arrives with its fields and its boundary",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        await sender.send(server.url, { method: "POST", body: room.client.form({ symbol: "BTCUSDT", side: "BUY" }) });

        const [{ body, headers }] = server.seen;
        const boundary = /^multipart\/form-data; ?boundary=(.+)$/.exec(headers["content-type"] ?? "")?.[1];
        assert.ok(boundary !== undefined && body.includes(boundary), `boundary ${boundary}`);
        assert.match(body, /name="symbol"\r\n\r\nBTCUSDT\r\n/);
        assert.match(body, /name="side"\r\n\r\nBUY\r\n/);
        assert.equal(server.seen.length, 1);
      },
    },
    {
      title: "a stream that fails while it is sent is the request's error, and the server sees it cut",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();
        const broken = new Error("the file has gone");
        const body = new Readable({ read() {} });
        body.push("half");

        const sending = errorOf(sender.send(`${server.url}/echo`, { method: "POST", body }));
        await eventually(() => server.seen[0]?.bodyLength > 0 || server.live === 1, "the request has begun");
        body.destroy(broken);
        await sending;

        await eventually(() => server.live === 0, "the server was left waiting");
        assert.equal(server.seen.length, 1);
        assert.equal(server.seen[0].complete, false);
      },
    },
    {
      title: "a stream that fails while the request waits for an exit is the request's error, and no whole request is sent",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender({ exits: { local: [ADDRESSES[0]] }, perExitInFlight: 1 });
        const first = await sender.open(`${server.url}/headers-then-hang`);
        first.stream.on("error", () => undefined);
        const body = new Readable({ read() {} });

        const waiting = errorOf(sender.send(`${server.url}/echo`, { method: "POST", body }));
        await new Promise((resolve) => setImmediate(resolve));
        body.destroy(new Error("the file has gone"));
        if (!room.client.hearsBodies) first.stream.destroy();
        await waiting;

        assert.equal(server.seen.filter(({ complete, method: seen }) => complete && seen === "POST").length, 0);
        if (room.client.hearsBodies) assert.equal(server.seen.length, 1);
        first.stream.destroy();
      },
    },
    {
      title: "an answer that comes before the body was sent is the answer",
      on: ONE_LEG,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { status, text } = await sender.send(`${server.url}/early-answer`, { method: "POST", body: "x".repeat(1_000) });

        assert.deepEqual([status, text], [413, "too large"]);
        assert.equal(server.seen.length, 1);
      },
    },
  ],
};

export const headers: Group = {
  title: "headers",
  cases: [
    {
      title: "the caller's own arrive, with their values, once each",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        await sender.send(server.url, { headers: { "X-Api-Key": "k", "user-agent": "mine/1", accept: "application/x" } });

        for (const { headers: seen, rawHeaders } of server.seen) {
          assert.deepEqual([seen["x-api-key"], seen["user-agent"], seen.accept], ["k", "mine/1", "application/x"]);
          assert.equal(rawHeaders.filter((name) => name.toLowerCase() === "x-api-key").length, 1);
          assert.ok(!rawHeaders.some((name) => /multihome|proxy-/i.test(name)), "nothing of ours is sent along");
        }
      },
    },
    {
      title: "several cookies come back as several",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const answer = await sender.send(`${server.url}/cookie`);

        assert.deepEqual(answer.cookies(), ["session=abc; Path=/; HttpOnly", "theme=dark; Path=/"]);
      },
    },
    {
      title: "a head that is larger than Node reads is an error, not a crash",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const error = await errorOf(sender.send(`${server.url}/huge-header`));

        assert.ok(room.client.isOwn(error), error.name);
        assert.ok(codesOf(error).some((code) => /HEADERS?_OVERFLOW/.test(code)), codesOf(error).join());
      },
    },
    {
      title: "a proxy's password goes to the proxy and no further",
      on: PROXIES,
      async run(room) {
        const server = await room.server();
        const proxy = await room.proxy({ egress: ADDRESSES[0], username: "user", password: "s3cret" });
        const { sender } = await room.sender({ exits: { proxies: [proxy.url] } });

        await sender.send(server.url);

        assert.deepEqual(proxy.books().users, ["user"]);
        assert.equal(server.seen[0].address, ADDRESSES[0]);
        assert.ok(!JSON.stringify(server.seen[0].rawHeaders).includes("s3cret"));
      },
    },
  ],
};
