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

/** For what never ends; whatever does has all the time that a busy machine may need. */
const SHORT_MS = 1_500;
const LONG_MS = 30_000;
/** undici's own timeouts begin anew with each byte; what drips for ever is ended by the caller. */
const LATEST_MS = 60_000;

for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  describe(`hostile answers with ${client.name}`, () => {
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
        const open = (timeoutMs: number): ExitPool => {
          const pool = createExitPool({
            exits: way === "an own address" ? { local: ["127.0.44.1"] } : { proxies: proxies.slice(0, way === "a proxy" ? 1 : 2).map(({ url }) => url) },
            defaults: { spacing: 0, race: way === "two proxies at once" ? { mode: "race", width: 2 } : { mode: "off" } },
            attemptTimeout: timeoutMs,
            queue: { maxAttempts: 1, timeout: LONG_MS },
          });
          pools.push(pool);
          return pool;
        };

        await Promise.all(Object.entries(HOSTILE_ANSWERS).map(async ([name, { outcome }]) => {
          // A pool each: what one answer does to its exit must not decide what becomes of the next.
          const timeoutMs = outcome === "answer" ? LONG_MS : SHORT_MS;
          const sender = client.through(open(timeoutMs));
          const startedAt = performance.now();
          let reason = "";
          const found = await sender.send(server.url(name), { timeoutMs, signal: AbortSignal.timeout(2 * timeoutMs) }).then(
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
