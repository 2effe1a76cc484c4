import assert from "node:assert/strict";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { ExitPoolOptions } from "@multihome/core";
import { createTestCertificate, startHttpProxy, startSocksServer } from "@multihome/core/testing";
import axios from "axios";
import type { AxiosRequestConfig } from "axios";
import { client, errorOf, locals, makePool, RACING, server, until } from "./support.ts";

/** Three ways in which a caller gives up, `ms` after the request, and what he is told. */
const WAYS: Record<string, (ms: number) => { config: AxiosRequestConfig; code: string; canceled: boolean }> = {
  signal: (ms) => ({ config: { signal: AbortSignal.timeout(ms) }, code: "ERR_CANCELED", canceled: true }),
  "cancel token": (ms) => {
    const source = axios.CancelToken.source();
    setTimeout(() => source.cancel("enough"), ms);
    return { config: { cancelToken: source.token }, code: "ERR_CANCELED", canceled: true };
  },
  timeout: (ms) => ({ config: { timeout: ms }, code: "ECONNABORTED", canceled: false }),
};

for (const [legs, options] of [["one leg", {}], ["two legs", RACING]] as const) {
  for (const [way, giveUp] of Object.entries(WAYS)) {
    describe(`a request given up by ${way}, ${legs}`, () => {
      for (const [stage, path] of [["for the head", "/hang"], ["for the first byte", "/headers-then-hang"], ["in the middle of the body", "/body-then-hang"], ["while the body drips", "/endless-drip?ms=5"]]) {
        test(`${stage}: rejects as axios does, ends at the server, and gives its leases back`, async (t) => {
          const target = await server(t);
          const pool = makePool(t, options);
          await pool.ready();
          const { config, code, canceled } = giveUp(80);

          const error = await errorOf(client(pool).get(target.url + path, config));

          assert.equal(error.code, code);
          assert.equal(axios.isCancel(error), canceled);
          assert.ok(error instanceof axios.AxiosError);
          await until(() => target.live === 0 && target.sockets === 0, "nothing is left running");
          await until(() => pool.status().inflight === 0, "leases");
          const exits = Object.values(pool.status().targets["127.0.0.1"].exits);
          assert.deepEqual(exits.map(({ fail }) => fail), [0, 0, 0], "no exit is to blame");
        });
      }

      for (const fault of ["hang", "hang-connect", "hang-tls"] as const) {
        test(`in a proxy's handshake (${fault}): the proxy's socket is closed`, async (t) => {
          const { proxies, pool } = await proxied(t, options, fault);
          const { config, code } = giveUp(80);
          // Nobody listens there, and nobody gets that far.
          const scheme = fault === "hang-tls" ? "https" : "http";
          const error = await errorOf(client(pool).get(`${scheme}://target.invalid/`, config));

          assert.equal(error.code, code);
          await until(() => proxies.every((proxy) => proxy.books().open === 0), "closed");
        });
      }
    });
  }
}

