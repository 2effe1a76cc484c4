import assert from "node:assert/strict";
import { test } from "node:test";
import { Explorer, squeezeOf, type Roll, type Scouted } from "../../src/lease/explorer.ts";
import { seededRandom } from "../../src/testing/index.ts";

class Exits implements Scouted {
  tick = 1_000;
  readonly known: number[] = [];
  readonly due = new Map<number, number>();
  readonly testing = new Set<number>();
  ups = new Map<number, number>();

  isProxy(): boolean {
    return true;
  }

  hasWorked(exit: number): boolean {
    return this.known.includes(exit);
  }

  isTesting(exit: number): boolean {
    return this.testing.has(exit);
  }

  up(exit: number): number {
    return this.ups.get(exit) ?? 0.3;
  }

  dueAt(exit: number): number {
    return this.due.get(exit) ?? 0;
  }

  backoffMs(): number {
    return 30_000;
  }
}

const now = (): number => 0;

function roll(length: number, turns = length): Roll {
  return { length, turns, isUsable: () => true };
}

test("every exit of a list is tested once, in an order that is not the list's, before any is tested again", () => {
  const exits = new Exits();
  const explorer = new Explorer(exits, seededRandom(1));
  explorer.meet(roll(50));
  const taken: number[] = [];
  for (let exit = explorer.unknown(0, now); exit >= 0; exit = explorer.unknown(0, now)) {
    taken.push(exit);
    exits.due.set(exit, exits.tick + 30_000);
    explorer.missed(exit);
  }
  assert.equal(new Set(taken).size, 50);
  assert.equal(taken.length, 50);
  assert.notDeepEqual(taken, taken.toSorted((a, b) => a - b));
  exits.tick += 30_000;
  assert.equal(explorer.unknown(0, now) >= 0, true);
});

test("one that has worked meanwhile leaves the sweep", () => {
  const exits = new Exits();
  const explorer = new Explorer(exits, seededRandom(1));
  explorer.meet(roll(2));
  exits.known.push(0);
  assert.equal(explorer.unknown(0, now), 1);
  assert.equal(explorer.unknown(0, now), -1);
});

test("of those that have worked the one goes that would be worth most, unless it rests or is being tested", () => {
  const exits = new Exits();
  const explorer = new Explorer(exits, seededRandom(2));
  exits.known.push(0, 1, 2, 3);
  exits.due.set(0, 5_000);
  exits.testing.add(1);
  const found = new Set(Array.from({ length: 50 }, () => explorer.known(0, (exit) => exit + 1)));
  assert.ok(found.has(3) && !found.has(0) && !found.has(1), [...found].join(" "));
  assert.equal(explorer.known(0, () => 0), -1);
});

test("the longer a request waits without an exit, the sooner exits are due for it, and it is known when", () => {
  const exits = new Exits();
  const explorer = new Explorer(exits, seededRandom(3));
  explorer.meet(roll(1));
  explorer.unknown(0, now);
  exits.due.set(0, exits.tick + 30_000);
  explorer.missed(0);
  const began = exits.tick;
  let age = 0;
  for (let asked = 0; asked < 20; asked++) {
    const wait = explorer.dueInMs(age, now);
    if (wait === 0) break;
    age += wait + 1;
    exits.tick = began + age;
  }
  assert.ok(age > 2_000 && age < 15_000, `${age}`);
  assert.equal(explorer.unknown(squeezeOf(age), now), 0);
});

test("one that may not be used now is not asked for again before it may", () => {
  const exits = new Exits();
  const explorer = new Explorer(exits, seededRandom(4));
  explorer.meet(roll(1));
  assert.equal(explorer.unknown(0, () => 60_000), -1);
  assert.ok(explorer.dueInMs(0, now) > 5_000);
  exits.known.push(0);
  assert.equal(explorer.dueInMs(0, () => 60_000), 60_000);
  assert.equal(new Explorer(new Exits(), Math.random).dueInMs(0, now), Infinity);
});

test("a scale of times that has moved on does not put the sweep to sleep", () => {
  const exits = new Exits();
  const explorer = new Explorer(exits, seededRandom(5));
  explorer.meet(roll(1));
  explorer.unknown(0, now);
  exits.tick = 2 ** 31;
  exits.due.set(0, 2 ** 31 + 1_000);
  explorer.missed(0);
  explorer.nextUnknown(0);
  exits.tick = 2 ** 30;
  exits.due.set(0, 2 ** 30 + 1_000);
  assert.ok(explorer.dueInMs(0, now) <= 1_000);
});

test("who has come in the place of another is tested like anybody new, and once", () => {
  const exits = new Exits();
  const explorer = new Explorer(exits, seededRandom(6));
  explorer.meet(roll(2));
  exits.known.push(0, 1);
  assert.equal(explorer.unknown(0, now), -1);
  exits.known.length = 0;
  explorer.meet(roll(2, 4));
  explorer.meet(roll(2, 5));
  assert.deepEqual([explorer.unknown(0, now), explorer.unknown(0, now), explorer.unknown(0, now)].toSorted((a, b) => a - b), [-1, 0, 1]);
  explorer.meet(roll(2, 6));
  assert.equal(explorer.unknown(0, () => Number.NaN), -1, "one that is gone is no more asked for");
  assert.equal(explorer.dueInMs(0, now), Infinity);
});
