import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createTestCertificate, closedPort, startSocksServer } from "@multihome/core/testing";
import type { ExitPoolOptions } from "@multihome/core";
import { clients, eventually, failureOf, LOCAL, room } from "./support.ts";
import type { Room } from "./support.ts";

/** One leg, and two that race. */
const WIDTHS: readonly { legs: string; pool: ExitPoolOptions }[] = [
  { legs: "one leg", pool: LOCAL },
  { legs: "two legs", pool: { ...LOCAL, defaults: { race: { mode: "race", width: 2 } } } },
];

/** Ways in which a caller gives up, once `ready` says so, and the error that got documents for each. */
const WAYS: readonly { how: string; name: string; only?: 14; give(got: Room["got"], url: string, ready: () => Promise<void>): Promise<unknown> }[] = [
  { how: "its signal", name: "AbortError", give: async (got, url, ready) => {
    const controller = new AbortController();
    const promise = got(url, { signal: controller.signal });
    await Promise.all([promise, ready().then(() => controller.abort())]);
  } },
  { how: "cancel()", name: "CancelError", only: 14, give: async (got, url, ready) => {
    const promise = got(url);
    await Promise.all([promise, ready().then(() => (promise as unknown as { cancel(): void }).cancel())]);
  } },
  { how: "timeout.request", name: "TimeoutError", give: (got, url) => got(url, { timeout: { request: 80 } }) },
];

