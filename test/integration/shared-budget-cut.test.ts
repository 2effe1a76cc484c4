import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noRedis, RedisServer } from "@multihome/core/testing";
import { runFleet } from "../support/ledger-fleet.ts";
import { canJudge, mostlyUsed, say, SECONDS, TIMEOUT_MS } from "../support/ledger-judge.ts";
import { StoreCut, type Cut } from "../support/store-cut.ts";

const PROCESSES = 8;

/** For how long half of a fleet sees the store, how it is cut off then, and for how long: longer than a window, and shorter than it takes the others to notice. */
const CUTS: readonly (readonly [openMs: number, how: Cut, cutMs: number])[] = [[2_200, "hold", 9_000], [500, "reset", 700], [900, "reset", 9_000], [2_000, "deaf", 4_000], [700, "hold", 1_500]];

test("half of eight processes lose the store again and again while the others see it: local-share keeps every window to 110 %", { skip: noRedis(), timeout: TIMEOUT_MS }, async (t) => {
  const server = await RedisServer.start();
  const cut = await new StoreCut(server.port).start();
  try {
    const figures = await runFleet({
      processes: PROCESSES,
      seconds: SECONDS,
      storeUrl: (i) => (i % 2 === 0 ? server.url : cut.url),
      onUnavailable: "local-share",
      mute: true,
      meanwhile: async () => {
        const ends = performance.now() + SECONDS * 1_000 - 1_500;
        for (let i = 0; performance.now() < ends; i++) {
          const [openMs, how, cutMs] = CUTS[i % CUTS.length];
          await sleep(openMs);
          cut.become(how);
          await sleep(Math.min(cutMs, Math.max(0, ends - performance.now())));
          cut.become("open");
        }
      },
    });

    say(figures, t);
    if (!canJudge(figures, 1.1, t)) return;
    for (const value of Object.values(figures.peak)) assert.ok(value <= 1.1, JSON.stringify(figures.peak));
    assert.equal(figures.bans, 0);
    for (const [i, { modes }] of figures.reports.entries()) if (i % 2 === 1) assert.ok(modes.some((mode) => mode.startsWith("local-share")), `${i}: ${modes.join()}`);
    mostlyUsed(figures, 0.5);
  } finally {
    await cut.close();
    await server.stop();
  }
});
