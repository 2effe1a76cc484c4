import assert from "node:assert/strict";
import { test } from "node:test";
import { attempt, attempts, poolOf } from "./support.ts";

test("of the machine's own addresses cooldowns take out half at most, and the others stay usable but last", () => {
  const target = poolOf(0, 5).target();
  // Without any success the target itself would be suspected: every address works at first.
  const changes: string[] = [];
  for (let exit = 0; exit < 5; exit++) {
    changes.push(...attempts(target, exit, "exit-error", 3, 100_000));
    attempt(target, 4, "success", 100_000);
  }

  assert.deepEqual(changes, ["cooled 0 for 30 s", "cooled 1 for 30 s", "spared 2", "spared 3", "spared 4"]);
  assert.equal(target.cooling(100_000), 2);
  assert.equal(target.rankOf(2), 1);
  assert.equal(target.score(2).total, 0);
  assert.ok(target.rankOf(4) > 2, "a success puts it back among the others");
});

test("the last own address is never taken out, whatever share may be", () => {
  for (const [locals, maxEjected, most] of [[1, undefined, 0], [1, 1, 0], [2, undefined, 1], [3, 1, 2], [10, 0.7, 7], [10, 0, 0]] as const) {
    const target = poolOf(0, locals, { maxEjected }).target();
    for (let exit = 0; exit < locals; exit++) {
      attempts(target, exit, "exit-error", 3, 0);
      target.ended(exit, "success", 0, 0);
      attempts(target, exit, "exit-error", 3, 0);
    }
    assert.equal(target.cooling(1), most, `${locals} at ${maxEjected}`);
  }
});

test("proxies may all rest at once, unless a share is given", () => {
  for (const [maxEjected, most] of [[undefined, 10], [0.35, 3], [1, 10]] as const) {
    const target = poolOf(10, 0, { maxEjected }).target();
    for (let exit = 0; exit < 10; exit++) attempts(target, exit, "exit-error", 3, 0);
    assert.equal(target.cooling(1), most);
  }
});

test("own addresses and proxies are counted apart", () => {
  const target = poolOf(4, 4).target();
  for (let exit = 0; exit < 8; exit++) {
    attempts(target, exit, "exit-error", 3, 0);
    target.ended(exit, "success", 10, 0);
    attempts(target, exit, "exit-error", 3, 0);
  }

  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map((exit) => target.stateOf(exit, 1)).filter((state) => state === "cooldown").length, 6);
});

test("when a rest has passed, another exit may rest in its place", () => {
  const target = poolOf(10, 0, { maxEjected: 0.1 }).target();
  attempts(target, 0, "exit-error", 3, 0);
  assert.deepEqual(attempts(target, 1, "exit-error", 3, 10_000), ["spared 1"]);

  assert.deepEqual(attempt(target, 1, "exit-error", 29_999), []);
  assert.deepEqual(attempt(target, 1, "exit-error", 30_000), ["cooled 1 for 30 s"]);
  assert.deepEqual(attempt(target, 0, "exit-error", 31_000), ["spared 0"]);
});

test("that every exit is gone is told with the moment when the first is back", () => {
  const pool = poolOf(4);
  const target = pool.target();
  const noBan = (): number => 0;
  assert.equal(target.goneUntil(0, noBan), 0);

  for (const exit of [0, 1, 2]) attempts(target, exit, "exit-error", 3, 1_000 * exit);

  assert.equal(target.goneUntil(3_000, noBan), 0);
  assert.equal(target.goneUntil(3_000, (exit) => (exit === 3 ? 3_600_000 : 0)), 30_000);
  assert.equal(target.goneUntil(29_999, (exit) => (exit === 3 ? 3_600_000 : 0)), 30_000);
  assert.equal(target.goneUntil(30_000, (exit) => (exit === 3 ? 3_600_000 : 0)), 0);
});

test("when none is usable a breaker's probe leaves by the best exit that rests, never by a banned or a dead one", () => {
  const pool = poolOf(5, 0, { deadAfterSamples: 40 });
  const target = pool.target();
  for (const [exit, successes] of [[0, 1], [1, 9], [2, 5], [3, 20]] as const) {
    attempts(target, exit, "success", successes, 1_000);
    attempts(target, exit, "exit-error", 3, 1_000);
  }
  attempts(target, 4, "exit-error", 40, 1_000);

  assert.equal(target.probeExit(() => true), 3);
  assert.equal(target.probeExit((exit) => exit !== 3), 1);
  target.started(1);
  assert.equal(target.probeExit((exit) => exit !== 3), 2, "whose attempt is out will be heard of anyway");
  assert.equal(target.probeExit((exit) => exit === 4), -1);
});

test("the dead are no part of the exits of which a share may rest", () => {
  const pool = poolOf(10, 0, { maxEjected: 0.5, deadAfterSamples: 6 });
  const [here, there] = [pool.target(), pool.target()];
  for (const exit of [0, 1, 2, 3]) attempts(here, exit, "exit-error", 3, 0);
  assert.equal(here.cooling(0), 4);

  for (const exit of [0, 1, 2, 3]) assert.ok(attempts(there, exit, "exit-error", 3, 0).includes(`died ${exit}`));

  // Six are left, three of them may rest.
  const changes = [4, 5, 6, 7].flatMap((exit) => attempts(here, exit, "exit-error", 3, 0));
  assert.deepEqual(changes, ["cooled 4 for 30 s", "cooled 5 for 30 s", "cooled 6 for 30 s", "spared 7"]);
  assert.equal(here.cooling(0), 3);
  assert.equal(pool.refreshed(0), true);
  assert.equal(here.cooling(0), 4, "still within its rest here");
});
