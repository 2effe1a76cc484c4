import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import type { TLSSocket } from "node:tls";
import { describe, test } from "node:test";
import { closedPort, createTestCertificate, listen, startHttpProxy, startSocksServer } from "@multihome/core/testing";
import type { ExitPool } from "@multihome/core";
import axios from "axios";
import { axiosAdapter } from "../src/index.ts";
import { client, errorOf, locals, makePool, RACING, server, until } from "./support.ts";

describe("the target sees", () => {
  test("each of 253 addresses that were leased, also over kept connections", async (t) => {
    const target = await server(t);
    const pool = makePool(t, { exits: { local: locals(253) } });
    const ax = client(pool);
    for (let round = 0; round < 2; round++) {
      const leases = await Promise.all(locals(253).map(() => pool.acquire({ method: "GET", url: target.url })));
      const answers = await Promise.all(leases.map((lease) => ax.get(target.url, { multihome: { lease } })));
      answers.forEach(({ data }, i) => assert.equal(data.address, leases[i].localAddress));
      assert.equal(new Set(answers.map(({ data }) => data.address)).size, 253);
      for (const lease of leases) lease.release();
    }
    assert.equal(target.accepted, 253, "the second round used the first one's connections");
  });

  test("the proxy's address, of SOCKS5 and HTTP proxies, with and without TLS, and names as names", async (t) => {
    const certificate = createTestCertificate({ hosts: ["target.test"] });
    const plain = await server(t);
    const secure = await server(t, undefined, { tls: certificate });
    const hosts = { "target.test": "127.0.0.1" };
    const proxies = [
      await startSocksServer({ egress: "127.0.7.201", hosts, username: "user", password: "p@ss" }),
      await startHttpProxy({ egress: "127.0.7.202", hosts, username: "user", password: "p@ss" }),
    ];
    for (const proxy of proxies) t.after(() => proxy.close());
    const pool = makePool(t, { exits: { proxies: proxies.map(({ url }) => url), strategy: "rotate" }, defaults: { spacing: 0, race: { mode: "off" } } });
    const ax = client(pool, { httpsAgent: new https.Agent({ ca: certificate.ca }) });
    const seen = new Set<string>();
    for (let i = 0; i < 4; i++) {
      seen.add((await ax.get(`http://target.test:${plain.port}/`)).data.address);
      seen.add((await ax.get(`https://target.test:${secure.port}/`)).data.address);
    }
    assert.deepEqual(seen, new Set(["127.0.7.201", "127.0.7.202"]));
    for (const proxy of proxies) {
      assert.ok(proxy.books().destinations.every(({ named, host }) => named && host === "target.test"));
      assert.ok(proxy.books().accepted <= 2, "connections are kept");
    }
  });

  test("another exit when a proxy is dead, hangs or lies", async (t) => {
    const target = await server(t);
    const hung = await startSocksServer({ fault: "hang" });
    const wrong = await startHttpProxy({ fault: "bad-auth" });
    const good = await startSocksServer({ egress: "127.0.7.203" });
    for (const proxy of [hung, wrong, good]) t.after(() => proxy.close());
    const pool = makePool(t, { exits: { proxies: [`http://127.0.0.1:${await closedPort()}`, hung.url, wrong.url, good.url] }, defaults: { spacing: 0 }, connectTimeout: "600ms" });
    for (const method of ["get", "post"]) assert.equal((await client(pool).request({ method, url: target.url })).data.address, "127.0.7.203");
    assert.equal(target.seen.length, 2);
  });

  test("the exit, whatever proxy the environment names", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    const before = names.map((name) => process.env[name]);
    t.after(() => names.forEach((name, i) => (before[i] === undefined ? delete process.env[name] : (process.env[name] = before[i]))));
    for (const name of names) process.env[name] = `http://127.0.0.1:${await closedPort()}`;
    const proxied = new http.Agent({ proxyEnv: process.env } as http.AgentOptions);
    for (const config of [{}, { maxRedirects: 0 }, { proxy: false as const }, { httpAgent: proxied }]) {
      assert.ok(locals(3).includes((await client(pool).get(`${target.url}/redirect?to=/end`, { ...config, validateStatus: null })).data.address ?? "127.0.7.1"));
    }
    assert.ok(target.seen.every(({ address }) => locals(3).includes(address)));
  });
});

