import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTestCertificate, startSocksServer } from "@multihome/core/testing";
import { clients, eventually, failureOf, room } from "./support.ts";
import type { Echo } from "./support.ts";

const ADDRESSES = Array.from({ length: 253 }, (_, index) => `127.0.3.${index + 2}`);

for (const client of clients) {
  describe(`${client.name}: exits`, () => {
    for (const mode of ["request", "agent"] as const) {
      it(`are the addresses that the server sees, each of 253, with kept connections (mode ${mode})`, async (t) => {
        const { got, server, pool } = await room(t, client, { mode, pool: { exits: { local: ADDRESSES } } });
        for (let round = 0; round < 2; round++) {
          const answers = await Promise.all(ADDRESSES.map((address) => pool.acquire({ method: "GET", url: server.url }).then(async (lease) => {
            const seen = await got(`${server.url}/${lease.exit.id}`, { context: { multihome: { lease } } }).json<Echo>();
            lease.release();
            return [lease.exit.id, seen.address, address];
          })));
          for (const [leased, seen] of answers) assert.equal(seen, leased);
          assert.equal(new Set(answers.map(([leased]) => leased)).size, 253);
        }
        assert.equal(server.accepted, 253);
      });
    }

    it("are SOCKS5 proxies: the server sees theirs, names are theirs to resolve, connections are kept", async (t) => {
      const proxies = await Promise.all(["127.0.4.1", "127.0.4.2"].map((egress) => startSocksServer({ egress, hosts: { "target.invalid": "127.0.0.1" } })));
      t.after(() => Promise.all(proxies.map((proxy) => proxy.close())));
      const { got, server } = await room(t, client, { pool: { exits: { proxies: proxies.map(({ url }) => url) }, perExitInFlight: 1, defaults: { spacing: 0, race: { mode: "off" } } } });
      for (let i = 0; i < 3; i++) {
        const seen = await Promise.all([1, 2].map(async () => (await got(`http://target.invalid:${server.port}/delay/20`).json<Echo>()).address));
        assert.deepEqual(seen.toSorted(), ["127.0.4.1", "127.0.4.2"]);
      }
      assert.ok(proxies.every((proxy) => proxy.books().destinations.every(({ named }) => named)));
      assert.equal(server.accepted, 2);
    });

    it("carry TLS to the target, verified there", async (t) => {
      const certificate = createTestCertificate();
      const socks = await startSocksServer({ egress: "127.0.4.3" });
      t.after(() => socks.close());
      const { got, server } = await room(t, client, { server: { tls: certificate }, pool: { exits: { proxies: [socks.url] }, queue: { maxAttempts: 1 }, defaults: { spacing: 0 } } });
      const options = { https: { certificateAuthority: certificate.ca } };
      assert.equal((await got(`https://localhost:${server.port}/`, options).json<Echo>()).address, "127.0.4.3");
      assert.equal((await got.post(`https://localhost:${server.port}/`, { ...options, json: { a: 1 } }).json<Echo>()).body, '{"a":1}');
      assert.match((await failureOf(got(`https://localhost:${server.port}/`))).code, /SELF_SIGNED|UNABLE_TO/);
    });

    it("are left to rest after a proxy has cut an answer, and the lease comes back", async (t) => {
      const socks = await startSocksServer({ fault: { kind: "cut", afterBytes: 300 } });
      t.after(() => socks.close());
      const { got, server, pool } = await room(t, client, { pool: { exits: { proxies: [socks.url] }, defaults: { spacing: 0 }, queue: { maxAttempts: 1 } } });
      await assert.rejects(got(`${server.url}/big?bytes=100000`), { name: "ReadError" });
      await eventually(() => pool.status().inflight === 0, "a lease is still out");
      assert.equal(Object.values(Object.values(pool.status().targets)[0].exits)[0].fail, 1);
    });

    it("take the agent options of the pool", async (t) => {
      const { got, server } = await room(t, client, { pool: { exits: { local: ["127.0.0.2"], agentOptions: () => ({ keepAlive: false }) } } });
      await got(server.url);
      await got(server.url);
      assert.equal(server.accepted, 2);
      assert.equal(server.seen[0].headers.connection, "close");
    });
  });
}
