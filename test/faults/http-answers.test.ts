// Hostile answers of targets, through every client, by an own address and through a proxy, with and without a race: each
// request settles in time, a body that was cut is no success, and nothing is left open.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool } from "@multihome/core";
import { startSocksServer } from "@multihome/core/testing";
import { axiosClient } from "../support/contract-axios.ts";
import { codesOf } from "../support/contract-client.ts";
import { gotClient } from "../support/contract-got.ts";
import { eventually } from "../support/contract-room.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";
import { HOSTILE_ANSWERS, startHostileServer } from "../support/hostile-answers.ts";

const OWN_TIMEOUT_MS = 3_000;
/** undici's own timeouts begin anew with each byte; what drips for ever is ended by the caller. */
const LATEST_MS = 20_000;

for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  describe(`hostile answers with ${client.name}`, { concurrency: true }, () => {
    for (const way of ["an own address", "a proxy", "two proxies at once"] as const) {
      test(`by ${way}`, async (t) => {
        const server = await startHostileServer();
        const proxies = [await startSocksServer(), await startSocksServer()];
        const pools: ExitPool[] = [];
        t.after(async () => {
          for (const pool of pools) await pool.close();
          for (const proxy of proxies) await proxy.close();
          await server.close();
        });
        const open = (): ExitPool => {
          const pool = createExitPool({
            exits: way === "an own address" ? { local: ["127.0.44.1"] } : { proxies: proxies.slice(0, way === "a proxy" ? 1 : 2).map(({ url }) => url) },
            defaults: { spacing: 0, race: way === "two proxies at once" ? { mode: "race", width: 2 } : { mode: "off" } },
            attemptTimeout: OWN_TIMEOUT_MS,
            queue: { maxAttempts: 1, timeout: "10s" },
          });
          pools.push(pool);
          return pool;
        };

        await Promise.all(Object.entries(HOSTILE_ANSWERS).map(async ([name, { outcome }]) => {
          // A pool each: what one answer does to its exit must not decide what becomes of the next.
          const sender = client.through(open());
          const startedAt = performance.now();
          let reason = "";
          const found = await sender.send(server.url(name), { timeoutMs: OWN_TIMEOUT_MS, signal: AbortSignal.timeout(LATEST_MS / 4) }).then(
            ({ text }) => (text === "forged" ? "forged" : "answer"),
            (error: unknown) => {
              reason = codesOf(error).join();
              return error instanceof Error ? "error" : `no error: ${String(error)}`;
            },
          );
          const afterMs = performance.now() - startedAt;
          assert.ok(outcome === "either" ? found === "answer" || found === "error" : found === outcome, `${name}: ${found} ${reason}`);
          assert.ok(afterMs < LATEST_MS, `${name}: ${afterMs} ms`);
        }));

        for (const pool of pools) {
          await eventually(() => pool.status().inflight === 0, () => `${pool.status().inflight} leases are out`);
          await pool.close();
        }
        await eventually(() => server.open === 0, () => `the target has ${server.open} sockets`);
        await eventually(() => proxies.every((proxy) => proxy.books().open === 0), "a proxy has a connection");
      });
    }
  });
}
