import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { createExitPool } from "@multihome/core";
import { createExitDispatcher } from "../src/index.ts";
import { bench, errorOf, fetches, until, versions } from "./support.ts";

for (const version of versions) {
  const { name, undici } = version;
  const { interceptors } = undici;

  test(`${name}: the retry interceptor tries again, each time on a lease of its own`, async (t) => {
    const { dispatcher, server } = await bench(t, version);
    const composed = dispatcher.compose(interceptors.retry({ maxRetries: 2, minTimeout: 5, statusCodes: [500] }));

    const { statusCode, body } = await undici.request(`${server.url}/sequence/500,500,200`, { dispatcher: composed });
    await body.dump();

    assert.equal(statusCode, 200);
    assert.equal(new Set(server.seen.map(({ address }) => address)).size, 3);
  });

  test(`${name}: the retry interceptor resumes a body that was cut`, async (t) => {
    const text = "0123456789";
    const { dispatcher, server } = await bench(t, version, {
      handler: (request, response) => {
        const from = /bytes=(\d+)-/.exec(request.headers.range ?? "");
        if (from === null) {
          response.writeHead(200, { "content-length": text.length, etag: '"a"', "accept-ranges": "bytes" });
          response.write(text.slice(0, 4), () => setTimeout(() => response.destroy(), 10));
        } else {
          const begin = Number(from[1]);
          response.writeHead(206, { "content-range": `bytes ${begin}-${text.length - 1}/${text.length}`, "content-length": text.length - begin, etag: '"a"' });
          response.end(text.slice(begin));
        }
      },
    });
    const composed = dispatcher.compose(interceptors.retry({ maxRetries: 3, minTimeout: 5 }));

    const { body } = await undici.request(server.url, { dispatcher: composed });

    assert.equal(await body.text(), text);
  });

  test(`${name}: the redirect interceptor follows, each hop leased`, async (t) => {
    const { dispatcher, server } = await bench(t, version);
    const composed = dispatcher.compose(interceptors.redirect({ maxRedirections: 3 }));

    const { statusCode, body } = await undici.request(`${server.url}/redirect?to=/redirect?to=/end`, { dispatcher: composed });
    await body.dump();

    assert.equal(statusCode, 200);
    assert.equal(new Set(server.seen.map(({ address }) => address)).size, server.seen.length);
    assert.ok(server.seen.length >= 2);
  });

  test(`${name}: the cache interceptor asks once`, async (t) => {
    const { dispatcher, server } = await bench(t, version, { handler: (_request, response) => void response.writeHead(200, { "cache-control": "max-age=60", date: new Date().toUTCString() }).end("cached") });
    const composed = dispatcher.compose(interceptors.cache());

    for (let index = 0; index < 3; index++) {
      const { body } = await undici.request(server.url, { dispatcher: composed });
      assert.equal(await body.text(), "cached");
    }

    assert.equal(server.seen.length, 1);
  });

  test(`${name}: the dump interceptor reads what nobody wants`, async (t) => {
    const { dispatcher, server, pool } = await bench(t, version);
    const composed = dispatcher.compose(interceptors.dump({ maxSize: 2_000_000 }));

    const { body } = await undici.request(`${server.url}/big?bytes=1000000&chunked=1`, { dispatcher: composed });
    await body.text();

    await until("the lease is back", () => pool.status().inflight === 0);
  });

  test(`${name}: the decompress interceptor decodes`, async (t) => {
    const { dispatcher, server } = await bench(t, version, { handler: (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("plain")) });
    const composed = dispatcher.compose(interceptors.decompress({}));

    const { body } = await undici.request(server.url, { dispatcher: composed });

    assert.equal(await body.text(), "plain");
  });

  test(`${name}: interceptors beneath each exit's agent work, too`, async (t) => {
    const { dispatcher, server } = await bench(t, version, {
      dispatcher: { dispatcherFor: (_exit, options) => new undici.Agent(options).compose(interceptors.redirect({ maxRedirections: 2 })) },
    });

    const { statusCode, body } = await undici.request(`${server.url}/redirect?to=/end`, { dispatcher });
    await body.dump();

    assert.equal(statusCode, 200);
    assert.equal(server.seen[0].address, server.seen[1].address);
  });

  test(`${name}: an agent of the user's own sends through the exit that it is asked for`, async (t) => {
    const asked: string[] = [];
    const { dispatcher, server } = await bench(t, version, {
      dispatcher: {
        dispatcherFor: (exit, options) => {
          asked.push(exit.id);
          return new undici.Agent({ ...options, connections: 1 });
        },
      },
    });

    for (let index = 0; index < 6; index++) await (await undici.request(server.url, { dispatcher })).body.dump();

    assert.deepEqual(asked, ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    assert.deepEqual(new Set(server.seen.map(({ address }) => address)), new Set(asked));
  });

  test(`${name}: a MockAgent beneath answers, and is its owner's to close`, async (t) => {
    const { dispatcher, pool, mock } = await mocked(t);
    mock.get("http://mocked.test").intercept({ path: "/a", method: "GET" }).reply(200, { mocked: true }, { headers: { "x-mock": "1" }, trailers: { "x-end": "2" } });
    mock.get("http://mocked.test").intercept({ path: "/error" }).replyWithError(new Error("mocked error"));
    mock.get("http://mocked.test").intercept({ path: "/slow" }).reply(200, "late").delay(200);

    const { statusCode, headers, body, trailers } = await undici.request("http://mocked.test/a", { dispatcher });
    assert.deepEqual([statusCode, headers["x-mock"], await body.json(), trailers], [200, "1", { mocked: true }, { "x-end": "2" }]);
    assert.equal((await errorOf(undici.request("http://mocked.test/error", { dispatcher }))).message, "mocked error");
    assert.equal((await errorOf(undici.request("http://mocked.test/slow", { dispatcher, signal: AbortSignal.timeout(20) }))).name, "TimeoutError");
    const unmatched = await errorOf(undici.request("http://mocked.test/none", { dispatcher }));
    assert.equal(unmatched.code, "UND_MOCK_ERR_MOCK_NOT_MATCHED");
    assert.equal(pool.status().inflight, 0);
    await dispatcher.close();
    mock.get("http://mocked.test").intercept({ path: "/later" }).reply(204);
    assert.equal((await undici.request("http://mocked.test/later", { dispatcher: mock })).statusCode, 204);
    await mock.close();
  });

  test(`${name}: fetch gives a mock the body to match, not an iterator`, async (t) => {
    const { dispatcher, mock } = await mocked(t);
    mock.get("http://mocked.test").intercept({ path: "/", method: "POST", body: "hello" }).reply(200, "matched");

    const response = await undici.fetch("http://mocked.test/", { dispatcher, method: "POST", body: "hello" });

    assert.equal(await response.text(), "matched");
    await mock.close();
  });

  async function mocked(t: { after(run: () => Promise<void>): void }): Promise<{ dispatcher: ReturnType<typeof makeDispatcher>; pool: ReturnType<typeof createExitPool>; mock: InstanceType<typeof undici.MockAgent> }> {
    const mock = new undici.MockAgent();
    mock.disableNetConnect();
    const pool = createExitPool({ exits: { local: ["127.0.0.2", "127.0.0.3"] } });
    t.after(() => pool.close());
    return { mock, pool, dispatcher: makeDispatcher(pool, mock) };
  }

  function makeDispatcher(pool: ReturnType<typeof createExitPool>, mock: InstanceType<typeof undici.MockAgent>): InstanceType<typeof undici.Dispatcher> {
    return createExitDispatcher(undici, pool, { dispatcherFor: mock as never });
  }

  for (const [client, fetch] of fetches(version)) {
    test(`${client}: as the global dispatcher, ours serves all`, async (t) => {
      const { dispatcher, server } = await bench(t, version);
      const before = undici.getGlobalDispatcher();
      t.after(() => undici.setGlobalDispatcher(before));
      undici.setGlobalDispatcher(dispatcher);

      const answers = [await fetch(`${server.url}/gzip`), await fetch(`${server.url}/br`), await fetch(`${server.url}/echo`, { method: "POST", body: JSON.stringify({ a: 1 }) })];
      const form = client.startsWith("built-in") ? new FormData() : new undici.FormData();
      form.append("a", "b");
      answers.push(await fetch(`${server.url}/echo`, { method: "POST", body: form }));
      answers.push(await fetch(`${server.url}/echo`, { method: "POST", body: new URLSearchParams({ q: "1" }) }));
      answers.push(await fetch(`${server.url}/echo-stream`, { method: "POST", duplex: "half", body: new Blob(["streamed"]).stream() }));
      answers.push(await fetch(`${server.url}/cookie`));

      assert.deepEqual(await answers[0].json(), { compressed: "gzip" });
      assert.deepEqual(await answers[1].json(), { compressed: "br" });
      assert.deepEqual(await answers[2].json(), { a: 1 });
      assert.match(await answers[3].text(), /name="a"/);
      assert.equal(await answers[4].text(), "q=1");
      assert.equal(await answers[5].text(), "streamed");
      assert.equal(answers[6].headers.getSetCookie().length, 2);
      await answers[6].text();
      assert.ok(server.seen.every(({ address }) => /^127\.0\.0\.[234]$/.test(address)));
    });
  }
}
