import assert from "node:assert/strict";
import { test } from "node:test";
import type { PoolHealth } from "../../src/health/pool-health.ts";
import type { TargetHealth } from "../../src/health/target-health.ts";
import { attempt, attempts, poolOf } from "./support.ts";

/** Fails at several targets, each after its rest, until it is dead; how many failures that took. */
function wearOut(targets: TargetHealth[], exit: number, from: number): number {
  for (let tries = 0; ; tries++) {
    const target = targets[tries % targets.length];
    if (attempt(target, exit, "exit-error", from + tries * 400_000).includes(`died ${exit}`)) return tries + 1;
    assert.ok(tries < 1_000, "never died");
  }
}

function targetsOf(pool: PoolHealth, count: number): TargetHealth[] {
  return Array.from({ length: count }, () => pool.target());
}

test("a proxy that fails thirty times over all targets without one success is dead at every target", () => {
  const pool = poolOf(10);
  const targets = targetsOf(pool, 3);

  assert.equal(wearOut(targets, 2, 0), 30);

  assert.equal(pool.records.dead, 1);
  assert.deepEqual(targets.map((target) => target.stateOf(2, 1e9)), ["dead", "dead", "dead"]);
  assert.deepEqual(targets.map((target) => target.restsUntil(2)), [Infinity, Infinity, Infinity]);
  assert.equal(targets[0].goneUntil(0, (exit) => (exit === 2 ? 0 : 50)), 50);
});

test("a success protects a proxy until the next refresh, and failures without one are counted on over refreshes", () => {
  const pool = poolOf(10);
  const [target] = targetsOf(pool, 1);
  attempts(target, 0, "exit-error", 29, 0);
  attempt(target, 0, "success", 0);
  attempts(target, 0, "exit-error", 100, 0);
  assert.equal(pool.records.dead, 0);

  pool.refreshed(0);
  attempts(target, 0, "exit-error", 20, 0);
  pool.refreshed(0);
  assert.deepEqual(attempts(target, 0, "exit-error", 9, 0), []);
  assert.deepEqual(attempt(target, 0, "exit-error", 0), ["died 0"]);
});

test("a refresh gives a dead proxy one trial, and after each death in a row it waits for twice as many refreshes", () => {
  const pool = poolOf(10);
  const targets = targetsOf(pool, 2);
  wearOut(targets, 0, 0);

  const waited: number[] = [];
  for (let death = 0; death < 8; death++) {
    let refreshes = 1;
    while (!pool.refreshed(0)) refreshes++;
    waited.push(refreshes);
    assert.equal(pool.records.dead, 0);
    assert.equal(targets[1].stateOf(0, 1e9), "on-trial");
    assert.deepEqual(attempt(targets[death % 2], 0, "exit-error", 1e9 + death * 1e6), ["died 0"]);
  }

  assert.deepEqual(waited, [1, 2, 4, 8, 16, 32, 32, 32]);
});

test("the trial of a revived proxy is one over all targets, and when it succeeds all reluctance is forgotten", () => {
  const pool = poolOf(10);
  const [a, b] = targetsOf(pool, 2);
  wearOut([a, b], 0, 0);
  assert.equal(pool.refreshed(0), true);

  assert.equal(b.trialOut(0), false);
  a.started(0);
  assert.equal(b.trialOut(0), true);
  assert.deepEqual(a.ended(0, "success", 10, 1e8).map(({ kind }) => kind), ["recovered", "revived"]);

  assert.equal(b.trialOut(0), false);
  pool.refreshed(0);
  wearOut([a, b], 0, 2e8);
  assert.equal(pool.refreshed(0), true, "its deaths begin at one again");
});

test("a success of an attempt that was still out brings a dead proxy back", () => {
  const pool = poolOf(10);
  const [target] = targetsOf(pool, 1);
  target.started(0);
  wearOut([target], 0, 0);

  target.ended(0, "success", 100, 1e8);

  assert.equal(pool.records.dead, 0);
  assert.notEqual(target.stateOf(0, 2e8), "dead");
});

test("one of the machine's own addresses never dies: nothing would ever bring it back", () => {
  const pool = poolOf(0, 4);
  const [target] = targetsOf(pool, 1);

  attempts(target, 0, "exit-error", 500, 0);

  assert.equal(pool.records.dead, 0);
});

test("an index that is given to another exit begins without a past", () => {
  const pool = poolOf(10);
  const [a, b] = targetsOf(pool, 2);
  attempts(b, 0, "rate-limited", 3, 0);
  wearOut([a], 0, 0);

  pool.forget(0);

  assert.equal(pool.records.dead, 0);
  assert.deepEqual([a.stateOf(0, 0), b.stateOf(0, 0)], ["unknown", "unknown"]);
  assert.equal(b.of(0, 0).warnings, 0);
  assert.equal(a.cooling(0), 0);
});
