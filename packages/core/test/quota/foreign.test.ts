import assert from "node:assert/strict";
import { test } from "node:test";
import type { Feedback } from "../../src/model/response.ts";
import { Quota } from "../../src/quota/quota.ts";
import { ServerClock } from "../../src/time/server-clock.ts";

const MINUTE = 60_000;

/** One address that has 6000 a minute, and a server that counts what we and others spend. */
class Shared {
  readonly quota: Quota;
  now = 0;
  counted = 0;
  refused = 0;
  #window = 0;

  constructor(feedback?: Feedback) {
    this.quota = new Quota([{ name: "weight-1m", unit: "weight", limit: 6_000, per: "1m", align: "fixed" }], new ServerClock({ offsetMs: 0, wallTime: 0, now: 0 }), feedback);
  }

  others(units: number): void {
    this.#turn();
    this.counted += units;
  }

  /** Asks for as much as there is room for, in requests of 2; answered within 20 ms. */
  sendAll(): number {
    this.#turn();
    let sent = 0;
    for (;;) {
      const demand = this.quota.demand({ weight: 2, orders: 0, charges: undefined }, undefined, false);
      if (this.quota.shortOf(demand, 0, this.now) >= 0) return sent;
      const reserved = this.quota.take(demand, 0, this.now);
      this.counted += 2;
      const status = this.counted > 6_000 ? 429 : 200;
      const outcome = { now: this.now + 20, sentAt: this.now, writtenAt: Math.floor(this.now / 1_000) * 1_000, answered: true };
      this.quota.answered(reserved, 0, { status, header: (name) => (name === "x-mbx-used-weight-1m" ? String(this.counted) : undefined) }, { method: "GET", url: "http://x/" }, outcome);
      sent += 2;
      if (status === 429) {
        this.refused++;
        this.quota.refused(demand, 0, true, outcome);
        return sent;
      }
    }
  }

  held(): number {
    return this.quota.limits[0].meter.room(0, this.now) - this.quota.limits[0].room(0, this.now, 100);
  }

  #turn(): void {
    const window = Math.floor(this.now / MINUTE);
    if (window !== this.#window) this.counted = 0;
    this.#window = window;
  }
}

/** One minute after another: others spend `each` every second, we whatever we may. */
function minute(world: Shared, each: (second: number) => number): { ours: number; all: number } {
  let ours = 0;
  for (let second = 0; second < 60; second++) {
    world.others(each(second));
    ours += world.sendAll();
    world.now += 1_000;
  }
  return { ours, all: world.counted };
}

/** Kept back at the start of the first two windows of a row, and of later ones, where nobody else is known: given out by their end. */
const AT_FIRST = 480;
const LATER = 60;

test("where nobody else is seen little is kept back for looks, and given out by the end of the window", () => {
  const world = new Shared();
  for (let i = 0; i < 3; i++) {
    const { ours } = minute(world, () => 0);
    assert.ok(ours >= 5_990, `used ${ours}`);
  }
  assert.ok(world.held() <= LATER);
  assert.equal(world.refused, 0);
});

test("what others spend evenly is left to them after the first window, and all the rest is used", () => {
  const world = new Shared();
  minute(world, () => 20);
  for (let i = 0; i < 6; i++) {
    const { ours, all } = minute(world, () => 20);
    if (i > 0) assert.ok(all <= 6_000 && ours >= 0.98 * 4_800, `minute ${i}: ${ours} of ours, ${all} of all`);
  }
  assert.ok(world.refused <= 1, `refused ${world.refused} times`);
});

test("what a function of the user's reads out of answers tells of others as headers do", () => {
  const world = new Shared((response) => [{ limit: "weight-1m", used: Number(response.header("x-mbx-used-weight-1m")) }]);
  minute(world, () => 20);
  for (let i = 0; i < 6; i++) minute(world, () => 20);
  assert.ok(world.held() > 0);
  assert.ok(world.refused <= 1, `refused ${world.refused} times`);
});

test("what others spend at the turn of every minute is left to them, and no more", () => {
  const world = new Shared();
  for (let i = 0; i < 8; i++) {
    const { ours, all } = minute(world, (second) => (second < 2 ? 600 : 0));
    if (i > 3) assert.ok(all <= 6_000 && ours >= 0.95 * 4_800, `minute ${i}: ${ours} of ours, ${all} of all`);
  }
  assert.ok(world.refused <= 2, `refused ${world.refused} times`);
});

test("others who go are forgotten", () => {
  const world = new Shared();
  for (let i = 0; i < 3; i++) minute(world, () => 20);
  assert.ok(world.held() > 0);
  for (let i = 0; i < 40; i++) minute(world, () => 0);
  const { ours } = minute(world, () => 0);
  assert.ok(ours >= 5_980, `used ${ours}`);
});

test("what a program spent before it was killed is not taken for somebody else's", () => {
  const world = new Shared();
  world.others(3_000);
  world.sendAll();
  world.now = MINUTE;
  assert.ok(world.held() <= AT_FIRST);
});

test("a refused first look is no sign of others either", () => {
  const world = new Shared();
  world.others(6_000);
  world.sendAll();
  assert.equal(world.refused, 1);
  world.now = MINUTE;
  assert.ok(world.held() <= AT_FIRST);
  assert.ok(world.sendAll() >= 6_000 - AT_FIRST - 2);
});
