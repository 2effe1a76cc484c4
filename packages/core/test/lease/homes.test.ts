import assert from "node:assert/strict";
import { test } from "node:test";
import { ExitTable } from "../../src/exits/exit-table.ts";
import { Homes, StandIns } from "../../src/lease/homes.ts";
import { keyHash } from "../../src/lease/key-hash.ts";

function tableOf(count: number): ExitTable {
  const table = new ExitTable();
  for (let i = 0; i < count; i++) add(table, i);
  return table;
}

function add(table: ExitTable, i: number): number {
  const id = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  return table.add({ id, kind: "local", address: id }, id);
}

/** Homes as one target sees them. */
function homesOf(table: ExitTable, isAway: (exit: number) => boolean): { exitOf(key: number, now: number): number } {
  const homes = new Homes(table);
  const here = new StandIns(isAway);
  return { exitOf: (key, now) => homes.exitOf(key, now, here) };
}

const KEYS = Array.from({ length: 20_000 }, (_, i) => keyHash(`key-${i}`));

test("keys are spread evenly over exits", () => {
  const homes = homesOf(tableOf(50), () => false);
  const counts = new Array<number>(50).fill(0);
  for (const key of KEYS) counts[homes.exitOf(key, 0)]++;
  // 400 each on average, standard deviation 20: six of them.
  assert.ok(Math.min(...counts) > 280 && Math.max(...counts) < 520, `${Math.min(...counts)} to ${Math.max(...counts)}`);
  const sum = counts.reduce((a, b) => a + b);
  const jain = sum ** 2 / (counts.length * counts.reduce((a, b) => a + b * b, 0));
  assert.ok(jain > 0.99, `Jain's index ${jain}`);
});

test("a key finds its exit again in another process, whatever the order of the exits", () => {
  const forwards = new ExitTable();
  const backwards = new ExitTable();
  for (let i = 0; i < 30; i++) add(forwards, i);
  for (let i = 29; i >= 0; i--) add(backwards, i);
  const [one, other] = [homesOf(forwards, () => false), homesOf(backwards, () => false)];
  for (const key of KEYS.slice(0, 500)) assert.equal(forwards.exits[one.exitOf(key, 0)]?.id, backwards.exits[other.exitOf(key, 0)]?.id);
});

test("an exit that comes takes over its own keys alone", () => {
  const table = tableOf(20);
  const homes = homesOf(table, () => false);
  const keys = KEYS.slice(0, 5_000);
  const before = keys.map((key) => homes.exitOf(key, 0));
  const added = add(table, 20);
  const moved = keys.filter((key, i) => homes.exitOf(key, 0) !== before[i]);
  assert.ok(moved.every((key) => homes.exitOf(key, 0) === added));
  assert.ok(moved.length > 120 && moved.length < 360, `${moved.length} of 5000 moved; a 21st would be 238`);
});

test("while an exit is away its keys are spread over the others, stay there, and are back when it is", () => {
  const away = new Set<number>();
  const homes = homesOf(tableOf(20), (exit) => away.has(exit));
  const keys = KEYS.slice(0, 5_000);
  const before = keys.map((key) => homes.exitOf(key, 0));
  away.add(7);
  const during = keys.map((key) => homes.exitOf(key, 0));
  keys.forEach((_, i) => (before[i] === 7 ? assert.notEqual(during[i], 7) : assert.equal(during[i], before[i])));
  assert.ok(new Set(during.filter((_, i) => before[i] === 7)).size > 15, "not all of them to one");
  assert.deepEqual(keys.map((key) => homes.exitOf(key, 0)), during);
  away.clear();
  assert.deepEqual(keys.map((key) => homes.exitOf(key, 0)), before);
});

test("who stands in may go away too; where nobody is left nobody is looked for with each request", () => {
  let asked = 0;
  const away = new Set<number>();
  const homes = homesOf(tableOf(1_000), (exit) => {
    asked++;
    return away.has(exit);
  });
  const [key] = KEYS;
  const home = homes.exitOf(key, 0);
  away.add(home);
  const second = homes.exitOf(key, 0);
  away.add(second);
  const third = homes.exitOf(key, 0);
  assert.equal(new Set([home, second, third]).size, 3);

  for (let exit = 0; exit < 1_000; exit++) away.add(exit);
  assert.equal(homes.exitOf(key, 0), -1);
  asked = 0;
  for (let i = 0; i < 1_000; i++) assert.equal(homes.exitOf(key, 1), -1);
  assert.ok(asked <= 2_000, `${asked} questions`);
  away.delete(third);
  assert.equal(homes.exitOf(key, 200), third);
});

test("exits are compared when they are new, not with each request", () => {
  const homes = homesOf(tableOf(20_000), () => false);
  let asked = 0;
  const counting = homesOf(tableOf(20_000), () => {
    asked++;
    return false;
  });
  const [key] = KEYS;
  assert.equal(counting.exitOf(key, 0), homes.exitOf(key, 0));
  for (let i = 0; i < 10_000; i++) counting.exitOf(key, i);
  assert.equal(asked, 10_001);
});

test("an exit that is removed leaves its keys to the others, and one that gets its index is another exit", () => {
  const table = tableOf(20);
  const homes = homesOf(table, () => false);
  const keys = KEYS.slice(0, 2_000);
  const before = keys.map((key) => table.exits[homes.exitOf(key, 0)]?.id);
  const gone = table.exits[7]?.id;
  table.remove(7);
  const after = keys.map((key) => table.exits[homes.exitOf(key, 0)]?.id);
  keys.forEach((_, i) => (before[i] === gone ? assert.ok(after[i] !== undefined && after[i] !== gone) : assert.equal(after[i], before[i])));

  assert.equal(add(table, 99), 7, "the index is used again");
  const fresh = homesOf(table, () => false);
  assert.deepEqual(keys.map((key) => homes.exitOf(key, 0)), keys.map((key) => fresh.exitOf(key, 0)));
});

test("a key of a megabyte is a number like any other", () => {
  const long = "x".repeat(1_000_000);
  assert.equal(keyHash(long), keyHash("x".repeat(1_000_000)));
  assert.notEqual(keyHash(long), keyHash(`${long.slice(1)}y`));
  assert.ok(Number.isSafeInteger(keyHash(long)) && Number.isSafeInteger(keyHash("")));
});

test("an exit that is away from one target is there for the others", () => {
  const homes = new Homes(tableOf(20));
  const [key] = KEYS;
  const [here, there] = [new StandIns((exit) => exit === own), new StandIns(() => false)];
  const own = homes.exitOf(key, 0, there);
  assert.notEqual(homes.exitOf(key, 0, here), own);
  assert.equal(homes.exitOf(key, 0, there), own);
});
