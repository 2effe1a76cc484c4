import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Play } from "./torture/play.ts";
import { worlds } from "./torture/world.ts";

// TORTURE_RUNS=20000 TORTURE_SEED=7 for more than a moment of it: without them the same programs each time, as many as five seconds are
// enough for. A night's run takes a seed of its own.
const RUNS = Number(process.env.TORTURE_RUNS ?? 300);
const MOST_MS = process.env.TORTURE_RUNS === undefined ? 5_000 : undefined;
const SEED = Number(process.env.TORTURE_SEED ?? 1);

test(`whatever a program does, and its options, exits and targets: nothing is lost, doubled, left over or stalled (seed ${SEED})`, async () => {
  let runs = 0;
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      runs++;
      const play = new Play(world);
      await play.all();
      sent += play.tasks.reduce((sum, { legs }) => sum + legs, 0);
    }),
    { numRuns: RUNS, seed: SEED, ...(MOST_MS === undefined ? {} : { interruptAfterTimeLimit: MOST_MS, markInterruptAsFailure: false }) },
  );
  // The programs were not empty.
  assert.ok(sent > runs, `${sent} sent in ${runs} runs`);
});
