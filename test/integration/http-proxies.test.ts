import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions } from "@multihome/core";
import { createTestCertificate, HTTP_PROXY_LIES, startHttpProxy, startHttpServer } from "@multihome/core/testing";
import type { HttpProxy, HttpProxyLie, HttpProxyOptions, HttpServer, HttpServerOptions } from "@multihome/core/testing";
import { axiosClient } from "../support/contract-axios.ts";
import { codesOf } from "../support/contract-client.ts";
import { gotClient } from "../support/contract-got.ts";
import { errorOf, eventually } from "../support/contract-room.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const HOSTS = { "target.test": "127.0.0.1" };
const PASSWORD = "p@ss:w/rd%";
const certificate = createTestCertificate({ hosts: ["target.test"] });
const LIES = Object.keys(HTTP_PROXY_LIES) as HttpProxyLie[];

for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  describe(`HTTP proxies with ${client.name}`, () => {
    for (const secure of [false, true]) {
      const scheme = secure ? "https" : "http";

      test(`${scheme}: requests travel in tunnels to names that only the proxy knows, and with its login`, async (t) => {
        const world = await open(t);
        const server = await world.server(secure ? { tls: certificate } : {});
        const free = await world.proxy({ egress: "127.0.41.1" });
        const locked = await world.proxy({ egress: "127.0.41.2", username: "user", password: PASSWORD });
        const pool = world.pool([free, locked], { exits: { strategy: "rotate" } });
        const sender = client.through(pool);

        for (let i = 0; i < 4; i++) assert.equal((await sender.send(`${scheme}://target.test:${server.port}/${i}`)).status, 200);
        const posted = await sender.send(`${scheme}://target.test:${server.port}/post`, { method: "POST", body: "some text" });

        assert.equal(posted.status, 200);
        assert.equal(server.seen[4].body, "some text");
        assert.deepEqual(server.seen.map(({ address }) => address), [1, 2, 1, 2, 1].map((last) => `127.0.41.${last}`));
        assert.ok(server.seen.every(({ headers }) => headers["proxy-authorization"] === undefined), "the login is the proxy's alone");
        for (const proxy of [free, locked]) assert.ok(proxy.books().destinations.every(({ host, named }) => named && host === "target.test"));
        assert.deepEqual([...new Set(locked.books().users)], ["user"]);
      });

      test(`${scheme}: every malformed answer to CONNECT is the exit's fault, and the next exit serves`, async (t) => {
        const world = await open(t);
        const server = await world.server(secure ? { tls: certificate } : {});
        const honest = [await world.proxy({ egress: "127.0.41.1" }), await world.proxy({ egress: "127.0.41.2" })];
        await Promise.all(LIES.map(async (lie) => {
          // What is read in the clear can be forged by whoever carries it.
          if (!secure && lie === "forged-answer") return;
          const liar = await world.proxy({ fault: { kind: "lie", lie } });
          const pool = world.pool([liar, ...honest], { exits: { strategy: "failover" } });
          const { status } = await client.through(pool).send(`${scheme}://target.test:${server.port}/lie/${lie}`);
          const seen = server.seen.filter(({ path: of }) => of === `/lie/${lie}`);
          assert.deepEqual({ lie, status, from: seen.map(({ address }) => address.slice(0, -1)) }, { lie, status: 200, from: ["127.0.41."] });
          assert.deepEqual(healthOf(pool, liar), { fail: 1, success: 0 }, lie);
        }));
      });
    }

    test("a body that must not be sent twice is sent again after a broken CONNECT, and arrives once", async (t) => {
      const world = await open(t);
      const server = await world.server({ tls: certificate });
      const honest = await world.proxy({ egress: "127.0.41.1" });
      for (const fault of [{ kind: "status", status: 503 }, { kind: "lie", lie: "garbage" }, { kind: "lie", lie: "ok-then-end" }, { kind: "lie", lie: "forged-answer" }] as const) {
        const liar = await world.proxy({ fault });
        const pool = world.pool([liar, honest], { exits: { strategy: "failover" } });
        // fetch makes a stream of every body; whether it was touched nobody can say but the client.
        const { status } = await client.through(pool).send(`https://target.test:${server.port}/once`, { method: "POST", body: "an order" });
        assert.equal(status, 200);
        assert.deepEqual(healthOf(pool, liar), { fail: 1, success: 0 });
      }
      assert.deepEqual(server.seen.map(({ body }) => body), new Array(4).fill("an order"));
    });

    test("407 says what is wrong, never with which password", async (t) => {
      const world = await open(t);
      const server = await world.server();
      const locked = await world.proxy({ username: "user", password: "right" });
      for (const login of ["", "user:wr0ng-s3cret@"]) {
        const pool = world.pool([locked.url.replace(/\/\/.*@/, `//${login}`)], { queue: { maxAttempts: 1 } });
        const error = await errorOf(client.through(pool).send(`http://target.test:${server.port}/`));
        assert.ok(client.isOwn(error), error.name);
        assert.ok(codesOf(error).includes("ERR_PROXY_AUTH"), codesOf(error).join());
        assert.doesNotMatch(everything(error), /wr0ng-s3cret/);
      }
      assert.equal(server.seen.length, 0);
    });
  });
}

