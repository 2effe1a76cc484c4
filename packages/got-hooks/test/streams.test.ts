import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { clients, eventually, failureOf, LOCAL, room } from "./support.ts";
import type { Echo } from "./support.ts";

for (const client of clients) {
  describe(`${client.name}: streams`, () => {
    it("bring a large body down, at the pace of their reader", async (t) => {
      const { got, server } = await room(t, client);
      let bytes = 0;
      for await (const chunk of got.stream(`${server.url}/big?bytes=5000000`)) bytes += (chunk as Buffer).length;
      assert.equal(bytes, 5_000_000);

      let slow = 0;
      await pipeline(
        got.stream(`${server.url}/big?bytes=300000`),
        new Writable({
          highWaterMark: 1_000,
          write(chunk: Buffer, _, done) {
            slow += chunk.length;
            setImmediate(done);
          },
        }),
      );
      assert.equal(slow, 300_000);
    });

    it("take a large body up, piped", async (t) => {
      const { got, server } = await room(t, client);
      const stream = got.stream.post(`${server.url}/echo`);
      const down = collect(stream);
      await pipeline(Readable.from(blocks(32, 65_536)), stream);
      assert.equal((await down).length, 32 * 65_536);
      assert.equal(server.seen[0].headers["transfer-encoding"], "chunked");
    });

    it("go both ways at once", async (t) => {
      const { got, server } = await room(t, client);
      const stream = got.stream.post(`${server.url}/echo-stream`);
      const seen: string[] = [];
      stream.on("data", (chunk: Buffer) => seen.push(chunk.toString()));
      stream.write("one");
      await eventually(() => seen.join("") === "one", "the first part did not come back");
      stream.end("two");
      await once(stream, "end");
      assert.equal(seen.join(""), "onetwo");
    });

    it("hold their writer back while the server does not read", async (t) => {
      const { got, server } = await room(t, client);
      const stream = got.stream.post(`${server.url}/slow-upload?ms=20`);
      const down = collect(stream);
      let taken = 0;
      const source = Readable.from(
        (function* () {
          for (let i = 0; i < 64; i++) {
            taken += 65_536;
            yield Buffer.alloc(65_536);
          }
        })(),
      );
      const up = pipeline(source, stream);
      await delay(60);
      assert.ok(taken < 64 * 65_536, "everything was taken at once");
      await up;
      assert.equal((await down).toString(), String(64 * 65_536));
    });

    it("tell of progress in both directions", async (t) => {
      const { got, server } = await room(t, client);
      const promise = got.post(`${server.url}/echo`, { body: "x".repeat(200_000) });
      const up: number[] = [];
      const down: number[] = [];
      void promise.on("uploadProgress", ({ transferred }) => up.push(transferred));
      void promise.on("downloadProgress", ({ transferred }) => down.push(transferred));
      await promise;
      assert.equal(up.at(-1), 200_000);
      assert.equal(down.at(-1), 200_000);
    });

    it("wait for a lease without losing what was written meanwhile", async (t) => {
      const { got, server } = await room(t, client, { pool: { exits: { local: ["127.0.0.2"] }, defaults: { spacing: 100 } } });
      await got(server.url);
      const stream = got.stream.post(server.url);
      const down = collect(stream);
      await pipeline(Readable.from(["l", "a", "te"]), stream);
      assert.equal((JSON.parse((await down).toString()) as Echo).body, "late");
      assert.equal((await got.post(server.url, { body: "later" }).json<Echo>()).body, "later");
    });

    it("pass informational answers and upgrades through", async (t) => {
      const { got, server } = await room(t, client);
      const stream = got.stream(`${server.url}/early-hints?count=2`);
      const informed: number[] = [];
      stream.on("information", ({ statusCode }: { statusCode: number }) => informed.push(statusCode));
      await collect(stream);
      assert.deepEqual(informed, [103, 103]);

      const upgrade = got.stream(`${server.url}/chat`, { headers: { connection: "Upgrade", upgrade: "chat" } });
      upgrade.on("error", () => undefined);
      const [response, socket] = (await once(upgrade, "upgrade")) as [IncomingMessage, Socket];
      assert.equal(response.statusCode, 101);
      socket.write("hello");
      assert.equal(String((await once(socket, "data"))[0]), "hello");
      socket.destroy();
      assert.match(String(response.headers["x-address"]), /^127\.0\.0\.[234]$/);
    });

    it("send after `100 Continue`", async (t) => {
      const { got, server } = await room(t, client);
      const stream = got.stream.post(`${server.url}/echo`, { headers: { expect: "100-continue" } });
      const down = collect(stream);
      const go = once(stream, "continue");
      stream.on("request", (request: { flushHeaders(): void }) => request.flushHeaders());
      await go;
      stream.end("after");
      assert.equal((await down).toString(), "after");
    });

    it("end without an answer when it is 101 to a request that asked for no upgrade", async (t) => {
      // With one attempt got has Node's own request, and with more of them the facade.
      for (const [maxAttempts, code] of [[1, "ERR_UNASKED_UPGRADE"], [2, "ECONNRESET"]] as const) {
        const { got, server } = await room(t, client, { pool: { ...LOCAL, queue: { maxAttempts } } });
        assert.equal((await failureOf(got(`${server.url}/unasked-upgrade`))).code, code);
      }
    });

    it("are read to their end although the server answers before the body has been sent", async (t) => {
      const { got, server } = await room(t, client, {
        handler: (request, response) => {
          request.resume();
          response.writeHead(413).end("too large");
        },
      });
      const stream = got.stream.post(server.url, { throwHttpErrors: false });
      const down = collect(stream);
      stream.write("part");
      assert.equal((await down).toString(), "too large");
      stream.destroy();
    });

    it("deliver an event stream as its events come", async (t) => {
      const { got, server } = await room(t, client);
      const stream = got.stream(`${server.url}/sse?events=-1&ms=10`);
      stream.on("error", () => undefined);
      let text = "";
      for await (const chunk of stream) if ((text += String(chunk)).includes("event 3")) break;
      assert.match(text, /event 1[^]*event 3/);
    });
  });
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function* blocks(count: number, bytes: number): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(bytes, 97);
}
