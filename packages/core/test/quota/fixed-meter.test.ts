import assert from "node:assert/strict";
import { test } from "node:test";
import { FixedMeter } from "../../src/quota/fixed-meter.ts";
import type { Outcome } from "../../src/quota/meter.ts";
import { ServerClock } from "../../src/time/server-clock.ts";

/** A server whose clock is known to show `now`, and a meter of 10 in each second of it, told of events in milliseconds. */
function meter(limit = 10, perMs = 1_000): FixedMeter {
  return new FixedMeter(limit, perMs, new ServerClock({ offsetMs: 0, wallTime: 0, now: 0 }));
}

const answer = (sentAt: number, now: number, writtenAt?: number): Outcome => ({ now, sentAt, writtenAt, answered: true });

test("a window is full when its limit is reached, and empty when the server's clock turns", () => {
  const fixed = meter();
  const steps = [
    { at: 0, weight: 7, taken: true },
    { at: 300, weight: 4, taken: false },
    { at: 300, weight: 3, taken: true },
    { at: 999, weight: 1, taken: false },
    { at: 1_000, weight: 10, taken: true },
    { at: 1_999, weight: 1, taken: false },
  ];
  for (const { at, weight, taken } of steps) {
    assert.equal(fixed.room(0, at) >= weight, taken, `at ${at}`);
    if (!taken) continue;
    fixed.take(0, at, weight);
    fixed.settle(0, weight, weight, answer(at, at + 1, 0 + Math.floor(at / 1_000) * 1_000));
  }
});

test("what is in flight at a turn counts in both windows, until the answer's date gives it back to one", () => {
  const fixed = meter();
  fixed.take(0, 900, 6);
  assert.equal(fixed.room(0, 1_050), 4);

  // Written in the first second: it arrived before the turn.
  fixed.settle(0, 6, 6, answer(900, 1_100, 0));

  assert.equal(fixed.room(0, 1_100), 10);
});

test("an answer without a date leaves its request counted in every window that it may have reached", () => {
  const fixed = meter();
  fixed.take(0, 900, 6);
  fixed.settle(0, 6, 6, answer(900, 1_100));
  assert.equal(fixed.room(0, 1_100), 4);
  assert.equal(fixed.room(0, 2_000), 10);
});

test("a header above our own count wins, one below it changes nothing", () => {
  const fixed = meter();
  fixed.take(0, 100, 3);
  fixed.settle(0, 3, 3, answer(100, 150, 0), 8);
  assert.equal(fixed.room(0, 200), 2);

  fixed.take(0, 200, 1);
  fixed.settle(0, 1, 1, answer(200, 250, 0), 4);
  assert.equal(fixed.room(0, 300), 2);
});

test("requests in flight count on top of the header, and are in it once they are answered", () => {
  const fixed = meter();
  fixed.take(0, 100, 3);
  fixed.take(0, 100, 3);
  fixed.settle(0, 3, 3, answer(100, 150, 0), 6);
  assert.equal(fixed.room(0, 150), 1, "the second may or may not be in the figure");

  assert.equal(fixed.settle(0, 3, 3, answer(100, 160, 0), 6), true, "says that there is more room");
  assert.equal(fixed.room(0, 160), 4);
});

test("a figure whose window may be the one before says nothing about this one", () => {
  const fixed = meter();
  fixed.take(0, 990, 2);
  // Counted at the end of the first second with 9 used, written at the beginning of the next.
  fixed.settle(0, 2, 2, answer(990, 1_020, 1_000), 9);
  assert.equal(fixed.room(0, 1_020), 8);
});

test("more than the limit never fits, and what fits only after a turn says when", () => {
  const fixed = meter();
  fixed.take(0, 100, 8);
  fixed.settle(0, 8, 8, answer(100, 150, 0));
  assert.equal(fixed.freeAt(0, 200, 2), 200);
  assert.equal(fixed.freeAt(0, 200, 3), 1_000);
  assert.equal(fixed.freeAt(0, 200, 11), Infinity);

  // What is in flight may fall into the next window too: only its answer can make room there.
  fixed.take(0, 300, 2);
  assert.equal(fixed.freeAt(0, 300, 9), Infinity);
  assert.equal(fixed.freeAt(0, 300, 8), 1_000);
});

test("while the server's clock is unknown, no span of that length holds more than the limit", () => {
  const clock = new ServerClock();
  const fixed = new FixedMeter(10, 1_000, clock);
  fixed.take(0, 500, 10);
  fixed.settle(0, 10, 10, answer(500, 600));
  assert.equal(fixed.room(0, 1_100), 0);
  assert.equal(fixed.freeAt(0, 1_100, 1), 1_600);
  assert.equal(fixed.room(0, 1_600), 10);
});

test("what was counted blindly is kept when the clock becomes known, and gone two windows later", () => {
  const clock = new ServerClock();
  const fixed = new FixedMeter(10, 60_000, clock);
  fixed.take(0, 1_000, 4);
  fixed.settle(0, 4, 4, answer(1_000, 1_100));
  fixed.take(0, 2_000, 3);
  const writtenAt = clock.learn("Fri, 20 Nov 2026 10:00:30 GMT", 2_000, 2_040);
  fixed.settle(0, 3, 3, { now: 2_040, sentAt: 2_000, writtenAt, answered: true });

  assert.equal(fixed.room(0, 2_040), 3);
  assert.equal(fixed.room(0, 2_040 + 120_000), 10);
});

test("a window far shorter than what is known of the clock is counted blindly, without end or loss", () => {
  const clock = new ServerClock();
  clock.learn("Fri, 20 Nov 2026 10:00:30 GMT", 0, 3_000);
  const fixed = new FixedMeter(10, 200, clock);
  fixed.take(0, 3_000, 10);
  fixed.settle(0, 10, 10, answer(3_000, 3_050));
  assert.equal(fixed.room(0, 3_200), 0);
  assert.equal(fixed.room(0, 3_250), 10);
});

test("a row that was cleared begins anew", () => {
  const fixed = meter();
  fixed.take(3, 100, 5);
  fixed.clear(3);
  assert.ok(fixed.idle(3, 100));
  assert.equal(fixed.room(3, 100), 10);
});