test("https:// proxies: TLS to the proxy, and TLS to the target through it, with every client", async (t) => {
  const world = await open(t);
  const ofProxy = createTestCertificate({ hosts: ["127.0.0.1"] });
  const plain = await world.server();
  const secure = await world.server({ tls: certificate });
  const proxy = await world.proxy({ egress: "127.0.41.3", tls: ofProxy, username: "user", password: PASSWORD });
  const dir = await mkdtemp(path.join(tmpdir(), "multihome-"));
  t.after(() => rm(dir, { recursive: true }));
  // Whom a proxy's certificate comes from is the machine's business: NODE_EXTRA_CA_CERTS, read when a process starts.
  await writeFile(path.join(dir, "ca.pem"), ofProxy.ca);
  await writeFile(path.join(dir, "target.pem"), certificate.ca);

  const child = spawn(process.execPath, [fileURLToPath(new URL("../support/https-proxy-run.js", import.meta.url)), proxy.url, path.join(dir, "target.pem"), `http://target.test:${plain.port}/`, `https://target.test:${secure.port}/`], { env: { ...process.env, NODE_EXTRA_CA_CERTS: path.join(dir, "ca.pem") }, stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const statuses = JSON.parse(await text(child.stdout)) as Record<string, number[]>;
  await exit;

  assert.deepEqual(Object.values(statuses), new Array(4).fill([200, 200]));
  assert.deepEqual([...plain.seen, ...secure.seen].map(({ address }) => address), new Array(8).fill("127.0.41.3"));
});

interface World {
  server(options?: HttpServerOptions): Promise<HttpServer>;
  proxy(options: HttpProxyOptions): Promise<HttpProxy>;
  pool(proxies: readonly (HttpProxy | string)[], options: ExitPoolOptions): ExitPool;
}

/** When the test is over the pools are closed, and nothing of theirs may be left. */
async function open(t: TestContext): Promise<World> {
  const servers: HttpServer[] = [];
  const proxies: HttpProxy[] = [];
  const pools: ExitPool[] = [];
  t.after(async () => {
    for (const pool of pools) await pool.close();
    await eventually(() => servers.every(({ sockets }) => sockets === 0) && proxies.every((proxy) => proxy.books().open === 0), "a socket is open after close");
    for (const proxy of proxies) await proxy.close();
    for (const server of servers) await server.close();
  });
  return {
    async server(options = {}) {
      const server = await startHttpServer(undefined, options);
      servers.push(server);
      return server;
    },
    async proxy(options) {
      const proxy = await startHttpProxy({ hosts: HOSTS, ...options });
      proxies.push(proxy);
      return proxy;
    },
    pool(through, { exits, ...options }) {
      const urls = through.map((proxy) => (typeof proxy === "string" ? proxy : proxy.url));
      const pool = createExitPool({
        exits: { ...exits, proxies: urls, agentOptions: () => ({ ca: certificate.ca }) },
        defaults: { spacing: 0, race: { mode: "off" } },
        connectTimeout: "2s",
        attemptTimeout: "10s",
        ...options,
      });
      pools.push(pool);
      return pool;
    },
  };
}

function healthOf(pool: ExitPool, proxy: HttpProxy): { fail: number; success: number } {
  const { fail, success } = pool.status().targets["target.test"].exits[`http://127.0.0.1:${proxy.port}`];
  return { fail, success };
}

function everything(error: unknown): string {
  const parts: string[] = [];
  for (let each = error as Error | undefined; each instanceof Error; each = each.cause as Error | undefined) parts.push(String(each.stack), JSON.stringify(each, (_key, value: unknown) => (typeof value === "object" && value !== null && "socket" in value ? undefined : value)) ?? "");
  return parts.join("\n");
}
