import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import http from "node:http";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { closedPort, createTestCertificate } from "@multihome/core/testing";
import axios from "axios";
import type { AxiosAdapter, AxiosRequestConfig } from "axios";
import { axiosAdapter } from "../src/index.ts";
import type { AxiosLibrary } from "../src/index.ts";
import { client, errorOf, locals, makePool, RACING, server, until } from "./support.ts";

const CUTS = ["/cut", "/cut-reset", "/cut-chunked", "/cut-close"];

for (const [legs, options] of [["one leg", {}], ["two legs", RACING]] as const) {
  describe(`a failure, ${legs}`, () => {
    test("of the connection is what axios makes of it: code, cause, config and request", async (t) => {
      const port = await closedPort();
      const pool = makePool(t, options);
      const error = await errorOf(client(pool, { baseURL: `http://127.0.0.1:${port}` }).get("/path"));
      assert.ok(error instanceof axios.AxiosError);
      assert.equal(error.code, "ECONNREFUSED");
      assert.ok(error.cause instanceof Error);
      assert.equal(error.config?.url, "/path");
      assert.equal(error.config?.httpAgent, undefined);
      assert.equal(error.config?.timeout, 0);
      assert.ok(error.request !== undefined);
      assert.ok(!JSON.stringify(error).includes("HandSignal"));
    });

    for (const path of CUTS) {
      test(`of the body (${path}) reaches the caller, and is the exit's`, async (t) => {
        const target = await server(t);
        const pool = makePool(t, options);
        const ax = client(pool, { baseURL: target.url });
        for (const config of [{}, { maxRedirects: 0 }, { responseType: "arraybuffer" as const }]) {
          const error = await errorOf(ax.get(path, config));
          assert.ok(error instanceof axios.AxiosError);
          assert.equal(error.config?.httpAgent, undefined);
          assert.equal((error.response?.config as { httpAgent?: unknown } | undefined)?.httpAgent, undefined);
        }
        const { data } = await ax.get(path, { responseType: "stream" });
        assert.equal((await errorOf(data.toArray())).code, "ECONNRESET");
        const limited = await ax.get(path, { responseType: "stream", maxContentLength: 1_000_000 });
        await errorOf(limited.data.toArray());
        await until(() => target.live === 0, "nothing is left running");
        const exits = Object.values(pool.status().targets["127.0.0.1"].exits);
        assert.ok(exits.reduce((sum, { fail }) => sum + fail, 0) >= 5, "seen by the pool");
      });
    }

    test("of a compressed body reaches the caller, too", async (t) => {
      const target = await server(t, (_request, response) => {
        response.writeHead(200, { "content-encoding": "gzip", "content-length": 10_000 });
        response.write(gzipSync(randomBytes(5_000)).subarray(0, 4_000), () => setTimeout(() => response.destroy(), 10));
      });
      const ax = client(makePool(t, options), { baseURL: target.url });
      for (const config of [{}, { maxRedirects: 0 }]) assert.ok((await errorOf(ax.get("/", config))) instanceof axios.AxiosError);
    });

    test("to read what was sent is no exit's", async (t) => {
      const target = await server(t);
      const pool = makePool(t, options);
      const ax = client(pool, { baseURL: target.url });
      const error = await errorOf(ax.get("/gzip-broken"));
      assert.equal(error.code, "Z_DATA_ERROR");
      // Older versions of axios do not limit streams: they come whole.
      const { data } = await ax.get("/big?bytes=5000", { responseType: "stream", maxContentLength: 1_000 });
      const limited = await data.toArray().catch((thrown: unknown) => thrown);
      if (limited instanceof axios.AxiosError) {
        assert.equal(limited.message, "maxContentLength size of 1000 exceeded");
        assert.equal(limited.config?.httpAgent, undefined, "nothing of ours in it");
      } else {
        assert.equal(Buffer.concat(limited).length, 5_000);
      }
      await until(() => target.live === 0, "nothing is left running");
      for (const { fail } of Object.values(pool.status().targets["127.0.0.1"].exits)) assert.equal(fail, 0);
    });

    test("of the server's protocol is axios's error", async (t) => {
      const target = await server(t);
      const ax = client(makePool(t, options), { baseURL: target.url });
      for (const path of ["/raw?text=nonsense", "/unasked-upgrade", "/huge-header", "/reset", "/disconnect"]) {
        assert.ok((await errorOf(ax.get(path))) instanceof axios.AxiosError, path);
      }
      await until(() => target.live === 0, "nothing is left running");
    });

    test("of TLS is the one that Node found", async (t) => {
      const target = await server(t, undefined, { tls: createTestCertificate() });
      const error = await errorOf(client(makePool(t, options)).get(target.url));
      assert.ok(error instanceof axios.AxiosError);
      assert.match(String(error.code), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/);
    });
  });
}

