import assert from "node:assert/strict";
import { test } from "node:test";
import { cooldownMs, DEFAULT_HEALTH } from "../../src/health/rules.ts";
import { VERDICT_KINDS, type VerdictKind } from "../../src/model/verdict.ts";
import { attempt, attempts, poolOf } from "./support.ts";

test("cooldowns grow from 30 to 60, 120 and 300 seconds, each failed trial at once to the next, and a success begins anew", () => {
  const target = poolOf(10).target();
  const steps: { at: number; kind: VerdictKind; changes: string[]; restsUntil: number }[] = [
    { at: 1_000, kind: "exit-error", changes: [], restsUntil: 0 },
    { at: 2_000, kind: "blocked", changes: [], restsUntil: 0 },
    { at: 3_000, kind: "exit-error", changes: ["cooled 4 for 30 s"], restsUntil: 33_000 },
    { at: 40_000, kind: "exit-error", changes: ["cooled 4 for 60 s"], restsUntil: 100_000 },
    { at: 100_000, kind: "exit-error", changes: ["cooled 4 for 120 s"], restsUntil: 220_000 },
    { at: 220_500, kind: "exit-error", changes: ["cooled 4 for 300 s"], restsUntil: 520_500 },
    { at: 600_000, kind: "exit-error", changes: ["cooled 4 for 300 s"], restsUntil: 900_000 },
    { at: 900_000, kind: "success", changes: ["recovered 4"], restsUntil: 900_000 },
    { at: 901_000, kind: "exit-error", changes: [], restsUntil: 900_000 },
    { at: 902_000, kind: "exit-error", changes: [], restsUntil: 900_000 },
    { at: 903_000, kind: "exit-error", changes: ["cooled 4 for 30 s"], restsUntil: 933_000 },
  ];

  for (const { at, kind, changes, restsUntil } of steps) {
    assert.deepEqual(attempt(target, 4, kind, at), changes, `at ${at}`);
    assert.equal(target.restsUntil(4), restsUntil, `at ${at}`);
  }
});

test("a cooldown's length is its base twice doubled and then the longest, never more than that", () => {
  const rules = { ...DEFAULT_HEALTH, cooldownBaseMs: 100_000, cooldownMaxMs: 250_000 };

  assert.deepEqual([1, 2, 3, 4, 5].map((level) => cooldownMs(DEFAULT_HEALTH, level)), [30_000, 60_000, 120_000, 300_000, 300_000]);
  assert.deepEqual([1, 2, 3, 4].map((level) => cooldownMs(rules, level)), [100_000, 200_000, 250_000, 250_000]);
});

test("only failures of the exit itself lead to a cooldown", () => {
  for (const kind of VERDICT_KINDS) {
    const target = poolOf(10).target();

    const changes = attempts(target, 0, kind, 20, 5_000);

    const blames = kind === "blocked" || kind === "exit-error";
    assert.deepEqual(changes, blames ? ["cooled 0 for 30 s"] : [], kind);
    const { success, fail, warnings } = target.of(0, 5_000);
    assert.deepEqual({ success, fail, warnings }, { success: kind === "success" ? 20 : 0, fail: blames ? 20 : 0, warnings: kind === "banned" || kind === "rate-limited" ? 20 : 0 }, kind);
  }
});

test("verdicts that say nothing about the exit do not break a run of failures, and a trial that ends in one is still to come", () => {
  const target = poolOf(10).target();
  attempts(target, 0, "exit-error", 2, 0);
  attempts(target, 0, "rate-limited", 2, 0);
  attempts(target, 0, "aborted", 2, 0);

  assert.deepEqual(attempt(target, 0, "exit-error", 0), ["cooled 0 for 30 s"]);

  assert.deepEqual(attempt(target, 0, "rate-limited", 40_000), []);
  assert.equal(target.stateOf(0, 40_000), "on-trial");
  assert.deepEqual(attempt(target, 0, "exit-error", 41_000), ["cooled 0 for 60 s"]);
});

test("an exit rests at the target where it failed and nowhere else", () => {
  const pool = poolOf(10);
  const [here, there] = [pool.target(), pool.target()];

  attempts(here, 3, "exit-error", 3, 1_000);

  assert.equal(here.stateOf(3, 2_000), "cooldown");
  assert.equal(there.stateOf(3, 2_000), "unknown");
  assert.equal(there.restsUntil(3), 0);
});

test("an attempt that was sent before the rest began and fails during it neither lengthens it nor counts as the trial", () => {
  const target = poolOf(10).target();
  target.started(0);
  target.started(0);
  attempts(target, 0, "exit-error", 3, 1_000);

  assert.deepEqual(target.ended(0, "exit-error", 7_000, 8_000), []);
  assert.equal(target.restsUntil(0), 31_000);
  // Sent at 1,000 and back after the rest: still not the trial.
  assert.deepEqual(target.ended(0, "exit-error", 31_000, 32_000), []);
  assert.deepEqual(attempt(target, 0, "exit-error", 33_000), ["cooled 0 for 60 s"]);
});

test("a success ends a rest only when it was sent during the rest, as a breaker's probe is", () => {
  const target = poolOf(10).target();
  attempts(target, 0, "exit-error", 3, 10_000);
  attempts(target, 1, "exit-error", 3, 10_000);
  assert.equal(target.cooling(10_000), 2);

  const slow = attempt(target, 0, "success", 12_000, 6_000);
  const probe = attempt(target, 1, "success", 12_000, 800);

  assert.deepEqual([slow, probe], [["recovered 0"], ["recovered 1 early"]]);
  assert.equal(target.restsUntil(0), 40_000);
  assert.equal(target.stateOf(1, 12_000), "healthy");
  assert.equal(target.cooling(12_000), 1);
});

test("while its one trial is out, a half-open exit is not to be used again", () => {
  const target = poolOf(10).target();
  attempts(target, 0, "exit-error", 3, 0);

  assert.equal(target.trialOut(0), false);
  target.started(0);
  assert.equal(target.trialOut(0), true);
  target.ended(0, "success", 100, 40_000);
  target.started(0);
  target.started(0);
  assert.equal(target.trialOut(0), false);
});

test("new lengths hold from the next cooldown on, and a rest that runs keeps its end", () => {
  const pool = poolOf(10);
  const target = pool.target();
  attempts(target, 0, "exit-error", 3, 0);

  pool.rules = { ...DEFAULT_HEALTH, cooldownBaseMs: 1_000 };

  assert.equal(target.restsUntil(0), 30_000);
  assert.deepEqual(attempt(target, 0, "exit-error", 30_000), ["cooled 0 for 2 s"]);
});
