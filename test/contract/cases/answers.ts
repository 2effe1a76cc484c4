import assert from "node:assert/strict";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { readAll } from "../../support/contract-client.ts";
import { BOTH, EACH_WAY, errorOf, eventually, EVERYWHERE } from "../../support/contract-room.ts";
import type { Case, Group } from "../../support/contract-suite.ts";

const DECODE = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync };

function status(code: number): Case {
  return {
    title: `status ${code} comes back with its body`,
    on: BOTH,
    async run(room) {
      const server = await room.server();
      const { sender } = await room.sender({ queue: { maxAttempts: 1 } });

      const answer = await sender.send(`${server.url}/status/${code}?x-mine=yes`);

      assert.deepEqual([answer.status, answer.header("x-mine")], [code, "yes"]);
      assert.equal((JSON.parse(answer.text) as { url: string }).url, `/status/${code}?x-mine=yes`);
    },
  };
}

function compressed(encoding: keyof typeof DECODE): Case {
  return {
    title: `a body in ${encoding} is what the client makes of it by itself`,
    on: BOTH,
    async run(room) {
      const server = await room.server();
      const { sender } = await room.sender();

      const { bytes } = await sender.send(`${server.url}/${encoding}`);

      const plain = room.client.decompresses ? bytes : DECODE[encoding](bytes);
      assert.deepEqual(JSON.parse(plain.toString()), { compressed: encoding });
    },
  };
}

function empty(title: string, path: string, method: string, code: number): Case {
  return {
    title,
    on: EVERYWHERE,
    async run(room) {
      const server = await room.server();
      const { sender } = await room.sender();

      const answer = await sender.send(`${server.url}${path}`, { method });

      assert.deepEqual([answer.status, answer.bytes.length], [code, 0]);
    },
  };
}

function cut(title: string, path: string): Case {
  return {
    title,
    on: EVERYWHERE,
    async run(room) {
      const server = await room.server();
      const { sender } = await room.sender();

      await errorOf(sender.send(`${server.url}${path}`));

      await eventually(() => server.live === 0, "the server is left alone");
    },
  };
}

export const statuses: Group = { title: "statuses", cases: [200, 201, 400, 404, 500].map(status) };

export const answers: Group = {
  title: "answers",
  cases: [
    compressed("gzip"),
    compressed("deflate"),
    compressed("br"),
    empty("204 has no body", "/empty", "GET", 204),
    empty("304 has no body", "/status/304", "GET", 304),
    empty("the answer to HEAD has no body, whatever length it says", "/big?bytes=100000", "HEAD", 200),
    {
      title: "a large body of known length arrives whole",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { bytes } = await sender.send(`${server.url}/big?bytes=2000000`);

        assert.equal(bytes.length, 2_000_000);
      },
    },
    {
      title: "a large chunked body arrives whole",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { bytes, header } = await sender.send(`${server.url}/big?bytes=2000000&chunked=1`);

        assert.deepEqual([bytes.length, header("transfer-encoding")], [2_000_000, "chunked"]);
      },
    },
    {
      title: "a body with trailers arrives whole",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        assert.equal((await sender.send(`${server.url}/trailers`)).text, "body");
      },
    },
    cut("a body that is cut before its length is an error", "/cut?bytes=5000"),
    cut("a body that is cut by a reset is an error", "/cut-reset?bytes=5000"),
    cut("a chunked body that is cut before its last chunk is an error", "/cut-chunked?bytes=5000"),
    {
      title: "what is no HTTP at all is an error",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        assert.ok(room.client.isOwn(await errorOf(sender.send(`${server.url}/raw?text=SSH-2.0-x%0D%0A`, { method: "POST" }))));
        assert.equal(server.seen.length, 1);
      },
    },
    {
      title: "a body that claims to be gzip and is none is an error where the client decodes",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const answer = sender.send(`${server.url}/gzip-broken`);

        if (room.client.decompresses) await errorOf(answer);
        else assert.equal((await answer).text, "hello");
        await eventually(() => server.live === 0, "the server is left alone");
      },
    },
    {
      title: "103 and 102 go by, and the final answer is the answer",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        for (const path of ["/early-hints?count=2", "/processing?count=2"]) {
          const { status: code, text } = await sender.send(server.url + path);
          assert.deepEqual([code, (JSON.parse(text) as { url: string }).url], [200, path]);
        }
      },
    },
  ],
};

export const streams: Group = {
  title: "streams",
  cases: [
    {
      title: "the head is there while the body is still being sent",
      on: EACH_WAY,
      async run(room) {
        let finish: (() => void) | undefined;
        const server = await room.server((_request, response) => {
          response.writeHead(200, { "content-type": "text/plain" });
          response.write("first ");
          finish = () => response.end("last");
        });
        const { sender } = await room.sender();

        const { status: code, stream } = await sender.open(server.url);
        assert.equal(code, 200);
        assert.equal(server.seen[0].over, false, "the server has not finished");
        finish?.();

        assert.equal((await readAll(stream)).toString(), "first last");
      },
    },
    {
      title: "a reader that is slow slows the server down",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { stream } = await sender.open(`${server.url}/big?bytes=60000000`);
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.ok(server.live >= 1, "sixty megabytes do not fit into what nobody reads");

        assert.equal((await readAll(stream)).length, 60_000_000);
      },
    },
    {
      title: "an endless body ends with its reader, and the connection with it",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();

        const { stream } = await sender.open(`${server.url}/endless`);
        stream.on("error", () => undefined);
        await new Promise((resolve) => stream.once("data", resolve));
        stream.destroy();

        await eventually(() => server.live === 0 && pool.status().inflight === 0, "the body goes on");
      },
    },
    {
      title: "server-sent events arrive as they are sent",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { stream } = await sender.open(`${server.url}/sse?events=-1&ms=5`, { headers: { accept: "text/event-stream" } });
        stream.on("error", () => undefined);
        let text = "";
        await new Promise<void>((resolve) => {
          stream.on("data", (chunk: Uint8Array) => {
            text += Buffer.from(chunk).toString();
            if (text.includes("event 3")) resolve();
          });
        });
        stream.destroy();

        assert.match(text, /^id: 1\ndata: event 1\n\nid: 2\n/);
        await eventually(() => server.live === 0, "the events go on");
      },
    },
  ],
};