describe("a request that 1xx answers come before", () => {
  test("gets its answer", async (t) => {
    const target = await server(t);
    for (const options of [{}, RACING]) {
      const ax = client(makePool(t, options), { baseURL: target.url });
      assert.equal((await ax.get("/early-hints?count=2")).status, 200);
      assert.equal((await ax.get("/processing?count=2")).status, 200);
    }
  });
});

describe("a stream that its reader gives up", () => {
  test("ends at the server, gives its lease back, and is no exit's failure", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const ax = client(pool, { baseURL: target.url, responseType: "stream" });
    for (const config of [{}, { maxContentLength: 100_000_000 }, { onDownloadProgress() {} }]) {
      for (const breaking of [false, true]) {
        const { data } = await ax.get("/endless", config);
        assert.equal(pool.status().inflight, 1);
        if (breaking) {
          let chunks = 0;
          for await (const _chunk of data) if (++chunks === 3) break;
        } else data.destroy();
        await until(() => target.live === 0 && pool.status().inflight === 0, "all is back");
      }
    }
    for (const { fail } of Object.values(pool.status().targets["127.0.0.1"].exits)) assert.equal(fail, 0);
  });

  test("is ended with the pool, which leaves no socket", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const { data } = await client(pool).get(`${target.url}/endless`, { responseType: "stream" });
    const failed = errorOf(data.resume().toArray());
    await pool.close({ drain: 0 });
    await failed;
    await until(() => target.sockets === 0, "no socket is left");
  });
});

describe("what cannot be honoured", () => {
  const agentWith = (extra: object): http.Agent => Object.assign(new http.Agent(), extra);
  const cases: [string, AxiosRequestConfig, RegExp][] = [
    ["a Unix socket", { socketPath: "/tmp/some.sock" }, /`socketPath`.*adapter: "http"/],
    ["HTTP/2", { httpVersion: 2 }, /`httpVersion: 2`/],
    ["a proxy", { proxy: { host: "127.0.0.1", port: 1 } }, /`proxy`.*exits\.proxies/],
    ["a proxy agent", { httpAgent: agentWith({ proxy: new URL("http://127.0.0.1:1") }) }, /`httpAgent` is a proxy agent/],
    ["a proxy agent for https", { httpsAgent: agentWith({ connect() {} }) }, /`httpsAgent` is a proxy agent/],
    ["an agent bound to an address", { httpAgent: new http.Agent({ localAddress: "127.0.0.9" }) }, /`localAddress`.*exits\.local/],
    ["a relative URL", { url: "/path" }, /not absolute.*baseURL/],
  ];
  for (const [name, config, message] of cases) {
    test(`is refused in so many words: ${name}`, async (t) => {
      const target = await server(t);
      const pool = makePool(t);
      const error = await errorOf(client(pool).request({ url: target.url, ...config }));
      assert.ok(error instanceof axios.AxiosError);
      assert.match(error.message, message);
      assert.equal((error.cause as { code?: string } | undefined)?.code, "MH_ERR_CONFIG");
      assert.equal(target.seen.length, 0);
      assert.deepEqual(pool.status().targets, {}, "nothing was leased");
    });
  }

  test("is refused for schemes that axios does not know, by axios's own error", async (t) => {
    const error = await errorOf(client(makePool(t)).get("ftp://127.0.0.1/"));
    assert.equal(error.message, "Unsupported protocol ftp:");
    assert.equal(error.code, "ERR_BAD_REQUEST");
  });

  test("is a transport that does not send by its agent; one that does may", async (t) => {
    const target = await server(t);
    const ax = client(makePool(t));
    const around = { request: (options: http.RequestOptions, callback: () => void) => http.request({ ...options, agent: undefined }, callback) };
    assert.match((await errorOf(ax.get(target.url, { transport: around }))).message, /did not send by the agent/);
    const through = { request: (options: http.RequestOptions, callback: () => void) => http.request(options, callback) };
    assert.ok(locals(3).includes((await ax.get(target.url, { transport: through })).data.address));
  });

  test("is an option whose value axios itself refuses, and no exit is asked", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const error = await errorOf(client(pool).post(target.url, 5 as never, { transformRequest: (data) => data }));
    assert.match(error.message, /Data after transformation must be/);
    assert.equal(pool.status().targets["127.0.0.1"].exits["127.0.7.1"].fail, 0);
  });

  test("is a version of axios that is too old, or none at all", (t) => {
    const pool = makePool(t);
    const old = { ...axios, VERSION: "0.27.2" } as unknown as AxiosLibrary;
    assert.throws(() => axiosAdapter(pool, { axios: old }), /axios 1\.7.*found axios 0\.27\.2/);
    assert.throws(() => axiosAdapter(pool, { axios: {} as AxiosLibrary }), { code: "MH_ERR_CONFIG" });
  });
});

