import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { createExitPool } from "@multihome/core";
import { closedPort, createTestCertificate, startHttpServer } from "@multihome/core/testing";
import { createExitDispatcher } from "../src/index.ts";
import { bench, errorOf, fetches, socks, until, versions } from "./support.ts";

interface Seen {
  address: string;
  connection: number;
}

/** undici takes a connection back in the turn after the answer, not before. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const addresses = (count: number): string[] => Array.from({ length: count }, (_, index) => `127.0.0.${index + 2}`);

for (const version of versions) {
  const { name, undici } = version;

  for (const [client, fetch] of fetches(version)) {
    test(`${client}: each of 253 addresses is the one that the server sees, also on kept connections`, async (t) => {
      const exits = addresses(253);
      const { dispatcher, server } = await bench(t, version, { exits: { local: exits } });
      const connections = new Map<string, number>();

      for (let round = 0; round < 2; round++) {
        const seen: Seen[] = [];
        for (let begin = 0; begin < 253; begin += 23) {
          const answers = await Promise.all(Array.from({ length: 23 }, async () => (await (await fetch(server.url, { dispatcher })).json()) as Seen));
          seen.push(...answers);
        }
        assert.deepEqual(new Set(seen.map(({ address }) => address)), new Set(exits));
        for (const { address, connection } of seen) {
          if (round === 1) assert.equal(connection, connections.get(address), `${address} kept its connection`);
          connections.set(address, connection);
        }
      }
      assert.equal(server.accepted, 253);
    });

    test(`${client}: each hop of a redirect is leased`, async (t) => {
      const { dispatcher, server } = await bench(t, version);

      const response = await fetch(`${server.url}/redirect?to=/final`, { dispatcher });

      assert.equal(response.redirected, true);
      await response.text();
      assert.equal(server.seen.length, 2);
      assert.notEqual(server.seen[0].address, server.seen[1].address);
    });

    test(`${client}: pool.with pins a request to the exit of a lease`, async (t) => {
      const { dispatcher, server, pool } = await bench(t, version);
      await using lease = await pool.acquire({ method: "GET", url: server.url });

      const seen: string[] = [];
      for (let index = 0; index < 3; index++) {
        const response = await pool.with({ lease }, () => fetch(server.url, { dispatcher }));
        seen.push(((await response.json()) as Seen).address);
      }

      assert.deepEqual(seen, [lease.localAddress, lease.localAddress, lease.localAddress]);
    });
  }

  test(`${name}: a dispatcher made for a lease sends by its exit, on the connection that is there already`, async (t) => {
    const { dispatcher, server, pool } = await bench(t, version);
    for (let index = 0; index < 3; index++) await (await undici.request(server.url, { dispatcher })).body.dump();
    await turn();
    const lease = await pool.acquire({ method: "GET", url: server.url });
    const pinned = createExitDispatcher(undici, pool, { lease });

    for (let index = 0; index < 3; index++) {
      const { body } = await undici.request(server.url, { dispatcher: pinned });
      assert.equal(((await body.json()) as Seen).address, lease.localAddress);
      await turn();
    }

    assert.equal(server.accepted, 3);
    lease.release();
    await pinned.close();
    const { body } = await undici.request(server.url, { dispatcher });
    await body.dump();
    assert.equal(server.accepted, 3, "closing one of two dispatchers leaves the shared connections alone");
  });

  test(`${name}: hints come with the request's own options, or from around it`, async (t) => {
    const { dispatcher, server } = await bench(t, version, { targets: { narrow: { hosts: "narrow.test", limits: [{ name: "none", unit: "weight", limit: 5, per: "1m" }] } } });

    const error = await errorOf(undici.request(server.url, { dispatcher, multihome: { target: "narrow", weight: 6 } }));
    assert.equal(error.code, "MH_ERR_OVER_QUOTA");
    assert.ok(error instanceof undici.errors.UndiciError);
    const { body } = await undici.request(server.url, { dispatcher, multihome: { target: "narrow", weight: 5 } });
    await body.dump();
    assert.equal(server.seen.length, 1);
  });

  test(`${name}: a SOCKS5 exit resolves names itself and keeps its tunnels`, async (t) => {
    const proxy = await socks(t, { egress: "127.0.0.50", hosts: { "only.here": "127.0.0.1" }, username: "user", password: "secret" });
    const { dispatcher, server } = await bench(t, version, { exits: { proxies: [proxy.url] }, defaults: { spacing: 0 } });
    const url = server.url.replace("127.0.0.1", "only.here");

    for (let index = 0; index < 3; index++) {
      const { body } = await undici.request(url, { dispatcher });
      assert.equal(((await body.json()) as Seen).address, "127.0.0.50");
      await turn();
    }

    const { destinations, accepted } = proxy.books();
    assert.equal(accepted, 1);
    assert.deepEqual([destinations[0].host, destinations[0].named], ["only.here", true]);
  });

  test(`${name}: a POST goes on by another exit when a proxy is dead or hangs in its handshake, and is written once`, async (t) => {
    const hanging = await socks(t, { fault: "hang-connect" });
    const dead = `socks5://127.0.0.1:${await closedPort()}`;
    const { dispatcher, server } = await bench(t, version, { exits: { proxies: [dead, hanging.url], local: ["127.0.0.7"] }, connectTimeout: 100, defaults: { spacing: 0 } });

    for (let index = 0; index < 3; index++) {
      const { body } = await undici.request(`${server.url}/echo`, { dispatcher, method: "POST", body: `order ${index}` });
      assert.equal(await body.text(), `order ${index}`);
    }

    assert.deepEqual(server.seen.map(({ address, body }) => [address, body]), [0, 1, 2].map((index) => ["127.0.0.7", `order ${index}`]));
  });

  test(`${name}: a stream body survives exits that never connected, because nobody has touched it`, async (t) => {
    const dead = `socks5://127.0.0.1:${await closedPort()}`;
    const { dispatcher, server } = await bench(t, version, { exits: { proxies: [dead], local: ["127.0.0.7"] }, defaults: { spacing: 0 } });
    async function* parts(): AsyncGenerator<string> {
      yield "one ";
      yield "two";
    }

    for (let index = 0; index < 2; index++) {
      const { body } = await undici.request(`${server.url}/echo`, { dispatcher, method: "POST", body: parts() as never });
      assert.equal(await body.text(), "one two");
    }
  });

  test(`${name}: TLS is verified end to end, by the options for the exit`, async (t) => {
    const certificate = createTestCertificate();
    const proxy = await socks(t, { egress: "127.0.0.50" });
    for (const options of [{ ca: certificate.ca }, { connect: { ca: certificate.ca } }]) {
      const { dispatcher, server } = await bench(t, version, { server: { tls: certificate }, exits: { local: ["127.0.0.2"], proxies: [proxy.url], agentOptions: () => options }, defaults: { spacing: 0 } });
      const seen = new Set<string>();
      for (let index = 0; index < 2; index++) {
        const { body } = await undici.request(server.url.replace("127.0.0.1", "localhost"), { dispatcher });
        seen.add(((await body.json()) as Seen).address);
      }
      assert.deepEqual(seen, new Set(["127.0.0.2", "127.0.0.50"]));
    }
  });

  test(`${name}: TLS sessions are resumed within an exit and never shared by two`, async (t) => {
    const certificate = createTestCertificate();
    const resumed: [string, boolean][] = [];
    const server = createServer({ ...certificate }, (request, response) => {
      resumed.push([request.socket.remoteAddress ?? "", (request.socket as TLSSocket).isSessionReused()]);
      response.writeHead(200, { connection: "close" }).end("ok");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const pool = createExitPool({ exits: { local: ["127.0.0.2", "127.0.0.3"], agentOptions: () => ({ ca: certificate.ca }) } });
    t.after(() => pool.close());
    const dispatcher = createExitDispatcher(undici, pool);

    for (let index = 0; index < 6; index++) {
      const { body } = await undici.request(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, { dispatcher });
      await body.text();
    }

    for (const exit of ["127.0.0.2", "127.0.0.3"]) {
      const [first, ...later] = resumed.filter(([address]) => address === exit).map(([, reused]) => reused);
      assert.equal(first, false, `${exit} begins with a session of its own`);
      assert.deepEqual(later, [true, true]);
    }
  });

  test(`${name}: HTTP/2 is spoken where it is asked for, and not otherwise`, async (t) => {
    const http2 = await import("node:http2");
    const certificate = createTestCertificate();
    const versionsSeen: string[] = [];
    const server = http2.createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
      versionsSeen.push(`${request.httpVersion} ${request.socket.remoteAddress}`);
      response.end("ok");
    });
    const sessions = new Set<{ destroy(): void }>();
    server.on("session", (session) => sessions.add(session));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const allowH2 of [false, true]) {
      const pool = createExitPool({ exits: { local: ["127.0.0.2"], agentOptions: () => ({ ca: certificate.ca }) } });
      const dispatcher = createExitDispatcher(undici, pool, { allowH2 });
      for (let index = 0; index < 2; index++) {
        const { statusCode, body } = await undici.request(url, { dispatcher });
        assert.deepEqual([statusCode, await body.text()], [200, "ok"]);
      }
      const aborted = undici.request(url, { dispatcher, signal: AbortSignal.abort() });
      await errorOf(aborted);
      assert.equal(pool.status().inflight, 0);
      await pool.close();
    }
    assert.deepEqual(versionsSeen, ["1.1 127.0.0.2", "1.1 127.0.0.2", "2.0 127.0.0.2", "2.0 127.0.0.2"]);
  });

  test(`${name}: proxies named in the environment are not asked`, async (t) => {
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];
    const before = names.map((each) => [each, process.env[each]] as const);
    t.after(() => {
      for (const [each, value] of before) {
        if (value === undefined) delete process.env[each];
        else process.env[each] = value;
      }
    });
    const proxy = `http://127.0.0.1:${await closedPort()}`;
    for (const each of names) process.env[each] = each.toLowerCase() === "no_proxy" ? "" : proxy;
    const { dispatcher, server } = await bench(t, version);

    const { body } = await undici.request(server.url, { dispatcher });

    assert.match(((await body.json()) as Seen).address, /^127\.0\.0\.[234]$/);
  });

  test(`${name}: an exit's options that would lead past it are refused by name`, async (t) => {
    for (const [option, options] of [["socketPath", { connect: { socketPath: "/tmp/x" } }], ["localAddress", { localAddress: "127.0.0.99" }], ["connect", { connect: () => {} }]] as const) {
      const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2"], agentOptions: () => options } });

      const error = await errorOf(undici.request(server.url, { dispatcher }));

      assert.ok(error instanceof undici.errors.InvalidArgumentError);
      assert.match(error.message, new RegExp(option));
      assert.equal((error.cause as { code?: string }).code, "MH_ERR_CONFIG");
      assert.equal(server.seen.length, 0);
    }
  });

  test(`${name}: undici's options for all exits hold, and those for one exit go before`, async (t) => {
    const { dispatcher, server } = await bench(t, version, {
      exits: { local: ["127.0.0.2", "127.0.0.3"], agentOptions: (exit) => (exit.id === "127.0.0.3" ? { maxResponseSize: 10 } : {}) },
      dispatcher: { agent: { maxResponseSize: 1_000 } },
    });
    const outcomes: Record<string, string | undefined> = {};
    for (const bytes of [100, 100, 2_000, 2_000]) {
      const size = await undici.request(`${server.url}/big?bytes=${bytes}`, { dispatcher }).then(({ body }) => body.text()).then(({ length }) => String(length), (error: { code?: string }) => error.code);
      outcomes[`${server.seen.at(-1)?.address} ${bytes}`] = size;
    }
    assert.deepEqual(outcomes, {
      "127.0.0.2 100": "100",
      "127.0.0.3 100": "UND_ERR_RES_EXCEEDED_MAX_SIZE",
      "127.0.0.2 2000": "UND_ERR_RES_EXCEEDED_MAX_SIZE",
      "127.0.0.3 2000": "UND_ERR_RES_EXCEEDED_MAX_SIZE",
    });
  });

  test(`${name}: the dns interceptor changes the address, not the target`, async (t) => {
    const { dispatcher, server, pool } = await bench(t, version, { targets: { named: { hosts: "localhost", limits: [{ name: "one", unit: "request", limit: 1, per: "1h" }] } } });
    const composed = dispatcher.compose(undici.interceptors.dns({ dualStack: false, affinity: 4 }));
    const { body } = await undici.request(server.url.replace("127.0.0.1", "localhost"), { dispatcher: composed });
    await body.dump();

    assert.equal(server.seen[0].headers.host, `localhost:${server.port}`);
    const used = Object.values(pool.status().targets.named.exits).map(({ limits }) => limits[0].used);
    assert.deepEqual(used.toSorted(), [0, 0, 1]);
  });
}

test("two versions of undici send through one pool in one process", { skip: versions.length < 2 }, async (t) => {
  const server = await startHttpServer();
  const pool = createExitPool({ exits: { local: ["127.0.0.2", "127.0.0.3"] } });
  t.after(async () => {
    await pool.close();
    await server.close();
  });
  for (const { undici } of versions) {
    const dispatcher = createExitDispatcher(undici, pool);
    for (const other of versions) {
      const response = await other.undici.fetch(server.url, { dispatcher });
      assert.match(((await response.json()) as Seen).address, /^127\.0\.0\.[23]$/);
    }
    const response = await fetch(server.url, { dispatcher } as unknown as RequestInit);
    assert.equal(response.status, 200);
    await response.text();
    undici.setGlobalDispatcher(dispatcher);
    for (const each of [fetch(server.url), undici.fetch(server.url) as unknown as Promise<Response>]) assert.match(((await (await each).json()) as Seen).address, /^127\.0\.0\.[23]$/);
  }
  assert.equal(pool.status().inflight, 0);
  await until("all were seen", () => server.live === 0);
});
