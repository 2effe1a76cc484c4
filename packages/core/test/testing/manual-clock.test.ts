import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock, seededRandom } from "../../src/testing/index.ts";

test("timers run in the order of their moments, those of one moment in the order of setting", async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  clock.setTimeout(() => ran.push(`late at ${clock.now()}`), 30);
  clock.setTimeout(() => ran.push(`early at ${clock.now()}`), 10);
  clock.setTimeout(() => ran.push(`second at ${clock.now()}`), 10);

  await clock.advance(29);
  assert.deepEqual(ran, ["early at 10", "second at 10"]);
  assert.equal(clock.nextAt, 30);

  await clock.advance(1);
  assert.deepEqual(ran.at(-1), "late at 30");
  assert.equal(clock.nextAt, undefined);
});

test("promises settle between two timers, however long their chain", async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  clock.setTimeout(async () => {
    for (let link = 0; link < 20; link += 1) await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    ran.push(`chain at ${clock.now()}`);
  }, 1);
  clock.setTimeout(() => ran.push("timer"), 2);

  await clock.advance(5);

  assert.deepEqual(ran, ["chain at 1", "timer"]);
});

test("what a timer sets on the way runs on the way", async () => {
  const clock = new ManualClock();
  const ran: number[] = [];
  const tick = (): void => {
    ran.push(clock.now());
    clock.setTimeout(tick, 10);
  };
  clock.setTimeout(tick, 10);

  await clock.advance(35);

  assert.deepEqual(ran, [10, 20, 30]);
  assert.equal(clock.pending, 1);
});

test("a cleared timer never runs, and foreign or spent handles clear nothing", async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  const first = clock.setTimeout(() => ran.push("first"), 10);
  clock.setTimeout(() => ran.push("second"), 10);

  clock.clearTimeout(first);
  clock.clearTimeout(first);
  clock.clearTimeout(undefined);
  clock.clearTimeout({});
  assert.equal(clock.pending, 1);
  await clock.advance(10);

  assert.deepEqual(ran, ["second"]);
});

test("delays that the real setTimeout turns into a millisecond become one here too", async () => {
  for (const delay of [0, -5, 0.4, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY]) {
    const clock = new ManualClock();
    let ranAt = -1;
    clock.setTimeout(() => (ranAt = clock.now()), delay);
    await clock.advance(2);
    assert.equal(ranAt, 1, `after ${delay}`);
  }
});

test("the wall clock walks along, and jumps alone", async () => {
  const clock = new ManualClock({ now: 500, wallTime: 1_000_000 });
  await clock.advance(250);
  clock.jumpWall(-3_600_000);
  assert.deepEqual([clock.now(), clock.wallTime()], [750, 1_000_250 - 3_600_000]);
});

test("a timer that throws rejects the advance and leaves the rest to the next one", async () => {
  const clock = new ManualClock();
  let ran = false;
  clock.setTimeout(() => {
    throw new Error("broken callback");
  }, 10);
  clock.setTimeout(() => (ran = true), 20);

  await assert.rejects(clock.advance(100), /broken callback/);
  assert.equal(clock.now(), 10);
  await clock.advance(10);
  assert.equal(ran, true);
});

test("time that cannot pass is refused", async () => {
  const clock = new ManualClock();
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) await assert.rejects(clock.advance(ms), RangeError);
});

test("any mix of setting and clearing runs what a sorted list would run", async () => {
  const step = fc.record({ delay: fc.integer({ min: 1, max: 40 }), clears: fc.option(fc.nat(60)) });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    const clock = new ManualClock();
    const handles: unknown[] = [];
    const ran: number[] = [];
    const expected = new Map<number, number>();
    for (const [index, { delay, clears }] of steps.entries()) {
      handles.push(clock.setTimeout(() => ran.push(index), delay));
      expected.set(index, delay);
      if (clears === null) continue;
      clock.clearTimeout(handles[clears]);
      expected.delete(clears);
    }
    assert.equal(clock.pending, expected.size);

    await clock.advance(40);

    assert.deepEqual(ran, [...expected].sort(([a, delayA], [b, delayB]) => delayA - delayB || a - b).map(([index]) => index));
  }), { numRuns: 200 });
});

test("seeded numbers lie in [0, 1), repeat with their seed and differ with another", () => {
  const draw = (seed: number): number[] => Array.from({ length: 1_000 }, seededRandom(seed));
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.ok(draw(7).every((value) => value >= 0 && value < 1));
  const mean = draw(7).reduce((sum, value) => sum + value, 0) / 1_000;
  assert.ok(Math.abs(mean - 0.5) < 0.05, `mean ${mean}`);
});
