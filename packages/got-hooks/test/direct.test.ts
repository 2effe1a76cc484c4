import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions } from "@multihome/core";
import { startHttpServer, startSocksServer } from "@multihome/core/testing";
import type { HttpServer } from "@multihome/core/testing";
import type { Got } from "got";
import { gotHooks } from "../src/index.ts";
import { clients, eventually, failureOf } from "./support.ts";
import type { Client, Echo } from "./support.ts";

async function room(t: TestContext, client: Client, options: ExitPoolOptions = {}): Promise<{ got: Got; pool: ExitPool; server: HttpServer; natives: () => number }> {
  const server = await startHttpServer();
  const pool = createExitPool({ exits: { local: ["127.0.0.2", "127.0.0.3"] }, queue: { maxAttempts: 1 }, ...options });
  await pool.ready();
  let natives = 0;
  const got = client.got.extend(gotHooks(pool), {
    retry: { limit: 0 },
    handlers: [
      (options_, next) => {
        const result = next(options_);
        (result as unknown as { on(event: "request", listener: (request: unknown) => void): void }).on("request", (request) => void (natives += request instanceof http.ClientRequest ? 1 : 0));
        return result;
      },
    ],
  });
  t.after(async () => {
    await eventually(() => pool.status().inflight === 0, "a lease is still out");
    await pool.close();
    await eventually(() => server.sockets === 0, "a socket is still open");
    await server.close();
  });
  return { got, pool, server, natives: () => natives };
}

for (const client of clients) {
  describe(`${client.name}: a request that can have one attempt only`, () => {
    it("is Node's own, through the exit, and its lease comes back", async (t) => {
      const { got, server, pool, natives } = await room(t, client);
      assert.equal((await got(server.url).json<Echo>()).address, "127.0.0.2");
      assert.equal((await got.post(server.url, { json: { a: 1 } }).json<Echo>()).body, '{"a":1}');
      await got(`${server.url}/redirect?to=/end`);
      assert.equal((await got(`${server.url}/big?bytes=1000000`).buffer()).length, 1_000_000);
      assert.ok(natives() >= 4);
      assert.equal(pool.status().inflight, 0);
      assert.equal(Object.values(Object.values(pool.status().targets)[0].exits).reduce((sum, { success }) => sum + success, 0), 5);
    });

    it("is one while it has to wait, too: then behind a facade", async (t) => {
      const { got, server, natives } = await room(t, client, { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1 });
      await Promise.all([got(`${server.url}/delay/20`), got(`${server.url}/delay/20`)]);
      assert.equal(natives(), 1);
    });

    it("is settled by what it brings: a cut, a refusal, no connection", async (t) => {
      const { got, server, pool } = await room(t, client, { exits: { local: ["127.0.0.2"] } });
      const exit = (): { success: number; fail: number } => Object.values(Object.values(pool.status().targets)[0].exits)[0];
      assert.equal((await failureOf(got(`${server.url}/cut`))).name, "ReadError");
      assert.equal(exit().fail, 1);
      assert.equal((await failureOf(got(`${server.url}/status/404`))).response?.statusCode, 404);
      assert.equal(exit().success, 1);
      assert.equal((await failureOf(got(`${server.url}/disconnect`))).code, "ECONNRESET");
      assert.equal((await failureOf(got(`${server.url}/unasked-upgrade`))).code, "ERR_UNASKED_UPGRADE");
      assert.equal(pool.status().inflight, 0);
    });

    it("is nobody's failure when its caller gives it up", async (t) => {
      const { got, server, pool } = await room(t, client, { exits: { local: ["127.0.0.2"] } });
      for (const path of ["/hang", "/headers-then-hang", "/body-then-hang"]) {
        assert.equal((await failureOf(got(server.url + path, { timeout: { request: 60 } }))).name, "TimeoutError");
        assert.equal((await failureOf(got(server.url + path, { signal: AbortSignal.timeout(60) }))).name, "TimeoutError");
      }
      const stream = got.stream(`${server.url}/endless`);
      stream.on("error", () => undefined);
      await once(stream, "data");
      stream.destroy();
      await eventually(() => server.live === 0, "the server was not told");
      assert.equal(Object.values(Object.values(pool.status().targets)[0].exits)[0].fail, 0);
    });

    it("ends at once while its proxy hangs, and is judged by its first bytes through one that does not", async (t) => {
      const socks = await startSocksServer({ fault: (connection) => (connection === 0 ? "hang-connect" : "ok") });
      t.after(() => socks.close());
      const { got, server, pool } = await room(t, client, { exits: { proxies: [socks.url] }, defaults: { spacing: 0 } });
      assert.equal((await failureOf(got(server.url, { timeout: { request: 60 } }))).name, "TimeoutError");
      await eventually(() => socks.books().open === 0, "the connection to the proxy is still open");
      assert.match(await got(server.url).text(), /"address"/);
      assert.equal(Object.values(Object.values(pool.status().targets)[0].exits)[0].success, 1);
    });

    it("hears why when the pool ends", async (t) => {
      const { got, server, pool } = await room(t, client);
      const failing = failureOf(got(`${server.url}/hang`));
      await eventually(() => server.live === 1, "it was not sent");
      await pool.close({ drain: 0 });
      assert.equal((await failing).code, "MH_ERR_CLOSED");
    });
  });
}