describe("the options of the caller's own httpsAgent", () => {
  for (const [legs, options] of [["one leg", {}], ["two legs", RACING]] as const) {
    test(`say whom to trust, for their request alone (${legs})`, async (t) => {
      const certificate = createTestCertificate();
      const target = await server(t, undefined, { tls: certificate });
      const pool = makePool(t, options);
      const trusting = client(pool, { httpsAgent: new https.Agent({ ca: certificate.ca, keepAlive: false, maxSockets: 1 }) });
      const careless = client(pool, { httpsAgent: new https.Agent({ rejectUnauthorized: false }) });
      for (let i = 0; i < 4; i++) {
        assert.equal((await trusting.get(target.url)).status, 200);
        assert.equal((await careless.get(target.url)).status, 200);
        assert.match(String((await errorOf(client(pool).get(target.url))).code), /UNABLE_TO_VERIFY|SELF_SIGNED/);
      }
      assert.ok(target.seen.every(({ address }) => locals(3).includes(address)));
    });
  }

  test("show the client's certificate", async (t) => {
    const authority = createTestCertificate();
    const mine = createTestCertificate();
    const mutual = https.createServer({ key: authority.key, cert: authority.cert, ca: mine.ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      response.end(JSON.stringify({ known: (request.socket as TLSSocket).authorized, address: request.socket.remoteAddress }));
    });
    mutual.on("tlsClientError", () => {});
    const listening = await listen(mutual);
    t.after(() => listening.close());
    const pool = makePool(t);
    const url = `https://127.0.0.1:${listening.port}/`;

    const { data } = await client(pool, { httpsAgent: new https.Agent({ ca: authority.ca, key: mine.key, cert: mine.cert }) }).get(url);

    assert.equal(data.known, true);
    assert.ok(locals(3).includes(data.address));
    assert.ok((await errorOf(client(pool, { httpsAgent: new https.Agent({ ca: authority.ca }) }).get(url))) instanceof axios.AxiosError);
  });
});

describe("five hundred requests with random ends", () => {
  for (const [legs, options] of [["one leg", {}], ["two legs", RACING]] as const) {
    test(`leave no lease, no socket and no listener behind (${legs})`, async (t) => {
      const target = await server(t);
      const socks = await startSocksServer({ fault: (connection) => (connection % 3 === 0 ? "hang-connect" : connection % 7 === 0 ? "reset" : "ok") });
      t.after(() => socks.close());
      const pool = makePool(t, { ...options, connectTimeout: "100ms", defaults: { ...options.defaults, spacing: 0 }, exits: { local: locals(4), proxies: [socks.url] } });
      const ax = axios.create({ adapter: axiosAdapter(pool), baseURL: target.url });
      const escaped: unknown[] = [];
      const note = (error: unknown): number => escaped.push(error);
      process.on("unhandledRejection", note);
      t.after(() => process.removeListener("unhandledRejection", note));

      const paths = ["/any", "/cut", "/reset", "/hang", "/status/429", "/status/503", "/gzip", "/delay/20", "/body-then-hang", "/redirect?to=/end", "/cut-chunked", "/big?bytes=100000"];
      let settled = 0;
      await inTurns(500, 25, async (i) => {
        const stream = i % 3 === 0;
        const config = { ...ends(i), responseType: stream ? ("stream" as const) : ("text" as const), method: i % 5 === 0 ? "post" : "get", data: i % 5 === 0 ? "body" : undefined };
        try {
          const { data } = await ax.request({ url: paths[i % paths.length], ...config });
          if (stream) await data.on("error", () => {}).toArray();
        } catch {
          // However it ends, it ends.
        }
        settled++;
      });

      assert.equal(settled, 500);
      await everythingIsBack(pool);
      await pool.close();
      await until(() => target.sockets === 0 && target.live === 0 && socks.books().open === 0, "no socket is left");
      assert.deepEqual(escaped, []);
    });
  }
});

function ends(i: number): object {
  switch (i % 4) {
    case 0:
      return { timeout: 1 + (i % 60) };
    case 1:
      return { signal: AbortSignal.timeout(1 + (i % 50)), timeout: 500 };
    case 2: {
      const source = axios.CancelToken.source();
      setTimeout(() => source.cancel(), 1 + (i % 40));
      return { cancelToken: source.token };
    }
    default:
      return { timeout: 200 };
  }
}

async function inTurns(count: number, width: number, run: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) await run(next++);
    }),
  );
}

async function everythingIsBack(pool: ExitPool): Promise<void> {
  await until(() => pool.status().inflight === 0 && pool.status().tasks.pending === 0, "every lease");
}