describe("errors", () => {
  test("of the pool carry its code, its details and its error as cause", async (t) => {
    const target = await server(t);
    const pool = makePool(t, { exits: { local: locals(1) }, defaults: { spacing: "10m" }, queue: { timeout: "60ms" } });
    await client(pool).get(target.url);
    const error = await errorOf(client(pool).get(target.url));
    assert.ok(axios.isAxiosError(error));
    assert.equal(error.code, "MH_ERR_TIMEOUT");
    assert.equal((error as { target?: string }).target, "127.0.0.1");
    assert.equal((error.cause as { code?: string } | undefined)?.code, "MH_ERR_TIMEOUT");
    const nobody = makePool(t, { exits: { local: ["203.0.113.9"] } });
    assert.equal((await errorOf(client(nobody).get(target.url))).code, "MH_ERR_NO_EXIT");
  });

  test("thrown by a weight rule reject the request", async (t) => {
    const pool = makePool(t, { defaults: { limits: [{ name: "w", unit: "weight", limit: 10, per: "1m" }], weights: () => { throw new Error("bad rule"); } } });
    const error = await errorOf(client(pool).get("http://127.0.0.1:1/"));
    assert.ok(error instanceof axios.AxiosError);
    assert.match(inspect(error), /bad rule/);
  });

  test("never show a proxy's password", async (t) => {
    const port = await closedPort();
    const pool = makePool(t, { exits: { proxies: [`socks5://user:opensesame@127.0.0.1:${port}`] }, queue: { maxAttempts: 1 } });
    const error = await errorOf(client(pool).get("http://127.0.0.1:1/"));
    assert.ok(!inspect(error, { depth: 12, showHidden: true }).includes("opensesame"));
  });

  test("of an adapter in place of axios's own count for the exit that it was given", async (t) => {
    const pool = makePool(t);
    const answers: AxiosAdapter[] = [
      () => Promise.reject(Object.assign(new Error("no way"), { code: "ECONNREFUSED" })),
      () => {
        throw new Error("thrown");
      },
    ];
    for (const adapter of answers) {
      const ax = axios.create({ adapter: axiosAdapter(pool, { adapter }) });
      assert.match((await errorOf(ax.get("http://127.0.0.1:1/"))).message, /no way|thrown/);
    }
  });

  test("do not come of an adapter that answers by itself: its answers are judged as any other", async (t) => {
    const pool = makePool(t);
    let calls = 0;
    const adapter: AxiosAdapter = (config) => Promise.resolve({ status: ++calls === 1 ? 429 : 200, statusText: "", headers: {}, data: `call ${calls}`, config });
    const { data } = await axios.create({ adapter: axiosAdapter(pool, { adapter }) }).get("http://127.0.0.1:1/");
    assert.equal(data, "call 2", "a refusal was tried again on another exit");
  });
});
