import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolHealth } from "../../src/health/pool-health.ts";
import type { TargetHealth } from "../../src/health/target-health.ts";
import { ScoreOrder } from "../../src/lease/score-order.ts";
import { seededRandom } from "../../src/testing/random.ts";

interface Setting {
  readonly pool: PoolHealth;
  readonly target: TargetHealth;
  readonly order: ScoreOrder;
}

function setting(exits: number, seed: number): Setting {
  const isProxy = new Array<boolean>(exits).fill(true);
  const pool = new PoolHealth({ exits: isProxy.map(() => ({})), isProxy, proxies: exits, locals: 0 });
  const target = pool.target();
  const order = new ScoreOrder(target, pool.records.changes, seededRandom(seed), { exits });
  for (let exit = 0; exit < exits; exit++) order.add(exit, false);
  return { pool, target, order };
}

/** One attempt through whoever is offered first, without spacing; who rests is left out until it is back. */
function send({ target, order }: Setting, now: number, works: (exit: number) => boolean): number {
  let exit = order.first();
  while (exit >= 0 && target.restsUntil(exit) > now) exit = order.after(exit);
  if (exit < 0) return -1;
  target.started(exit);
  order.used(exit);
  order.rescored(exit);
  target.ended(exit, works(exit) ? "success" : "exit-error", 300, now);
  order.rescored(exit);
  return exit;
}

test("among a thousand proxies of which every tenth works the working ones are found and used", () => {
  const world = setting(1_000, 11);
  const random = seededRandom(12);
  const works = (exit: number): boolean => exit % 10 === 3 && random() < 0.9;

  for (let i = 0; i < 5_000; i++) send(world, i * 100, works);
  let good = 0;
  const used = new Set<number>();
  for (let i = 5_000; i < 7_000; i++) {
    const exit = send(world, i * 100, works);
    if (exit % 10 === 3) good++;
    used.add(exit);
  }

  assert.ok(good > 1_700, `${good} of 2,000 went through working ones`);
  assert.ok(used.size > 60, "nor is the best one alone used");
});

test("when the best exits are gone and the target is blamed for it, the others are found all the same", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = setting(30, seed);
    const { target, order } = world;
    for (let exit = 0; exit < 30; exit++) {
      // Four that never failed, the others now and then.
      for (let i = 0; i < 10; i++) {
        target.started(exit);
        target.ended(exit, exit >= 4 && i % 3 === 0 ? "exit-error" : "success", 300, 1_000);
      }
      order.rescored(exit);
    }

    let sends = 0;
    for (let exit = 0; exit < 4; sends++) {
      exit = send(world, 2_000 + sends, (one) => one >= 4);
      assert.ok(sends < 100, `seed ${seed}`);
    }

    assert.equal(target.blamed, false);
  }
});

test("what an exit does at one target moves it at the others", () => {
  const { pool, target, order } = setting(3, 1);
  const elsewhere = pool.target();
  for (let i = 0; i < 5; i++) {
    for (const [exit, kind] of [[0, "exit-error"], [2, "success"]] as const) {
      elsewhere.started(exit);
      elsewhere.ended(exit, kind, 100, 1_000);
    }
  }

  const all: number[] = [];
  for (let exit = order.first(); exit >= 0; exit = order.after(exit)) all.push(exit);

  assert.deepEqual(all, [2, 1, 0]);
  assert.equal(target.stateOf(2, 1_000), "unknown");
});
