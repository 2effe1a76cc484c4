import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noRedis, RedisServer } from "@multihome/core/testing";
import { runFleet } from "../support/ledger-fleet.ts";
import { canJudge, mostlyUsed, say, SECONDS, TIMEOUT_MS } from "../support/ledger-judge.ts";

const PROCESSES = 8;

describe(`${PROCESSES} processes, two addresses, three linked limits, judged by the exchange`, { skip: noRedis(), concurrency: 1 }, () => {
  test("no window is over its limit, nobody is refused, and the windows are used", { timeout: TIMEOUT_MS }, async (t) => {
    const server = await RedisServer.start();
    try {
      const figures = await runFleet({ processes: PROCESSES, seconds: SECONDS, storeUrl: server.url, onUnavailable: "closed" });

      say(figures, t);
      if (!canJudge(figures, 1, t)) return;
      assert.deepEqual({ refused: figures.refused, bans: figures.bans, over: figures.over }, { refused: 0, bans: 0, over: [] });
      for (const value of Object.values(figures.peak)) assert.ok(value <= 1, JSON.stringify(figures.peak));
      mostlyUsed(figures, 0.9);
    } finally {
      await server.stop();
    }
  });

  for (const [onUnavailable, most] of [["closed", 1], ["local-share", 1.1]] as const) {
    test(`the store is killed and started empty five times: ${onUnavailable} keeps every window to ${Math.round(most * 100)} %`, { timeout: TIMEOUT_MS }, async (t) => {
      const server = await RedisServer.start();
      // What is left after the fifth time is for coming back.
      const pauseMs = (SECONDS * 1_000) / 6;
      try {
        const figures = await runFleet({
          processes: PROCESSES,
          seconds: SECONDS,
          storeUrl: server.url,
          onUnavailable,
          meanwhile: async () => {
            for (let i = 0; i < 5; i++) {
              await sleep(pauseMs * 0.6);
              await server.kill();
              await sleep(pauseMs * 0.3);
              await server.start();
            }
          },
        });

        say(figures, t);
        if (!canJudge(figures, most, t)) return;
        for (const value of Object.values(figures.peak)) assert.ok(value <= most, JSON.stringify(figures.peak));
        if (onUnavailable === "closed") assert.equal(figures.refused, 0);
        assert.equal(figures.bans, 0);
        assert.ok(figures.reports.every(({ modes }) => modes.some((mode) => mode.startsWith(onUnavailable)) && modes.includes("shared")), JSON.stringify(figures.reports));
        mostlyUsed(figures, 0.6);
      } finally {
        await server.stop();
      }
    });
  }
});
