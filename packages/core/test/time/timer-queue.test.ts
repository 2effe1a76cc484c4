import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { Alarm, TimerQueue } from "../../src/time/timer-queue.ts";

test("alarms ring in the order of their times, over one timer of the clock", async () => {
  const clock = new ManualClock();
  const queue = new TimerQueue(clock);
  const rung: string[] = [];
  const alarm = (name: string): Alarm => new Alarm((now) => rung.push(`${name} at ${now}`));

  queue.add(alarm("b"), 0, 200);
  queue.add(alarm("a"), 0, 100);
  queue.set(alarm("c"), 0, 150);
  assert.equal(clock.pending, 1);
  await clock.advance(1_000);

  assert.deepEqual(rung, ["a at 100", "c at 150", "b at 200"]);
  assert.equal(clock.pending, 0);
});

test("an alarm that is removed does not ring, and one that is set again rings once", async () => {
  const clock = new ManualClock();
  const queue = new TimerQueue(clock);
  const rung: number[] = [];
  const gone = new Alarm(() => rung.push(-1));
  const moved = new Alarm((now) => rung.push(now));

  queue.add(gone, 0, 50);
  queue.set(moved, 0, 40);
  queue.set(moved, 0, 60);
  queue.remove(gone);
  await clock.advance(200);

  assert.deepEqual(rung, [60]);
});

test("a wait of a month is walked in steps that a real timer can count", async () => {
  const clock = new ManualClock();
  const queue = new TimerQueue(clock);
  const month = 31 * 86_400_000;
  let rungAt = -1;

  queue.set(new Alarm((now) => (rungAt = now)), 0, month);
  await clock.advance(month - 1);
  assert.equal(rungAt, -1);
  await clock.advance(1);
  assert.equal(rungAt, month);
});

test("thousands of deadlines of any length, some taken back, ring exactly when they are due", async () => {
  const clock = new ManualClock();
  const queue = new TimerQueue(clock);
  const random = seededRandom(5);
  const expected: number[] = [];
  const rung: number[] = [];
  for (let i = 0; i < 3_000; i++) {
    const ms = random() < 0.5 ? 100 * Math.ceil(random() * 5) : Math.ceil(random() * 2_000);
    const alarm = new Alarm((now) => rung.push(now));
    queue.add(alarm, clock.now(), ms);
    if (random() < 0.3) queue.remove(alarm);
    else expected.push(clock.now() + ms);
    if (i % 50 === 0) await clock.advance(Math.floor(random() * 20));
  }
  await clock.advance(5_000);
  assert.deepEqual(rung, expected.sort((a, b) => a - b));
});

test("whoever was taken back takes nothing from the one that waits in its place", async () => {
  const clock = new ManualClock();
  const queue = new TimerQueue(clock);
  const rung: string[] = [];
  const first = new Alarm(() => rung.push("first"));
  const second = new Alarm(() => rung.push("second"));

  for (const place of [(alarm: Alarm) => queue.add(alarm, clock.now(), 100), (alarm: Alarm) => queue.set(alarm, clock.now(), clock.now() + 100)]) {
    place(first);
    queue.remove(first);
    place(second);
    queue.remove(first);
    assert.deepEqual([first.isSet, second.isSet], [false, true]);
    await clock.advance(100);
    assert.deepEqual(rung.splice(0), ["second"]);
  }
});

test("an alarm that is added or set again waits for its last moment alone", async () => {
  const clock = new ManualClock();
  const queue = new TimerQueue(clock);
  const rung: number[] = [];
  const alarm = new Alarm((now) => rung.push(now));

  queue.add(alarm, 0, 50);
  queue.add(alarm, 0, 70);
  queue.set(alarm, 0, 90);
  queue.add(alarm, 0, 80);
  await clock.advance(200);

  assert.deepEqual(rung, [80]);
});

test("nobody waits in a queue that has stopped, and taking back is no error there", () => {
  const clock = new ManualClock();
  const queue = new TimerQueue(clock);
  const alarms = [new Alarm(() => {}), new Alarm(() => {})];
  queue.add(alarms[0], 0, 50);
  queue.set(alarms[1], 0, 60);

  queue.stop();

  assert.deepEqual(alarms.map(({ isSet, at }) => [isSet, at]), [[false, Infinity], [false, Infinity]]);
  for (const alarm of alarms) queue.remove(alarm);
  assert.equal(clock.pending, 0);
});
