import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Line, LONGEST_WAITING_EVERY, type Rank, type Share, type Standing } from "../../src/queue/line.ts";

interface Person extends Standing {
  readonly name: string;
}

const ALONE: Share = { weight: 1 };
let born = 0;

function person(name: string, priority = 0, share = ALONE, createdAt = born++): Person {
  return { name, priority, share, createdAt, place: 0, linePrev: undefined, lineNext: undefined, rank: undefined as Rank | undefined };
}

function lineOf(...people: Person[]): Line<Person> {
  const line = new Line<Person>();
  for (const one of people) line.push(one);
  return line;
}

/** Serves `count` of the line in turn. */
function serve(line: Line<Person>, count: number, cost = 1): string[] {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const next = line.first();
    if (next === undefined) break;
    names.push(next.name);
    line.served(next, cost);
    line.remove(next);
  }
  return names;
}

const many = (name: string, count: number, priority = 0, share = ALONE): Person[] => Array.from({ length: count }, () => person(name, priority, share));
const count = (names: readonly string[], name: string): number => names.filter((each) => each === name).length;

test("higher priorities go first, and first come first served inside one", () => {
  const line = lineOf(person("c"), person("a", 5), person("d"), person("b", 5), person("e", -1));
  assert.deepEqual(serve(line, 9), ["a", "b", "c", "d", "e"]);
  assert.equal(line.size, 0);
  assert.equal(line.first(), undefined);
});

test("shares of one priority are served by their weights", () => {
  const line = lineOf(...many("three", 400, 0, { weight: 3 }), ...many("one", 400, 0, { weight: 1 }));
  const served = serve(line, 400);
  assert.ok(Math.abs(count(served, "three") - 300) <= 400 / LONGEST_WAITING_EVERY, `${count(served, "three")} of 400`);
  // Never in long runs: three to one holds in every stretch, not only in the end.
  for (let at = 0; at + 40 <= 400; at += 40) assert.ok(count(served.slice(at, at + 40), "one") >= 6, `from ${at}`);
});

test("a share pays for what it takes: heavy requests come less often", () => {
  const line = lineOf(...many("light", 400, 0, { weight: 1 }), ...many("heavy", 400, 0, { weight: 1 }));
  let light = 0;
  let heavy = 0;
  for (let i = 0; i < 300; i++) {
    const next = line.first() as Person;
    const cost = next.name === "heavy" ? 5 : 1;
    if (next.name === "heavy") heavy += cost;
    else light += cost;
    line.served(next, cost);
    line.remove(next);
  }
  assert.ok(Math.abs(light - heavy) / (light + heavy) < 0.2, `${light} against ${heavy}`);
});

test("whoever was away gets no arrears, and pays none for what nobody else wanted", () => {
  const a = { weight: 1 };
  const b = { weight: 1 };
  const line = lineOf(...many("b", 1, 0, b), ...many("a", 500, 0, a));
  serve(line, 101);
  for (const one of many("b", 100, 0, b)) line.push(one);
  const served = serve(line, 60);
  assert.ok(Math.abs(count(served, "b") - 30) <= 5, `${count(served, "b")} of 60`);
});

test("the lowest priority is never starved: every sixteenth turn is the longest waiting one's", () => {
  const line = lineOf(person("low", -10));
  for (let i = 0; i < 40; i++) line.push(person("high", 10));
  const served = serve(line, 40);
  assert.equal(served.indexOf("low"), LONGEST_WAITING_EVERY - 1);

  // However many high ones come, n low ones are through after 16 × n turns.
  const lows = lineOf(...many("low", 20, 0));
  let through = 0;
  for (let turn = 0; turn < 20 * LONGEST_WAITING_EVERY; turn++) {
    while (lows.size < 60) lows.push(person("high", 1));
    through += count(serve(lows, 1), "low");
  }
  assert.equal(through, 20);
});

test("a high priority waits for one low one in sixteen at most", () => {
  const line = lineOf(...many("low", 100, 0));
  let inARow = 0;
  for (let turn = 0; turn < 200; turn++) {
    line.push(person("high", 1));
    const [name] = serve(line, 1);
    inARow = name === "low" ? inARow + 1 : 0;
    assert.ok(inARow <= 1, `turn ${turn}`);
  }
});

test("looking past the first meets everybody else once, in order of priority", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ priority: fc.integer({ min: 0, max: 4 }), share: fc.integer({ min: 0, max: 2 }) }), { minLength: 1, maxLength: 40 }), fc.nat(20), (people, turns) => {
      const shares: Share[] = [{ weight: 1 }, { weight: 2 }, { weight: 5 }];
      const line = lineOf(...people.map(({ priority, share }, index) => person(String(index), priority, shares[share])));
      serve(line, turns);
      const met: string[] = [];
      const first = line.first();
      for (let each = first; each !== undefined; each = line.after(each)) {
        met.push(each.name);
        assert.ok(met.length <= line.size, "met somebody twice");
      }
      assert.equal(met.length, line.size);
      assert.equal(new Set(met).size, line.size);
    }),
    { numRuns: 300 },
  );
});

test("a line forgets priorities that nobody waits with any more", () => {
  const line = lineOf(person("stays", 0.5));
  for (let priority = 1; priority <= 10_000; priority++) {
    const passing = person("passing", priority);
    line.push(passing);
    line.remove(passing);
  }
  const last = person("last", -1);
  line.push(last);
  const began = performance.now();
  for (let i = 0; i < 1_000; i++) assert.equal(line.first()?.name, "stays");
  // Walking ten thousand empty ranks a thousand times takes tens of milliseconds; thirty of them, next to nothing.
  assert.ok(performance.now() - began < 1_000);
  assert.deepEqual(serve(line, 5), ["stays", "last"]);
});

test("who is not in the line leaves it as it is", () => {
  const line = lineOf(person("a"));
  line.remove(person("b"));
  assert.equal(line.size, 1);
  assert.ok(line.outranks(1) && !line.outranks(0));
});
