import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../src/testing/random.ts";
import { ServerClock } from "../../src/time/server-clock.ts";

const at = (epoch: number): string => new Date(Math.floor(epoch / 1_000) * 1_000).toUTCString();

test("the bounds always hold the server's clock, and close in on it", () => {
  const random = seededRandom(11);
  const offset = 1_800_000_003_217; // the server's epoch time at our monotonic 0
  const clock = new ServerClock();
  assert.equal(clock.known, false);

  let now = 0;
  for (let i = 0; i < 400; i++) {
    const sentAt = now;
    const there = 5 + random() * 60;
    const back = 5 + random() * 60;
    clock.learn(at(offset + sentAt + there), sentAt, sentAt + there + back);
    now = sentAt + there + back + random() * 300;
    assert.ok(clock.earliest(now) <= offset + now && clock.latest(now) >= offset + now, `answer ${i}`);
  }
  assert.ok(clock.latest(now) - clock.earliest(now) < 250, `uncertain by ${clock.latest(now) - clock.earliest(now)} ms`);
});

test("one strange date changes nothing; a server whose clock was set is followed", () => {
  const clock = new ServerClock();
  clock.learn(at(1_000_000_000_000), 0, 10);
  const before = clock.epoch;

  clock.learn(at(1_000_007_200_000), 20, 30);
  assert.equal(clock.epoch, before);
  for (let i = 0; i < 3; i++) clock.learn(at(1_000_007_200_000 + i), 40 + i, 50 + i);

  assert.equal(clock.epoch, before + 1);
  assert.ok(clock.earliest(60) > 1_000_007_000_000);
});

test("a server without a date stays unknown", () => {
  const clock = new ServerClock();
  assert.equal(clock.learn(undefined, 0, 100), undefined);
  assert.equal(clock.learn("yesterday", 0, 100), undefined);
  assert.equal(clock.known, false);
});

test("two machines whose clocks differ by seconds are both allowed for", () => {
  const random = seededRandom(3);
  const offset = 1_000_000_000_000;
  const clock = new ServerClock();
  let now = 0;
  const ask = (ahead: number): void => {
    const sentAt = now;
    now += 20;
    clock.learn(at(offset + ahead + sentAt + 10), sentAt, now);
    now += 1_000 * random();
  };
  for (let i = 0; i < 1_000; i++) {
    ask(random() < 0.5 ? 0 : 3_000);
    // Once both have been heard of in some phases of their seconds.
    if (i > 50) assert.ok(clock.earliest(now) <= offset + now + 150 && clock.latest(now) >= offset + now + 2_850, `answer ${i}`);
  }
  assert.equal(clock.epoch, 1);

  // The second one is gone; after an hour little is left of it.
  for (const end = now + 3_600_000; now < end; ) ask(0);
  assert.ok(clock.latest(now) - clock.earliest(now) < 500);
});

test("of two machines hours apart neither wins again and again", () => {
  const random = seededRandom(5);
  const clock = new ServerClock();
  for (let i = 0; i < 5_000; i++) {
    const offset = random() < 0.5 ? 0 : 7_200_000;
    clock.learn(at(1_000_000_000_000 + offset + i * 100), i * 100, i * 100 + 10);
  }
  assert.ok(clock.epoch <= 5, `placed anew ${clock.epoch} times`);
});

test("an offset that the user gives is taken as it is", () => {
  const clock = new ServerClock({ offsetMs: 3_000, wallTime: 1_000_000, now: 500 });
  clock.learn(at(9_999_999_000), 0, 1);
  assert.equal(clock.earliest(500), 1_003_000);
  assert.equal(clock.latest(500), 1_003_000);
});