for (const client of clients) {
  for (const { legs, pool } of WIDTHS) {
    describe(`${client.name}, ${legs}: a request that is given up`, () => {
      for (const { how, name, only, give } of WAYS) {
        if (only !== undefined && client.version !== only) continue;
        for (const path of ["/hang", "/headers-then-hang", "/body-then-hang?bytes=10", "/delay-body/5000"]) {
          it(`ends by ${how} in ${path}, on every leg`, async (t) => {
            const { got, server, pool: exits } = await room(t, client, { pool });
            const failure = await failureOf(give(got, server.url + path, async () => {
              await eventually(() => server.seen.length > 0, "it was not sent");
              await delay(30);
            }));
            assert.equal(failure.name, name);
            await eventually(() => server.live === 0, "the server was not told");
            assert.equal(exits.status().inflight, 0);
          });
        }
      }

      it("ends by timeout.response", async (t) => {
        const { got, server } = await room(t, client, { pool });
        const failure = await failureOf(got(`${server.url}/hang`, { timeout: { response: 60 } }));
        assert.deepEqual([failure.name, failure.code, failure.event], ["TimeoutError", "ETIMEDOUT", "response"]);
      });

      it("ends by timeout.read", async (t) => {
        const { got, server } = await room(t, client, { pool });
        const failure = await failureOf(got(`${server.url}/headers-then-hang`, { timeout: { read: 60 } }));
        assert.deepEqual([failure.name, failure.event], ["TimeoutError", "read"]);
      });

      it("ends by timeout.socket, once every leg is silent", async (t) => {
        const { got, server } = await room(t, client, { pool });
        const failure = await failureOf(got(`${server.url}/hang`, { timeout: { socket: 60 } }));
        assert.deepEqual([failure.name, failure.event], ["TimeoutError", "socket"]);
      });

      it("ends by timeout.socket in the middle of a body", async (t) => {
        const { got, server } = await room(t, client, { pool });
        const failure = await failureOf(got(`${server.url}/body-then-hang`, { timeout: { socket: 60 } }));
        assert.deepEqual([failure.name, failure.event], ["TimeoutError", "socket"]);
      });

      it("ends when its stream is destroyed: before the head, and in the body", async (t) => {
        const { got, server } = await room(t, client, { pool });
        const early = got.stream(`${server.url}/hang`);
        early.on("error", () => undefined);
        await eventually(() => server.live > 0, "it was not sent");
        early.destroy();
        await eventually(() => server.live === 0, "the server was not told");

        const late = got.stream(`${server.url}/endless`);
        late.on("error", () => undefined);
        await once(late, "data");
        late.destroy();
        await eventually(() => server.live === 0, "the server was not told");
      });

      it("is no failure of an exit", async (t) => {
        const { got, server, pool: exits } = await room(t, client, { pool });
        for (let i = 0; i < 4; i++) await failureOf(got(`${server.url}/hang`, { timeout: { request: 30 } }));
        for (const { exits: each } of Object.values(exits.status().targets)) {
          for (const status of Object.values(each)) assert.equal(status.fail, 0);
        }
      });
    });

    describe(`${client.name}, ${legs}: a body that is cut`, () => {
      for (const path of ["/cut", "/cut-reset", "/cut-chunked", "/cut-close"]) {
        it(`is an error of got's, and the exit's (${path})`, async (t) => {
          const { got, server, pool: exits } = await room(t, client, { pool: { ...pool, queue: { maxAttempts: 1 } } });
          const failure = await failureOf(got(server.url + path));
          const bare = await failureOf(client.got(server.url + path, { retry: { limit: 0 } }));
          assert.deepEqual([failure.name, failure.code], [bare.name, bare.code]);
          await eventually(() => exits.status().inflight === 0, "a lease is still out");
          const failed = Object.values(exits.status().targets).flatMap((target) => Object.values(target.exits)).reduce((sum, exit) => sum + exit.fail, 0);
          assert.ok(failed >= 1);
        });
      }
    });
  }

  describe(`${client.name}: while a request waits for a lease`, () => {
    const waiting = (t: Parameters<typeof room>[0]): Promise<Room> => room(t, client, { pool: { exits: { local: ["127.0.0.2"] }, defaults: { spacing: 60_000 } } });

    for (const { how, name, only, give } of WAYS) {
      if (only !== undefined && client.version !== only) continue;
      it(`ends by ${how}, unsent`, async (t) => {
        const { got, server, pool } = await waiting(t);
        await got(server.url);
        const failure = await failureOf(give(got, server.url, () => delay(30)));
        assert.equal(failure.name, name);
        assert.equal(server.seen.length, 1);
        assert.equal(pool.status().tasks.pending, 0);
      });
    }

    it("ends when the pool is closed, with got's error and ours as its cause", async (t) => {
      const { got, server, pool } = await waiting(t);
      await got(server.url);
      const failing = failureOf(got(server.url));
      await pool.close();
      const failure = await failing;
      assert.deepEqual([failure.name, failure.code, failure.cause?.code], ["RequestError", "MH_ERR_CLOSED", "MH_ERR_CLOSED"]);
      const late = await failureOf(got(server.url));
      assert.equal(late.code, "MH_ERR_CLOSED");
    });
  });

  describe(`${client.name}: while a proxy hangs`, () => {
    for (const fault of ["hang", "hang-handshake", "hang-connect", "hang-tls"] as const) {
      it(`ends at once in ${fault}, and the proxy's connection with it`, async (t) => {
        const certificate = createTestCertificate();
        const socks = await startSocksServer({ fault: { kind: fault } as never });
        const { got, server } = await room(t, client, { pool: { exits: { proxies: [socks.url] } }, server: { tls: certificate } });
        t.after(() => socks.close());
        for (const { name, only, give } of WAYS) {
          if (only !== undefined && client.version !== only) continue;
          const failure = await failureOf(give(got, server.url, () => eventually(() => socks.books().open > 0, "the proxy was not asked")));
          assert.equal(failure.name, name);
          await eventually(() => socks.books().open === 0, "the connection to the proxy is still open");
        }
      });
    }

    it("ends by what got allows for the connection, not by the pool's deadline", async (t) => {
      const socks = await startSocksServer({ fault: "hang" });
      const { got, server } = await room(t, client, { pool: { exits: { proxies: [socks.url] }, queue: { maxAttempts: 1 } } });
      t.after(() => socks.close());
      const begun = process.hrtime.bigint();
      const failure = await failureOf(got(server.url, { timeout: { lookup: 20, connect: 20, secureConnect: 20 } }));
      assert.equal(failure.code, "ETIMEDOUT");
      assert.match(failure.message, /within 60 ms/);
      assert.ok(process.hrtime.bigint() - begun < 7_000_000_000n, "it took as long as the pool allows");
      assert.equal(server.seen.length, 0);
    });
  });

  describe(`${client.name}: a request that fails`, () => {
    it("brings the system's own error", async (t) => {
      const { got } = await room(t, client);
      const failure = await failureOf(got(`http://127.0.0.1:${await closedPort()}`));
      assert.deepEqual([failure.name, failure.code], ["RequestError", "ECONNREFUSED"]);
    });

    it("brings Node's error for what cannot be sent, after one attempt", async (t) => {
      const { got, server, pool } = await room(t, client, { pool: { exits: { proxies: ["socks5://127.0.0.1:9"] } } });
      const failure = await failureOf(got(server.url, { headers: { "x-bad": "line\nbreak" } }));
      assert.equal(failure.code, "ERR_INVALID_CHAR");
      assert.equal(pool.status().inflight, 0);
    });

    for (const path of ["/disconnect", "/reset", "/raw?text=nonsense%0D%0A", "/huge-header"]) {
      it(`is told, as by got alone, of a server that answers nothing or nonsense (${path})`, async (t) => {
        const { got, server } = await room(t, client, { pool: { ...LOCAL, queue: { maxAttempts: 1 } } });
        const failure = await failureOf(got(server.url + path));
        const bare = await failureOf(client.got(server.url + path, { retry: { limit: 0 } }));
        assert.deepEqual([failure.name, failure.code], [bare.name, bare.code]);
      });
    }

    it("hears why, when the pool ends in the middle of its body", async (t) => {
      const { got, server, pool } = await room(t, client);
      const failing = failureOf(got(`${server.url}/body-then-hang`));
      await eventually(() => server.live === 1, "it was not sent");
      await delay(30);
      await pool.close({ drain: 0 });
      const failure = await failing;
      assert.equal(failure.code, "MH_ERR_CLOSED");
    });
  });
}
