import assert from "node:assert/strict";
import http from "node:http";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ManualClock } from "@multihome/core/testing";
import { clients, eventually, failureOf, LOCAL, room } from "./support.ts";
import type { Echo, Room } from "./support.ts";

for (const client of clients) {
  describe(`${client.name}, mode "agent"`, () => {
    const agentRoom = (t: Parameters<typeof room>[0], pool = LOCAL): Promise<Room> => room(t, client, { mode: "agent", pool });

    it("leases an exit for each request, retry and hop", async (t) => {
      const { got, server } = await agentRoom(t);
      await got(server.url);
      await got(`${server.url}/redirect?to=/end`);
      assert.deepEqual(server.seen.map(({ address }) => address), ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
      const response = await got(`${server.url}/sequence/503,200`, { retry: { limit: 1, calculateDelay: ({ computedValue }) => (computedValue === 0 ? 0 : 1) } });
      assert.equal(response.retryCount, 1);
      assert.equal(server.seen.length, 5);
      assert.notEqual(server.seen[3].address, server.seen[4].address);
    });

    it("leaves the request function to the user", async (t) => {
      const { got, server } = await agentRoom(t);
      let calls = 0;
      const request = (...args: Parameters<typeof http.request>): http.ClientRequest => {
        calls++;
        return http.request(...args);
      };
      const own = got.extend({ request: request as never });
      assert.equal((await own.post(server.url, { json: { a: 1 } }).json<Echo>()).body, '{"a":1}');
      assert.equal(calls, 1);
      assert.equal(server.seen[0].address, "127.0.0.2");
    });

    it("gives every lease back: ends, cuts, refusals, timeouts, signals, failed connections", async (t) => {
      const { got, server, pool } = await agentRoom(t);
      await got(`${server.url}/status/429`).catch(() => undefined);
      await got(`${server.url}/cut`).catch(() => undefined);
      await got(`${server.url}/reset`).catch(() => undefined);
      await got("http://127.0.0.1:1").catch(() => undefined);
      await got(`${server.url}/hang`, { timeout: { request: 40 } }).catch(() => undefined);
      await got(`${server.url}/headers-then-hang`, { signal: AbortSignal.timeout(40) }).catch(() => undefined);
      const stream = got.stream(`${server.url}/endless`);
      stream.on("error", () => undefined);
      await delay(30);
      stream.destroy();
      await eventually(() => pool.status().inflight === 0, "a lease is still out");
    });

    it("tells the pool what the target said", async (t) => {
      const { got, server, pool } = await agentRoom(t, { exits: { local: ["127.0.0.2", "127.0.0.3"] } });
      await failureOf(got(`${server.url}/status/429?retry-after=60`));
      for (let i = 0; i < 3; i++) await got(server.url);
      assert.deepEqual(server.seen.map(({ address }) => address), ["127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.3"]);
      assert.equal(pool.status().inflight, 0);
    });

    it("stops waiting for a lease by the signal and by timeout.request", async (t) => {
      const { got, server, pool } = await agentRoom(t, { exits: { local: ["127.0.0.2"] }, defaults: { spacing: 60_000 } });
      await got(server.url);
      assert.match((await failureOf(got(server.url, { signal: AbortSignal.timeout(40) }))).name, /^(Timeout|Abort)Error$/);
      assert.equal((await failureOf(got(server.url, { timeout: { request: 40 } }))).code, "MH_ERR_TIMEOUT");
      assert.equal(pool.status().tasks.pending, 0);
    });

    it("gives an unused lease back, and lets no request leave with one that it has given back", async (t) => {
      const clock = new ManualClock();
      const { got, server, pool } = await agentRoom(t, { ...LOCAL, clock });
      const slow = got.extend({
        hooks: {
          beforeRequest: [
            async () => {
              assert.equal(pool.status().inflight, 1);
              await clock.advance(10_000);
              assert.equal(pool.status().inflight, 0);
            },
          ],
        },
      });
      const failure = await failureOf(slow(server.url));
      assert.equal(failure.code, "MH_ERR_TIMEOUT");
      assert.equal(server.accepted, 0);
    });

    it("refuses what it cannot bind", async (t) => {
      const { got, server } = await agentRoom(t);
      for (const options of [{ agent: { http: new http.Agent() } }, { localAddress: "127.0.0.9" }, { http2: true }]) {
        assert.equal((await failureOf(got(server.url, options))).code, "MH_ERR_CONFIG");
      }
      assert.equal(server.accepted, 0);
    });
  });
}
