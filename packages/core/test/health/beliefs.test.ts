import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Ending } from "../../src/health/bayes.ts";
import type { PoolHealth } from "../../src/health/pool-health.ts";
import { backoffMs } from "../../src/health/backoff.ts";
import type { TargetBeliefs } from "../../src/health/target-beliefs.ts";
import { seededRandom } from "../../src/testing/index.ts";
import { poolOf } from "./support.ts";

const LN_LIMIT = Math.log(8_000);

function attempt(pool: PoolHealth, host: TargetBeliefs, exit: number, ending: Ending | "success", elapsedMs: number, now: number): void {
  pool.beliefs.moment(pool.epoch.tick(now));
  host.started(exit);
  pool.beliefs.started(exit, false);
  pool.beliefs.heard(exit);
  if (ending === "success") host.succeeded(exit, elapsedMs);
  else host.failed(exit, ending, elapsedMs, ending === "silent");
}

/** One exit that has worked at both hosts a few times. */
function proven(): { pool: PoolHealth; host: TargetBeliefs; other: TargetBeliefs } {
  const pool = poolOf(4);
  const host = pool.target().beliefs;
  const other = pool.target().beliefs;
  for (let i = 0; i < 5; i++) {
    attempt(pool, host, 0, "success", 1_000, i * 1_000);
    attempt(pool, other, 0, "success", 1_000, i * 1_000);
  }
  return { pool, host, other };
}

test("what happens before the target answers speaks of the exit, what it answers speaks of the host", () => {
  for (const [ending, blames] of [["refused", "exit"], ["cut-body", "exit"], ["answered", "host"]] as const) {
    const { pool, host, other } = proven();
    const [up, accepts] = [pool.beliefs.up(0), host.acceptance(0)];
    for (let i = 0; i < 3; i++) attempt(pool, host, 0, ending, 1_000, 5_000 + i);
    const lessUp = up - pool.beliefs.up(0);
    const lessAccepted = accepts - host.acceptance(0);
    if (blames === "exit") assert.ok(lessUp > 0.5 && lessAccepted < 0.05, `${ending}: ${lessUp} ${lessAccepted}`);
    else assert.ok(lessUp < 0.05 && lessAccepted > 0.02, `${ending}: ${lessUp} ${lessAccepted}`);
    assert.ok(other.acceptance(0) > 0.9, "the other host has nothing to do with it");
  }
});

test("a host that was never passed is blamed at once by its answer, and one that was needs many", () => {
  const pool = poolOf(2);
  const [host, elsewhere] = [pool.target().beliefs, pool.target().beliefs];
  attempt(pool, elsewhere, 0, "success", 500, 0);
  attempt(pool, host, 0, "answered", 500, 1_000);
  assert.ok(host.acceptance(0) < 0.5, `${host.acceptance(0)}`);
  assert.ok(pool.beliefs.up(0) > 0.9, "it has carried an answer");
});

test("silence speaks against an exit the longer it lasts, and before the attempt has ended", () => {
  const { pool, host } = proven();
  const fresh = host.chance(0);
  for (let i = 0; i < 3; i++) pool.beliefs.started(0, false);
  pool.beliefs.moment(pool.epoch.tick(4_200));
  const soon = host.chance(0);
  pool.beliefs.moment(pool.epoch.tick(8_000));
  const late = host.chance(0);
  assert.ok(fresh >= soon && soon > late + 0.3, `${fresh} ${soon} ${late}`);

  const short = proven();
  attempt(short.pool, short.host, 0, "silent", 100, 5_000);
  const long = proven();
  attempt(long.pool, long.host, 0, "silent", 8_000, 5_000);
  assert.ok(short.pool.beliefs.up(0) > 0.95 && long.pool.beliefs.up(0) < short.pool.beliefs.up(0) - 0.03);
});

test("an exit that was down is likely up again after a while, one that never worked is not", () => {
  const { pool, host } = proven();
  for (let i = 0; i < 4; i++) attempt(pool, host, 0, "refused", 100, 5_000 + i);
  for (let i = 0; i < 4; i++) attempt(pool, host, 1, "refused", 100, 5_000 + i);
  assert.ok(pool.beliefs.up(0) < 0.1 && !pool.beliefs.isUp(0));
  pool.beliefs.moment(pool.epoch.tick(3_600_000));
  assert.ok(pool.beliefs.up(0) > 0.3 && pool.beliefs.up(1) < 0.15);
});

test("time scales are an exit's own, and hosts differ by an offset whose mean is none", () => {
  const random = seededRandom(3);
  const pool = poolOf(60);
  const hosts = [pool.target().beliefs, pool.target().beliefs, pool.target().beliefs];
  const slower = [0.5, 1, 2];
  for (let i = 0; i < 30_000; i++) {
    const exit = Math.floor(random() * 60);
    const host = Math.floor(random() * 3);
    attempt(pool, hosts[host], exit, "success", (200 + exit * 50) * slower[host] * (0.7 + 0.6 * random()), i * 20);
  }
  const mean = hosts.reduce((sum, { offset }) => sum + offset, 0) / 3;
  assert.ok(Math.abs(mean) < 1e-9, `${mean}`);
  assert.ok(hosts[0].offset < -0.3 && hosts[2].offset > 0.3, hosts.map(({ offset }) => offset).join(" "));
  assert.ok(Math.abs(Math.exp(hosts[1].lnScale(10)) - 700) < 150, `${Math.exp(hosts[1].lnScale(10))}`);
  assert.ok(Math.abs(Math.exp(hosts[2].lnScale(40)) - 4_400) < 900, `${Math.exp(hosts[2].lnScale(40))}`);
});

