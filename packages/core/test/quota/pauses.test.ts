import assert from "node:assert/strict";
import { test } from "node:test";
import { Pauses } from "../../src/quota/pauses.ts";

const RULES = { rateLimitedMs: 500, timeoutMs: 250, maxMs: 3_600_000, banMinMs: 120_000, banMaxMs: 259_200_000 };

test("each reason doubles from a start of its own", () => {
  const pauses = new Pauses(RULES);
  let now = 0;
  const next = (reason: "rate-limited" | "timeout" | "banned"): number => {
    const until = pauses.pauseExit(1, reason, undefined, now);
    const ms = until - now;
    now = until + 1;
    return ms;
  };
  assert.deepEqual([next("timeout"), next("timeout"), next("timeout")], [250, 500, 1_000]);
  assert.deepEqual([next("rate-limited"), next("rate-limited")], [500, 1_000]);
  assert.equal(next("timeout"), 2_000);
  assert.deepEqual([next("banned"), next("banned")], [120_000, 240_000]);
});

test("a reason that begins while another pause runs has had its first step", () => {
  const pauses = new Pauses(RULES);
  pauses.pauseExit(1, "timeout", undefined, 0);
  assert.equal(pauses.pauseExit(1, "rate-limited", undefined, 100), 600);
  assert.equal(pauses.pauseExit(1, "rate-limited", undefined, 601), 1_601);
});

test("what was sent before a pause began is the same step, however many are refused", () => {
  const pauses = new Pauses(RULES);
  for (let i = 0; i < 20; i++) assert.equal(pauses.pauseExit(1, "rate-limited", undefined, i * 10), 500 + i * 10);
  assert.equal(pauses.pauseExit(1, "rate-limited", undefined, 1_000), 2_000);
});

test("pauses grow up to the longest, and begin anew after a quiet minute", () => {
  const pauses = new Pauses({ ...RULES, maxMs: 3_000 });
  let now = 0;
  const lengths: number[] = [];
  for (let i = 0; i < 5; i++) {
    const until = pauses.pauseExit(1, "rate-limited", undefined, now);
    lengths.push(until - now);
    now = until + 1;
  }
  assert.deepEqual(lengths, [500, 1_000, 2_000, 3_000, 3_000]);
  now += 60_001;
  assert.equal(pauses.pauseExit(1, "rate-limited", undefined, now) - now, 500);
});
