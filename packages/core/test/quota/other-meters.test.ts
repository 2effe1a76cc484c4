import assert from "node:assert/strict";
import { test } from "node:test";
import { BucketMeter } from "../../src/quota/bucket-meter.ts";
import type { Meter, Outcome } from "../../src/quota/meter.ts";
import { SlidingMeter } from "../../src/quota/sliding-meter.ts";

const answer = (now: number): Outcome => ({ now, sentAt: now, writtenAt: undefined, answered: true });

function play(meter: Meter, steps: readonly { at: number; weight: number; taken: boolean }[]): void {
  for (const { at, weight, taken } of steps) {
    assert.equal(meter.room(0, at) >= weight, taken, `at ${at}`);
    if (!taken) continue;
    meter.take(0, at, weight);
    meter.settle(0, weight, weight, answer(at));
  }
}

test("a sliding limit holds for every span of its length", () => {
  play(new SlidingMeter(3, 1_000), [
    { at: 0, weight: 2, taken: true },
    { at: 500, weight: 2, taken: false },
    { at: 500, weight: 1, taken: true },
    { at: 999, weight: 1, taken: false },
    { at: 1_000, weight: 2, taken: true },
    { at: 1_499, weight: 1, taken: false },
    { at: 1_500, weight: 1, taken: true },
  ]);
});

test("a request counts on a sliding limit until one span after its answer: it arrived somewhere in between", () => {
  const sliding = new SlidingMeter(3, 1_000);
  sliding.take(0, 0, 3);
  assert.equal(sliding.freeAt(0, 5_000, 1), Infinity);
  sliding.settle(0, 3, 3, answer(5_000));
  assert.equal(sliding.freeAt(0, 5_000, 1), 6_000);
  assert.equal(sliding.room(0, 6_000), 3);
});

test("what was not sent leaves a sliding limit at once, and a figure of the server's joins it", () => {
  const sliding = new SlidingMeter(10, 1_000);
  sliding.take(0, 0, 4);
  assert.equal(sliding.settle(0, 4, 0, answer(10)), true);
  assert.equal(sliding.room(0, 10), 10);

  sliding.observe(0, 7, answer(20));
  assert.equal(sliding.room(0, 20), 3);
  assert.equal(sliding.room(0, 1_020), 10);
});

test("a sliding log stays short however much it counts", () => {
  const sliding = new SlidingMeter(1e9, 256_000);
  for (let at = 0; at < 300_000; at++) {
    sliding.take(0, at, 1);
    sliding.settle(0, 1, 1, answer(at));
  }
  // Entries less than a 256th of the span apart are one: nothing leaves sooner than a span later, nor much later.
  assert.ok(sliding.used(0, 299_999) >= 256_000 && sliding.used(0, 299_999) <= 257_100, String(sliding.used(0, 299_999)));
  assert.equal(sliding.used(0, 600_000), 0);
});

test("a bucket holds its limit and fills at an even rate", () => {
  play(new BucketMeter(10, 1_000), [
    { at: 0, weight: 10, taken: true },
    { at: 99, weight: 1, taken: false },
    { at: 100, weight: 1, taken: true },
    { at: 400, weight: 4, taken: false },
    { at: 400, weight: 3, taken: true },
    { at: 5_000, weight: 11, taken: false },
    { at: 5_000, weight: 10, taken: true },
  ]);
});

test("what is in flight keeps its place in the bucket empty: it may arrive all at once", () => {
  const bucket = new BucketMeter(10, 1_000);
  bucket.take(0, 0, 10);
  assert.equal(bucket.room(0, 9_000), 0);
  assert.equal(bucket.freeAt(0, 9_000, 1), Infinity);

  bucket.settle(0, 10, 10, answer(9_000));
  assert.equal(bucket.freeAt(0, 9_000, 2), 9_200);
  assert.equal(bucket.room(0, 9_500), 5);
});
