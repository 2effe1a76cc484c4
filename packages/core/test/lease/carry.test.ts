import assert from "node:assert/strict";
import { test } from "node:test";
import { Carry } from "../../src/lease/carry.ts";

test("one refusal is an accident, two within a minute halve what the exit carries", () => {
  const carry = new Carry();
  assert.equal(carry.refused(3, 10, 100, 200), undefined);
  assert.equal(carry.mostOf(3, 200), Infinity);
  assert.equal(carry.refused(3, 10, 700, 800), 5);
  assert.equal(carry.refused(3, 5, 900, 1_000), 2);
  assert.equal(carry.refused(3, 2, 1_100, 1_200), 1);
  assert.equal(carry.refused(3, 1, 1_300, 1_400), 1, "one is always left");
  assert.equal(carry.mostOf(4, 1_400), Infinity, "another exit is not held to it");
});

test("refusals of what was under way when the last one came are the same one", () => {
  const carry = new Carry();
  carry.refused(0, 8, 100, 200);
  for (let i = 0; i < 7; i++) assert.equal(carry.refused(0, 7 - i, 100, 201 + i), undefined);
  assert.equal(carry.refused(0, 8, 700, 900), 4);
  for (let i = 0; i < 7; i++) assert.equal(carry.refused(0, 7 - i, 700, 901 + i), undefined);
  assert.equal(carry.mostOf(0, 1_000), 4);
});

test("a tenth of what it carried before comes back every ten seconds", () => {
  const carry = new Carry();
  carry.refused(0, 20, 1, 2);
  carry.refused(0, 20, 3, 4);
  const timeline = [
    { at: 4, most: 10 }, { at: 10_003, most: 10 }, { at: 10_004, most: 12 }, { at: 20_004, most: 14 }, { at: 40_004, most: 18 }, { at: 49_999, most: 18 }, { at: 50_004, most: Infinity },
  ];
  for (const { at, most } of timeline) assert.equal(carry.mostOf(0, at), most, `at ${at}`);
  assert.equal(carry.until, 50_004);
});

test("a refusal on the way back halves what had come back", () => {
  const carry = new Carry();
  carry.refused(0, 20, 1, 2);
  carry.refused(0, 20, 3, 4);
  carry.refused(0, 3, 10_010, 10_020);
  assert.equal(carry.mostOf(0, 10_020), 6);
  // More than a minute of quiet: the next one is an accident again.
  assert.equal(carry.refused(0, 20, 100_000, 100_001), undefined);
});

test("the room that it takes grows with the exits that were refused, and with no other", () => {
  const carry = new Carry();
  assert.equal(carry.mostOf(100_000, 0), Infinity);
  carry.refused(20_000, 4, 1, 2);
  carry.refused(20_000, 4, 3, 4);
  assert.equal(carry.mostOf(20_000, 5), 2);
});
