import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Align } from "../../src/model/limits.ts";
import { play, type World } from "./model-run.ts";

const HOUR = 3_600_000;

/** Worlds whose limits are of these kinds. fast-check prints seed and world where one fails. */
function worlds(hostile: boolean, ...aligns: Align[]): fc.Arbitrary<World> {
  const share = fc.constantFrom(0, 0, 0.1, 0.5, 1);
  return fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    limits: fc.array(
      fc.record({
        align: fc.constantFrom(...aligns),
        perMs: fc.constantFrom(400, 1_000, 1_500, 2_000, 10_000, 60_000, 300_000, 86_400_000),
        size: fc.integer({ min: 1, max: 200 }),
        scope: fc.constantFrom("exit" as const, "exit" as const, "account" as const, "target" as const),
        keyed: fc.constantFrom(false, false, true),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    accounts: fc.integer({ min: 1, max: 2 }),
    instruments: fc.constantFrom(1, 1, 3),
    shared: fc.constantFrom(false, false, true),
    byHand: fc.constantFrom(0, 0, 0.3),
    offsetMs: fc.oneof(fc.integer({ min: -3_000, max: 3_000 }), fc.integer({ min: -5 * HOUR, max: 5 * HOUR })),
    driftPpm: fc.integer({ min: -30, max: 30 }),
    longestMs: fc.constantFrom(1, 30, 300, 1_500, 4_000),
    exits: fc.integer({ min: 1, max: 2 }),
    withoutDate: share,
    withoutHeader: share,
    aborted: fc.constantFrom(0, 0.1, 0.5),
    unsent: fc.constantFrom(0, 0.1),
    lost: fc.constantFrom(0, 0.1),
    freeOnSuccess: fc.constantFrom(0, 0.3),
    hostile: fc.constant(hostile),
    steps: fc.integer({ min: 5, max: 80 }),
    everyMs: fc.constantFrom(1, 20, 200, 2_000, 20_000),
  });
}

function holds(name: string, runs: number, hostile: boolean, ...aligns: Align[]): void {
  test(name, () => {
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(worlds(hostile, ...aligns), (world) => {
        const seen = play(world);
        taken += seen.taken;
        refused += seen.refused;
      }),
      { numRuns: runs },
    );
    // The worlds were neither empty nor without pressure.
    assert.ok(taken > runs && refused > runs, `${taken} taken, ${refused} refused`);
  });
}

holds("no interleaving lets a window of the server's clock pass its limit, or leaves anything behind", 1_500, false, "fixed");
holds("no interleaving lets any span of a sliding limit pass it, or leaves anything behind", 800, false, "sliding");
holds("no interleaving asks a bucket for more than it holds, or leaves anything behind", 800, false, "bucket");
holds("limits of all kinds together hold", 800, false, "fixed", "sliding", "bucket");
holds("whatever dates and figures a server sends, everything can be had again in the end", 1_000, true, "fixed", "sliding", "bucket");