test("a list in which nearly all work is soon trusted unseen, one of dead ones is not", () => {
  for (const good of [true, false]) {
    const pool = poolOf(300);
    const host = pool.target().beliefs;
    for (let exit = 0; exit < 200; exit++) {
      attempt(pool, host, exit, good ? "success" : "refused", 400, exit * 10);
      pool.beliefs.tested(exit, !good);
    }
    assert.equal(pool.beliefs.up(250) > 0.6, good);
    assert.equal(host.lnWorth(250, LN_LIMIT) > -Infinity, good);
  }
});

test("tests of one that never worked are a sweep, of one that has they come back sooner", () => {
  assert.deepEqual([1, 2, 8, 20].map((missed) => backoffMs(false, missed, 1_000)), [30_000, 60_000, 240_000, 240_000]);
  const known = [0, 1, 5, 60].map((missed) => backoffMs(true, missed, 100));
  assert.equal(known[0], 6_000);
  for (let i = 1; i < known.length; i++) assert.ok(known[i] >= known[i - 1] && known[i] <= 30_000);
  const few = [0, 1, 2, 20].map((missed) => backoffMs(true, missed, 1));
  assert.ok(few[0] < 500 && few[2] < 1_000 && few[3] === 30_000, few.join(" "));
});

test("a host that is dropped takes its offset along, and a million hosts leave nothing behind", () => {
  const pool = poolOf(3);
  for (let i = 0; i < 20_000; i++) {
    const target = pool.target();
    attempt(pool, target.beliefs, 0, i % 2 === 0 ? "success" : "answered", 1_000, i);
    pool.drop(target);
  }
  assert.equal(pool.beliefs.hosts, 0);
  assert.ok(Math.abs(pool.beliefs.offsets) < 1e-6);
  assert.ok(Number.isFinite(pool.beliefs.times.m0));
});

test("after a network that was gone everything is believed that was believed before", () => {
  const { pool, host } = proven();
  pool.beliefs.journal.clear();
  const before = [pool.beliefs.up(0), host.acceptance(0), pool.beliefs.lnScale(0), pool.beliefs.quality(0)];
  const at = pool.beliefs.tick;
  host.started(0);
  pool.beliefs.started(0, true);
  for (let i = 0; i < 20; i++) host.failed(0, "silent", 3_000, true);
  assert.ok(pool.beliefs.up(0) < 0.3);
  pool.beliefs.journal.undo();
  assert.equal(pool.beliefs.tick, at);
  assert.deepEqual([pool.beliefs.up(0), host.acceptance(0), pool.beliefs.lnScale(0), pool.beliefs.quality(0)], before);
  assert.ok(pool.beliefs.isOut(0) && pool.beliefs.isTesting(0), "what is out stays out");
});

test("whatever happens, everything that is believed is a number within its bounds", () => {
  const endings: (Ending | "success")[] = ["success", "refused", "broken", "silent", "answered", "cut-body"];
  const step = fc.record({
    exit: fc.nat(5),
    host: fc.nat(1),
    ending: fc.constantFrom(...endings),
    elapsedMs: fc.constantFrom(0, 1e-9, 1, 300, 8_000, 3_600_000, 1e12, -5),
    afterMs: fc.constantFrom(0, 1, 500, 60_000, 86_400_000, 2 ** 30, -3_600_000, -1),
    test: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const pool = poolOf(3, 3);
      const hosts = [pool.target().beliefs, pool.target().beliefs];
      let now = 1_000;
      for (const { exit, host, ending, elapsedMs, afterMs, test: isTest } of steps) {
        now += afterMs;
        attempt(pool, hosts[host], exit, ending, elapsedMs, now);
        if (isTest) pool.beliefs.tested(exit, ending !== "success");
        for (const one of hosts) {
          for (let other = 0; other < 6; other++) {
            const values = [pool.beliefs.up(other), one.acceptance(other), pool.beliefs.quality(other), one.chance(other), one.prior];
            assert.ok(values.every((value) => value >= 0 && value <= 1), values.join(" "));
            assert.ok(Math.abs(one.lnScale(other)) < 25, `${one.lnScale(other)}`);
            assert.ok(!Number.isNaN(one.lnWorth(other, LN_LIMIT)) && one.cutMs(other, LN_LIMIT) > 0);
          }
        }
        assert.ok(pool.beliefs.times.meanUpMs >= 30_000 && pool.beliefs.times.meanUpMs <= 3_600_000);
      }
    }),
    { numRuns: 60 },
  );
});
