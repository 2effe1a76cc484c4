import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChangeLog } from "../../src/health/change-log.ts";
import { ScoreOrder } from "../../src/lease/score-order.ts";
import { seededRandom } from "../../src/testing/random.ts";

/** Ranks set by hand. Odd: proven; even: yet to be explored. */
class Ranks {
  readonly ranks = new Map<number, number>();
  readonly log = new ChangeLog();
  blamed = false;

  rankOf(exit: number): number {
    return this.ranks.get(exit) ?? 50;
  }
}

const never = (): number => 0.999;
const always = (): number => 0;

function orderOf(ranks: Ranks, entries: Record<number, number>, random = never): ScoreOrder {
  const order = new ScoreOrder(ranks, ranks.log, random);
  for (const [exit, rank] of Object.entries(entries)) {
    ranks.ranks.set(Number(exit), rank);
    order.add(Number(exit), false);
  }
  return order;
}

function offers(order: ScoreOrder): number[] {
  const all: number[] = [];
  for (let exit = order.first(); exit >= 0; exit = order.after(exit)) {
    all.push(exit);
    assert.ok(all.length <= order.size, "offers one twice");
  }
  return all;
}

test("exits are offered from the best score down, each once", () => {
  const order = orderOf(new Ranks(), { 0: 51, 1: 127, 2: 1, 3: 63, 4: 50, 5: 95, 6: 0 });

  assert.deepEqual(offers(order), [1, 5, 3, 0, 4, 2, 6]);
});

test("among equals the least recently used comes first, also after a rest", () => {
  const order = orderOf(new Ranks(), { 0: 51, 1: 51, 2: 51, 3: 51 });

  order.used(0);
  assert.deepEqual(offers(order), [1, 2, 3, 0]);

  // Leave in the order 1, 2 and come back in it.
  for (const exit of [1, 2]) {
    order.remove(exit);
    order.used(exit);
  }
  order.used(3);
  for (const exit of [1, 2]) order.add(exit, true);
  assert.deepEqual(offers(order), [0, 1, 2, 3]);
});

test("who rested for long comes back before those that were used meanwhile", () => {
  const order = orderOf(new Ranks(), Object.fromEntries(Array.from({ length: 20 }, (_, exit) => [exit, 77])));
  order.remove(0);
  for (let exit = 1; exit < 20; exit++) order.used(exit);

  order.add(0, true);

  assert.equal(order.first(), 0);
});

test("an outcome moves an exit to where its score belongs", () => {
  const ranks = new Ranks();
  const order = orderOf(ranks, { 0: 51, 1: 61, 2: 71 });

  ranks.ranks.set(0, 99);
  order.rescored(0);
  assert.deepEqual(offers(order), [0, 2, 1]);

  ranks.ranks.set(2, 3);
  order.rescored(2);
  assert.deepEqual(offers(order), [0, 1, 2]);
});

test("an exit that is away when its score changes comes back where it belongs", () => {
  const ranks = new Ranks();
  const order = orderOf(ranks, { 0: 51, 1: 61 });
  order.remove(0);
  ranks.ranks.set(0, 71);
  order.rescored(0);
  assert.equal(order.has(0), false);

  order.add(0, true);

  assert.deepEqual(offers(order), [0, 1]);
});

test("one offer in ten begins with the most promising unproven exit, and the others follow in their order", () => {
  assert.deepEqual(offers(orderOf(new Ranks(), { 0: 127, 1: 50, 2: 32, 3: 91, 4: 50 }, always)), [1, 0, 3, 4, 2]);

  const order = orderOf(new Ranks(), { 0: 127, 1: 50 }, seededRandom(7));
  let explored = 0;
  for (let i = 0; i < 10_000; i++) if (order.first() === 1) explored++;
  assert.ok(explored > 850 && explored < 1_150, `${explored}`);
});

test("unproven exits take their turns among themselves", () => {
  const order = orderOf(new Ranks(), { 0: 127, 1: 50, 2: 50, 3: 50 }, always);
  const turns: number[] = [];
  for (let i = 0; i < 6; i++) {
    const exit = order.first();
    turns.push(exit);
    order.used(exit);
  }

  assert.deepEqual(turns, [1, 2, 3, 1, 2, 3]);
});

