import assert from "node:assert/strict";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import type { Dispatcher } from "undici";
import { bench, errorOf, TWO_LEGS, versions, type Undici } from "./support.ts";

interface Case {
  readonly title: string;
  /** What can be seen from outside; the same for a bare Agent and for ours. */
  run(undici: Undici, dispatcher: Dispatcher, url: string): Promise<unknown>;
}

/** What a failed call tells its caller. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  const { name, code, message } = await errorOf(promise);
  return { name, code, message };
}

function sink(): { stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

const CASES: readonly Case[] = [
  ...["GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH"].map(
    (method): Case => ({
      title: `${method}: status, headers and body`,
      async run(undici, dispatcher, url) {
        const { statusCode, statusText, headers, body } = await undici.request(`${url}/status/201?x-a=1`, { dispatcher, method });
        const text = await body.text();
        return { statusCode, statusText, a: headers["x-a"], type: headers["content-type"], method: text === "" ? "" : (JSON.parse(text) as { method: string }).method };
      },
    }),
  ),
  ...([["string", () => "hello"], ["bytes", () => Buffer.from("hello")], ["view", () => new Uint16Array([104, 101])], ["stream", () => Readable.from(["hel", "lo"])], ["async iterable", asyncBody], ["Blob", () => new Blob(["hello"])]] as const).map(
    ([kind, body]): Case => ({
      title: `a body given as ${kind}`,
      async run(undici, dispatcher, url) {
        const response = await undici.request(`${url}/echo`, { dispatcher, method: "POST", body: body() as never });
        return { status: response.statusCode, text: await response.body.text() };
      },
    }),
  ),
  {
    title: "FormData of the same undici",
    async run(undici, dispatcher, url) {
      const form = new undici.FormData();
      form.append("name", "value");
      const response = await undici.request(`${url}/echo`, { dispatcher, method: "POST", body: form as never });
      return /name="name"\r\n\r\nvalue/.test(await response.body.text());
    },
  },
  {
    title: "query, headers as a list, and responseHeaders: raw",
    async run(undici, dispatcher, url) {
      const response = await undici.request(`${url}/cookie`, { dispatcher, query: { a: 1, b: ["x", "y"] }, headers: ["x-one", "1", "x-two", "2"], responseHeaders: "raw" });
      const seen = (await response.body.json()) as { url: string; headers: Record<string, string> };
      return { url: seen.url, one: seen.headers["x-one"], two: seen.headers["x-two"], cookies: (response.headers as unknown as string[]).filter((each) => each.startsWith("session") || each.startsWith("theme")) };
    },
  },
  {
    title: "stream()",
    async run(undici, dispatcher, url) {
      const { stream, text } = sink();
      const data = await undici.stream(`${url}/big?bytes=200000`, { dispatcher, method: "GET", opaque: "mine" }, ({ statusCode, opaque }) => {
        assert.equal(statusCode, 200);
        assert.equal(opaque, "mine");
        return stream;
      });
      return { length: text().length, opaque: data.opaque };
    },
  },
  {
    title: "pipeline()",
    async run(undici, dispatcher, url) {
      const { stream, text } = sink();
      await pipeline(Readable.from(["a", "b", "c"]), undici.pipeline(`${url}/echo-stream`, { dispatcher, method: "POST" }, ({ body }) => body.pipe(new PassThrough())), stream);
      return text();
    },
  },
  {
    title: "upgrade()",
    async run(undici, dispatcher, url) {
      const { headers, socket } = await undici.upgrade(url, { dispatcher, protocol: "echo" });
      const back = await conversation(socket);
      return { upgrade: headers.upgrade, back };
    },
  },
  {
    title: "trailers",
    async run(undici, dispatcher, url) {
      const { body, trailers } = await undici.request(`${url}/trailers`, { dispatcher });
      return { text: await body.text(), trailers };
    },
  },
  {
    title: "1xx before the answer",
    async run(undici, dispatcher, url) {
      const infos: number[] = [];
      const { statusCode, body } = await undici.request(`${url}/early-hints?count=2`, { dispatcher, method: "DELETE", onInfo: ({ statusCode }) => infos.push(statusCode) });
      await body.dump();
      return { statusCode, infos };
    },
  },
  {
    title: "204, and a body without length",
    async run(undici, dispatcher, url) {
      const empty = await undici.request(`${url}/empty`, { dispatcher });
      const chunked = await undici.request(`${url}/big?bytes=100000&chunked=1`, { dispatcher });
      return [empty.statusCode, await empty.body.text(), (await chunked.body.text()).length];
    },
  },
  {
    title: "a reader that is slow",
    async run(undici, dispatcher, url) {
      const { body } = await undici.request(`${url}/big?bytes=3000000`, { dispatcher });
      let bytes = 0;
      for await (const chunk of body) {
        bytes += (chunk as Buffer).length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return bytes;
    },
  },
  {
    title: "a reader that takes its time to begin",
    async run(undici, dispatcher, url) {
      const { body } = await undici.request(`${url}/big?bytes=500000`, { dispatcher });
      await new Promise((resolve) => setTimeout(resolve, 30));
      return (await body.arrayBuffer()).byteLength;
    },
  },
  {
    title: "a body that is cut",
    async run(undici, dispatcher, url) {
      const { statusCode, body } = await undici.request(`${url}/cut?bytes=10`, { dispatcher });
      const { code } = await errorOf(body.text());
      return { statusCode, code };
    },
  },
  {
    title: "a chunked body that is cut",
    async run(undici, dispatcher, url) {
      const { body } = await undici.request(`${url}/cut-chunked?bytes=10`, { dispatcher });
      return (await errorOf(body.text())).code;
    },
  },
  { title: "a reset instead of an answer to a POST", run: async (undici, dispatcher, url) => (await errorOf(undici.request(`${url}/reset`, { dispatcher, method: "POST", body: "x" }))).name },
  { title: "a closed connection instead of an answer to a POST", run: async (undici, dispatcher, url) => (await errorOf(undici.request(`${url}/disconnect`, { dispatcher, method: "POST", body: "x" }))).code },
  { title: "an answer that is no HTTP, to a POST", run: async (undici, dispatcher, url) => (await errorOf(undici.request(`${url}/raw?text=nonsense%0D%0A%0D%0A`, { dispatcher, method: "POST", body: "x" }))).code },
  { title: "an early answer to a body that is still being sent", async run(undici, dispatcher, url) {
    const { statusCode, body } = await undici.request(`${url}/early-answer`, { dispatcher, method: "POST", body: "x".repeat(100) });
    return [statusCode, await body.text()];
  } },
  { title: "headersTimeout", run: (undici, dispatcher, url) => failure(undici.request(`${url}/hang`, { dispatcher, headersTimeout: 50 })) },
  { title: "bodyTimeout", run: async (undici, dispatcher, url) => failure((await undici.request(`${url}/headers-then-hang`, { dispatcher, bodyTimeout: 50 })).body.text()) },
  { title: "an invalid header", run: (undici, dispatcher, url) => failure(undici.request(url, { dispatcher, headers: { "x-a": "a\nb" } })) },
  { title: "an invalid method", run: (undici, dispatcher, url) => failure(undici.request(url, { dispatcher, method: "IN VALID" })) },
  { title: "an invalid path", run: (_undici, dispatcher) => failure(dispatcher.request({ origin: "http://127.0.0.1:1", path: "no slash", method: "GET" })) },
  { title: "an expect header", run: (undici, dispatcher, url) => failure(undici.request(url, { dispatcher, method: "POST", body: "x", headers: { expect: "100-continue" } })) },
  { title: "a body that is none", run: (undici, dispatcher, url) => failure(undici.request(url, { dispatcher, method: "POST", body: 7 as never })) },
  { title: "a content-length that is wrong", run: (undici, dispatcher, url) => failure(undici.request(url, { dispatcher, method: "POST", body: "hello", headers: { "content-length": "3" } })) },
  { title: "a body that fails", run: (undici, dispatcher, url) => failure(undici.request(`${url}/echo`, { dispatcher, method: "POST", body: failing() })) },
  { title: "a body that is read and not wanted any more", async run(undici, dispatcher, url) {
    const { body } = await undici.request(`${url}/endless`, { dispatcher });
    body.on("error", () => {});
    await once(body, "data");
    body.destroy();
    return body.destroyed;
  } },
  { title: "dump()", async run(undici, dispatcher, url) {
    const { body } = await undici.request(`${url}/big?bytes=1000000`, { dispatcher });
    await body.dump({ limit: 1_024 });
    return body.destroyed;
  } },
  { title: "a consumer's callback style", run: (_undici, dispatcher, url) => new Promise((resolve, reject) => dispatcher.request({ origin: url, path: "/echo", method: "POST", body: "x" }, (error, data) => (error === null ? void data.body.text().then(resolve, reject) : reject(error)))) },
];

async function* asyncBody(): AsyncGenerator<Buffer> {
  yield Buffer.from("hel");
  yield Buffer.from("lo");
}

function failing(): Readable {
  return new Readable({
    read() {
      this.destroy(Object.assign(new Error("bad body"), { code: "BAD_BODY" }));
    },
  });
}

async function conversation(socket: Duplex): Promise<string> {
  socket.write("hello");
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return chunk.toString();
}

for (const version of versions) {
  for (const [name, options] of [["one leg", {}], ["two legs", TWO_LEGS]] as const) {
    for (const { title, run } of CASES) {
      test(`${version.name}, ${name}: ${title} is as with a bare Agent`, async (t) => {
        const { dispatcher, server } = await bench(t, version, { ...options });
        const bare = new version.undici.Agent();
        t.after(() => bare.destroy());

        const expected = await run(version.undici, bare, server.url);
        const actual = await run(version.undici, dispatcher, server.url);

        assert.deepEqual(actual, expected);
        await bare.destroy();
      });
    }
  }
}
