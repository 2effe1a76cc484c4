import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// A window full of requests that were given up, or of leases on which nothing was sent, was looked at again when one of them was answered:
// never. Whoever came then waited for ever, and so did everybody after him. Rule: what may still arrive is over by a time of its own.

const REQUEST: RequestInfo = { method: "GET", url: "http://api.test/" };
const LIMIT = 3;

for (const align of ["sliding", "fixed", "bucket"] as const) {
  for (const what of ["requests that were aborted", "leases given back unsent", "shared leases given back unsent"] as const) {
    test(`after a window (${align}) is full of ${what}, the next request goes when they can no longer arrive`, async () => {
      const clock = new ManualClock();
      const pool = createExitPool({ exits: { local: ["127.0.1.1"] }, clock, summaryEvery: false, defaults: { limits: [{ name: "all", unit: "request", limit: LIMIT, per: 1_000, align }] }, queue: { timeout: false } });
      await pool.ready();
      const transport = scriptedTransport([{}, ...Array.from({ length: LIMIT }, () => ({ hang: true })), {}], { clock });
      await pool.run(REQUEST, transport);
      await clock.advance(60_000);

      if (what === "requests that were aborted") {
        const controller = new AbortController();
        const hanging = Array.from({ length: LIMIT }, () => pool.run(REQUEST, transport, { signal: controller.signal }));
        await clock.advance(10);
        controller.abort(new Error("enough"));
        assert.equal((await Promise.allSettled(hanging)).filter(({ status }) => status === "rejected").length, LIMIT);
      } else {
        const mode = what.startsWith("shared") ? "shared" : "ephemeral";
        for (const lease of await Promise.all(Array.from({ length: LIMIT }, () => pool.acquire(REQUEST, { mode })))) lease.release();
      }
      const began = clock.now();
      let goneAfterMs: number | undefined;
      const answering = scriptedTransport([{}], { clock });
      void pool.run(REQUEST, answering).then(() => (goneAfterMs = clock.now() - began));
      await clock.advance(60_000);

      // Five seconds at most on the way, and the window that they fell into.
      assert.ok(goneAfterMs !== undefined && goneAfterMs <= 7_500, `after ${goneAfterMs} ms`);
      await pool.close({ drain: 0 });
    });
  }
}