describe("a request given up", () => {
  test("before it began is never sent", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const source = axios.CancelToken.source();
    source.cancel("never mind");
    assert.ok(axios.isCancel(await errorOf(client(pool).get(target.url, { signal: AbortSignal.abort() }))));
    assert.equal((await errorOf(client(pool).get(target.url, { cancelToken: source.token }))).message, "never mind");
    assert.equal(target.seen.length, 0);
  });

  test("while it waits for a window rejects at once, and leaves the window to others", async (t) => {
    const target = await server(t);
    const pool = makePool(t, { exits: { local: locals(1) }, defaults: { spacing: "1s" } });
    const ax = client(pool);
    await ax.get(target.url);
    const source = axios.CancelToken.source();
    const waiting = errorOf(ax.get(`${target.url}/token`, { cancelToken: source.token }));
    const error = await errorOf(ax.get(`${target.url}/signal`, { signal: AbortSignal.timeout(20) }));
    source.cancel("bye");

    assert.ok(axios.isCancel(error));
    assert.equal((await waiting).message, "bye");
    assert.equal((await ax.get(`${target.url}/other`)).status, 200);
    assert.deepEqual(target.seen.map(({ path }) => path), ["/", "/other"]);
  });

  test("is not by its timeout while it waits: that begins with the first attempt", async (t) => {
    const target = await server(t);
    const pool = makePool(t, { exits: { local: locals(1) }, defaults: { spacing: "900ms" } });
    const ax = client(pool, { timeout: 700 });
    await ax.get(target.url);
    assert.equal((await ax.get(target.url)).status, 200);
  });

  test("says what timeoutErrorMessage and clarifyTimeoutError ask for", async (t) => {
    const target = await server(t);
    const ax = client(makePool(t), { baseURL: target.url });
    const plain = await errorOf(ax.get("/hang", { timeout: 50 }));
    assert.equal(plain.message, "timeout of 50ms exceeded");
    assert.ok(plain.request !== undefined);
    const own = await errorOf(ax.get("/hang", { timeout: 50, timeoutErrorMessage: "mine", transitional: { clarifyTimeoutError: true } }));
    assert.deepEqual([own.message, own.code], ["mine", "ETIMEDOUT"]);
    for (const timeout of ["soon", -1] as never[]) assert.equal((await errorOf(ax.get("/any", { timeout }))).code, "ERR_BAD_OPTION_VALUE");
  });

  test("leaves nothing on the signal that it was given", async (t) => {
    const target = await server(t);
    const ax = client(makePool(t), { baseURL: target.url });
    let listeners = 0;
    const signal = { aborted: false, addEventListener: () => listeners++, removeEventListener: () => listeners-- };
    await ax.get("/any", { signal });
    await errorOf(ax.get("/reset", { signal }));
    await errorOf(ax.get("/hang", { signal, timeout: 30 }));
    const { data } = await ax.get<Readable>("/big?bytes=1000", { signal, responseType: "stream" });
    assert.equal(listeners, 1);
    for await (const _chunk of data);
    assert.equal(listeners, 0);
  });

  test("closes the stream that the caller reads, with an error of axios", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const controller = new AbortController();
    const { data } = await client(pool).get<Readable>(`${target.url}/body-then-hang`, { responseType: "stream", signal: controller.signal });
    const failed = once(data, "error");
    data.resume();

    controller.abort();

    assert.ok(axios.isCancel((await failed)[0]));
    await until(() => target.live === 0, "ended at the server");
  });

  test("does not end the process when nobody listens to the stream", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    for (const path of ["/body-then-hang", "/endless"]) {
      for (const config of [{}, { maxContentLength: 100_000_000 }, { onDownloadProgress() {} }]) {
        const controller = new AbortController();
        await client(pool).get(target.url + path, { responseType: "stream", signal: controller.signal, ...config });
        controller.abort();
        await until(() => target.live === 0, "ended at the server");
      }
    }
  });

  test("by a stream that nothing moves on for the length of its timeout", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const ax = client(pool, { baseURL: target.url, timeout: 400, responseType: "stream" });
    const { data } = await ax.get<Readable>("/body-then-hang");
    const error = await errorOf(data.resume().toArray());
    assert.equal(error.code, "ECONNABORTED");
    // One that moves goes on for longer than that.
    const slow = await ax.get<Readable>("/drip?bytes=12&ms=50");
    assert.equal(Buffer.concat(await slow.data.toArray()).length, 12);
    // And the socket serves others, without that timeout.
    assert.equal((await client(pool).get(`${target.url}/delay/600`)).status, 200);
  });
});

async function proxied(t: TestContext, options: ExitPoolOptions, fault: "hang" | "hang-connect" | "hang-tls") {
  const proxies = [await startSocksServer({ fault }), await startHttpProxy({ fault }), await startHttpProxy({ fault, tls: createTestCertificate() })];
  for (const proxy of proxies) t.after(() => proxy.close());
  const [socks, http] = proxies;
  const pool = makePool(t, { exits: { proxies: [socks.url, http.url] }, queue: { maxAttempts: 1 }, ...options });
  return { proxies, pool };
}
