import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChangeLog } from "../../src/health/change-log.ts";
import { WorthLists, WORTH_LISTS } from "../../src/lease/worth-lists.ts";
import { WorthOrder, type Worth } from "../../src/lease/worth-order.ts";

class Fixed implements Worth {
  readonly ln = new Map<number, number>();
  readonly untested = new Set<number>();
  readonly listed = new Set<number>();
  readonly failed = new Set<number>();
  readonly own = new Set<number>();

  lnWorth(exit: number): number {
    return this.ln.get(exit) ?? -Infinity;
  }

  isUntested(exit: number): boolean {
    return this.untested.has(exit);
  }

  isUp(): boolean {
    return true;
  }

  isOwn(exit: number): boolean {
    return this.own.has(exit);
  }

  list(exit: number): boolean {
    if (this.listed.has(exit)) return false;
    this.listed.add(exit);
    return true;
  }

  unlist(exit: number): void {
    this.listed.delete(exit);
  }

  isUnknown(exit: number): boolean {
    return !this.failed.has(exit);
  }
}

function orderOf(ln: readonly number[]): { worth: Fixed; changes: ChangeLog; order: WorthOrder; all: () => number[] } {
  const worth = new Fixed();
  const changes = new ChangeLog();
  const order = new WorthOrder(worth, changes, 0);
  ln.forEach((value, exit) => {
    worth.ln.set(exit, value);
    order.add(exit);
  });
  const all = (): number[] => {
    const found: number[] = [];
    for (let exit = order.first(); exit >= 0; exit = order.after(exit)) found.push(exit);
    return found;
  };
  return { worth, changes, order, all };
}

test("the most worth comes first, and what is worth nothing not at all", () => {
  const { order, all } = orderOf([-8, -5, -Infinity, -6, -5]);
  assert.deepEqual(all(), [1, 4, 3, 0]);
  assert.equal(order.size, 4);
  assert.ok(!order.has(2));
});

test("who takes what there is gets the most worth, then those of which nothing is known by turns, then those that have failed", () => {
  const { order, worth, all } = orderOf([-Infinity, -Infinity, -5, -Infinity, -Infinity]);
  worth.failed.add(1);
  order.rescored(1);
  order.any = true;
  assert.deepEqual(all(), [2, 0, 3, 4, 1]);
  order.used(0);
  assert.deepEqual(all(), [2, 3, 4, 0, 1]);
  assert.equal(order.size, 1);
  assert.deepEqual([0, 1, 2].map((exit) => order.has(exit)), [false, false, true]);
  order.any = false;
  assert.deepEqual(all(), [2]);
});

test("one that was taken away and is worth it again by what it did elsewhere is asked for", () => {
  const { order, worth, changes } = orderOf([-5, -Infinity, -Infinity]);
  const asked: number[] = [];
  order.onBetter = (exit) => asked.push(exit);
  order.remove(1);
  order.remove(2);
  worth.ln.set(1, -4);
  changes.note(1);
  changes.note(2);
  assert.equal(order.first(), 0);
  assert.deepEqual(asked, [1]);
});

test("what is put back for thousands at once is placed some at a time, each offer from those that have been", () => {
  const { order, worth } = orderOf(Array.from({ length: 5_000 }, () => -5));
  for (let exit = 0; exit < 5_000; exit++) worth.ln.set(exit, exit % 1_000 === 999 ? -1 - exit / 10_000 : -Infinity);
  order.rescoredAll();
  assert.ok(!order.has(4_000), "one that is asked for by itself is placed at once");
  for (const [best, left] of [[999, 2 + 2_951], [999, 4 + 904], [999, 5]] as const) {
    assert.equal(order.first(), best);
    assert.equal(order.size, left);
  }
});

test("what is put back for many at once is looked at when the order is first asked", () => {
  const { order, worth, all } = orderOf([-5, -6, -Infinity]);
  worth.ln.set(0, -Infinity);
  worth.ln.set(2, -3);
  order.rescoredAll();
  assert.equal(order.size, 2);
  assert.deepEqual(all(), [2, 1]);
});

