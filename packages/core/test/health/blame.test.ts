import assert from "node:assert/strict";
import { test } from "node:test";
import { poolOf, attempt, attempts } from "./support.ts";

test("a target at which fifty exits fail that worked a moment ago is to blame: exits keep their scores, and next to none rests", () => {
  const pool = poolOf(50);
  const target = pool.target();
  for (let exit = 0; exit < 50; exit++) attempts(target, exit, "success", 10, 1_000);
  const before = Array.from({ length: 50 }, (_, exit) => target.score(exit).total);

  const changes: string[] = [];
  for (let round = 0; round < 20; round++) for (let exit = 0; exit < 50; exit++) changes.push(...attempt(target, exit, "exit-error", 2_000 + round * 100));

  assert.deepEqual(changes, ["target blamed"]);
  assert.equal(target.blamed, true);
  assert.equal(target.cooling(5_000), 0);
  const after = Array.from({ length: 50 }, (_, exit) => target.score(exit).total);
  assert.equal(after.filter((score, exit) => score === before[exit]).length, 48, "two failed before anybody could know");
  assert.equal(target.of(40, 5_000).fail, 20, "failures are still counted");
  const { fail, successRate } = pool.records.read(40);
  assert.deepEqual({ fail, successRate }, { fail: 20, successRate: 1 });
});

test("the first success at a blamed target ends the blame, and judging goes on", () => {
  const target = poolOf(50).target();
  for (let exit = 0; exit < 20; exit++) attempts(target, exit, "success", 10, 1_000);
  for (let exit = 0; exit < 20; exit++) attempt(target, exit, "exit-error", 2_000);
  assert.equal(target.blamed, true);

  assert.deepEqual(attempt(target, 7, "success", 3_000), ["target cleared"]);

  assert.equal(target.blamed, false);
  assert.deepEqual(attempts(target, 8, "exit-error", 3, 3_000), ["cooled 8 for 30 s"]);
});

test("a list of proxies that never worked does not excuse itself", () => {
  const target = poolOf(1_000).target();
  const changes = [];
  for (let exit = 0; exit < 1_000; exit++) changes.push(...attempts(target, exit, "exit-error", 3, exit * 10));

  assert.equal(target.blamed, false);
  assert.equal(changes.length, 1_000);
});

test("one exit that goes down is not taken for the target, however good it was", () => {
  const target = poolOf(50).target();
  attempts(target, 0, "success", 30, 1_000);

  assert.deepEqual(attempts(target, 0, "exit-error", 3, 2_000), ["cooled 0 for 30 s"]);
  assert.equal(target.blamed, false);
});

test("exits that have not succeeded for hours say little about a target, however well they did then", () => {
  const target = poolOf(50).target();
  for (let exit = 0; exit < 10; exit++) attempts(target, exit, "success", 10, 0);

  for (let exit = 0; exit < 10; exit++) attempts(target, exit, "exit-error", 1, 8 * 3_600_000);

  assert.equal(target.blamed, false);
});

test("a target that fails from the first request on is blamed by exits that work elsewhere, while they go on there", () => {
  const pool = poolOf(60);
  const [well, unwell] = [pool.target(), pool.target()];
  for (let exit = 0; exit < 60; exit++) attempts(well, exit, "success", 5, 1_000);

  for (let exit = 0; exit < 60; exit++) attempts(unwell, exit, "exit-error", 2, 1_500);

  assert.equal(unwell.blamed, true);
  assert.equal(unwell.cooling(1_500), 0);
  assert.equal(well.blamed, false);
  assert.equal(well.stateOf(5, 1_500), "healthy");
});

test("own addresses that all fail at a target on their first use blame the target", () => {
  const target = poolOf(0, 50).target();
  const changes = [];
  for (let exit = 0; exit < 50; exit++) changes.push(...attempts(target, exit, "exit-error", 2, 1_000));

  assert.deepEqual(changes, ["target blamed"]);
});