test("where everybody fails, every exit gets its turn whatever its score", () => {
  const ranks = new Ranks();
  const order = orderOf(ranks, { 0: 127, 1: 127, 2: 90, 3: 60, 4: 20, 5: 1 }, seededRandom(3));
  ranks.blamed = true;

  const turns = new Map<number, number>();
  for (let i = 0; i < 1_000; i++) {
    const exit = order.first();
    turns.set(exit, (turns.get(exit) ?? 0) + 1);
    order.used(exit);
  }

  for (let exit = 0; exit < 6; exit++) assert.ok((turns.get(exit) ?? 0) > 5, `${exit}: ${turns.get(exit)}`);
  assert.deepEqual(offers(order).toSorted(), [0, 1, 2, 3, 4, 5]);
});

test("what exits did elsewhere is caught up with, a few at each offer, also after more of it than the log holds", () => {
  const ranks = new Ranks();
  const order = orderOf(ranks, { 0: 127, 1: 101, 2: 51 });
  ranks.ranks.set(2, 109);
  ranks.log.note(2);
  assert.deepEqual(offers(order), [0, 2, 1]);

  for (let i = 0; i < 5_000; i++) ranks.log.note(99);
  ranks.ranks.set(0, 3);
  ranks.log.note(0);
  for (let i = 0; i < 40; i++) order.first();
  assert.deepEqual(offers(order), [2, 1, 0]);
});

test("an empty order offers nothing", () => {
  const order = new ScoreOrder(new Ranks(), new ChangeLog(), always);

  assert.equal(order.first(), -1);
  order.remove(5);
  order.used(5);
  order.rescored(5);
  assert.equal(order.size, 0);
});

test("twelve bytes an exit, without room for twice as many", () => {
  const order = orderOf(new Ranks(), {});
  for (let exit = 0; exit < 20_000; exit++) order.add(exit, false);

  assert.ok(order.bytes < 20_000 * 12.8, `${order.bytes}`);
});

test("whatever happens, the order holds what was added and not removed, best first", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("add", "remove", "used", "note"), exit: fc.nat(40) }),
    fc.record({ kind: fc.constant("rank"), exit: fc.nat(40), rank: fc.nat(127) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (steps, chance) => {
      const ranks = new Ranks();
      const order = new ScoreOrder(ranks, ranks.log, () => chance.next().value);
      const held = new Set<number>();
      for (const { kind, exit, ...rest } of steps) {
        if (kind === "add") held.add(exit);
        if (kind === "remove") held.delete(exit);
        if (kind === "add") order.add(exit, true);
        if (kind === "remove") order.remove(exit);
        if (kind === "used") order.used(exit);
        if (kind === "note") ranks.log.note(exit);
        if ("rank" in rest) {
          ranks.ranks.set(exit, rest.rank);
          order.rescored(exit);
        }
        assert.equal(order.size, held.size);
        const all = offers(order);
        assert.deepEqual(all.toSorted((a, b) => a - b), [...held].toSorted((a, b) => a - b));
        const byRank = all.slice(1).map((one) => ranks.rankOf(one));
        assert.deepEqual(byRank, byRank.toSorted((a, b) => b - a), "but for the first, which may be explored");
        if (all.length > 0) assert.ok(ranks.rankOf(all[0]) >= (byRank[0] ?? 0) || ranks.rankOf(all[0]) % 2 === 0);
      }
    }),
    { numRuns: 150 },
  );
});

test("what is put back for thousands at once is ranked some at a time, each offer from those that have been", () => {
  let known = false;
  const scorer = { blamed: false, rankOf: (exit: number): number => (known && (exit === 1_000 || exit === 4_000) ? 101 + exit / 500 : 41) };
  const order = new ScoreOrder(scorer, { count: 0, oldest: 0, get: () => 0 }, () => 1, { exits: 5_000 });
  for (let exit = 0; exit < 5_000; exit++) order.add(exit, false);
  assert.equal(order.first(), 0);
  known = true;
  order.rescoredAll();
  assert.deepEqual([order.first(), order.first(), order.first()], [1_000, 4_000, 4_000]);
});
