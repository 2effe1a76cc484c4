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
    clock.learn(at(offset + sentAt + there), sentAt, sentAt + there + back, 0);
    now = sentAt + there + back + random() * 300;
    assert.ok(clock.earliest(now) <= offset + now && clock.latest(now) >= offset + now, `answer ${i}`);
  }
  assert.ok(clock.latest(now) - clock.earliest(now) < 250, `uncertain by ${clock.latest(now) - clock.earliest(now)} ms`);
});

test("one strange date changes nothing; a server whose clock was set is followed", () => {
  const clock = new ServerClock();
  clock.learn(at(1_000_000_000_000), 0, 10, 0);
  const before = clock.epoch;

  clock.learn(at(1_000_007_200_000), 20, 30, 0);
  assert.equal(clock.epoch, before);
  for (let i = 0; i < 3; i++) clock.learn(at(1_000_007_200_000 + i), 40 + i, 50 + i, 0);

  assert.equal(clock.epoch, before + 1);
  assert.ok(clock.earliest(60) > 1_000_007_000_000);
});

test("a server without a date is taken to keep our own time, within a second", () => {
  const clock = new ServerClock();
  clock.learn(undefined, 0, 100, 5_000_000);
  assert.ok(clock.known);
  assert.ok(clock.earliest(100) <= 4_999_000 && clock.earliest(100) > 4_998_900);
  assert.ok(clock.latest(100) >= 5_001_000);
});

test("an offset that the user gives is taken as it is", () => {
  const clock = new ServerClock({ offsetMs: 3_000, wallTime: 1_000_000, now: 500 });
  clock.learn(at(9_999_999_000), 0, 1, 0);
  assert.equal(clock.earliest(500), 1_003_000);
  assert.equal(clock.latest(500), 1_003_000);
});