test("one whose worth has fallen is put back in its place when it comes up", () => {
  const { worth, all } = orderOf([-5, -6, -7]);
  worth.ln.set(0, -6.5);
  assert.deepEqual(all(), [1, 0, 2]);
  worth.ln.set(1, -Infinity);
  assert.deepEqual(all(), [0, 2]);
});

test("one that is better by what it did elsewhere is looked at anew, and is to be tried here where it is new", () => {
  const { worth, changes, order, all } = orderOf([-5, -Infinity]);
  worth.ln.set(1, -4);
  worth.untested.add(1);
  changes.note(1);
  assert.deepEqual(all(), [1, 0]);
  assert.deepEqual(order.untested, [1]);
  changes.note(1);
  order.first();
  assert.deepEqual(order.untested, [1], "once");
});

test("what is removed is not offered, whatever becomes of its worth, until it is added again", () => {
  const { worth, changes, order, all } = orderOf([-5, -6]);
  order.remove(0);
  worth.ln.set(0, -1);
  order.rescored(0);
  changes.note(0);
  assert.deepEqual(all(), [1]);
  order.add(0);
  assert.deepEqual(all(), [0, 1]);
});

test("lists keep what is put into them, in the order in which it came", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ exit: fc.nat(40), list: fc.integer({ min: 0, max: WORTH_LISTS }) }), { maxLength: 300 }), (steps) => {
      const lists = new WorthLists(3);
      const plain: number[][] = Array.from({ length: WORTH_LISTS + 1 }, () => []);
      for (const { exit: small, list } of steps) {
        // Also far up, where an exit's number does not fit into the low word.
        const exit = small % 2 === 0 ? small : 99_000 + small;
        const from = lists.listOf(exit);
        if (from > 0) {
          lists.remove(exit);
          plain[from].splice(plain[from].indexOf(exit), 1);
        }
        if (list > 0) {
          lists.insert(exit, list);
          plain[list].push(exit);
        }
      }
      const found: number[] = [];
      for (let list = lists.highest(WORTH_LISTS); list > 0; list = lists.highest(list - 1)) for (let exit = lists.headOf(list); exit >= 0; exit = lists.nextOf(exit)) found.push(exit);
      assert.deepEqual(found, plain.toReversed().flat());
      assert.equal(lists.size, found.length);
    }),
    { numRuns: 60 },
  );
});

test("own addresses take turns while they are worth about the same, and those many times worse go after them", () => {
  const { worth, order } = orderOf([]);
  for (const [exit, ln] of [-5, -5.4, -4.8, -9].entries()) {
    worth.own.add(exit);
    worth.ln.set(exit, ln);
    order.add(exit);
  }
  // Where they were put before anything was usual costs one of them a turn or two.
  const turns = (): number[] => {
    const taken = [0, 0, 0, 0];
    for (let i = 0; i < 60; i++) {
      const exit = order.first();
      taken[exit]++;
      order.rescored(exit);
      order.used(exit);
    }
    return taken;
  };
  const first = turns();
  assert.ok(first[3] === 0 && first.slice(0, 3).every((taken) => taken >= 18 && taken <= 22), `${first}`);
  assert.ok(order.takesTurns(1));
  assert.ok(!order.takesTurns(3));

  // One that turns bad goes; one that is back has its turns again.
  worth.ln.set(0, -10);
  worth.ln.set(3, -5);
  order.rescored(0);
  order.rescored(3);
  const later = turns();
  assert.ok(later[0] === 0 && later.slice(1).every((taken) => taken >= 18 && taken <= 22), `${later}`);
});

test("when all own addresses become better or worse at once, they go on taking turns", () => {
  const { worth, order } = orderOf([]);
  for (let exit = 0; exit < 5; exit++) {
    worth.own.add(exit);
    worth.ln.set(exit, -5);
    order.add(exit);
  }
  for (const ln of [-5, -2, -9, -5]) {
    for (let exit = 0; exit < 5; exit++) worth.ln.set(exit, ln);
    const taken: number[] = [];
    for (let i = 0; i < 100; i++) {
      const exit = order.first();
      taken.push(exit);
      order.rescored(exit);
      order.used(exit);
    }
    const each = [0, 1, 2, 3, 4].map((exit) => taken.filter((other) => other === exit).length);
    assert.ok(Math.max(...each) - Math.min(...each) <= 3, `${ln}: ${each}`);
  }
});
