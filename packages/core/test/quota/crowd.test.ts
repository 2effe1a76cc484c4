import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reserved } from "../../src/quota/demand.ts";
import { Profile } from "../../src/quota/profile.ts";
import { Quota } from "../../src/quota/quota.ts";
import { ServerClock } from "../../src/time/server-clock.ts";

const LIMIT = 6_000;
/** As many as are let go together when it may turn out that there is no room. */
const FEW = 6;

/** One address, and answers that come only when they are told to. */
class Address {
  readonly quota = new Quota([{ name: "weight-1m", unit: "weight", limit: LIMIT, per: "1m", align: "fixed" }], new ServerClock({ offsetMs: 0, wallTime: 0, now: 0 }), undefined);
  now = 1_000;
  readonly #sent: { reserved: Reserved; sentAt: number; used: number }[] = [];
  #counted = 0;

  /** @returns was there room for it? */
  send(weight: number, byHand = false): boolean {
    const demand = this.quota.demand({ weight, orders: 0, charges: undefined }, undefined, false);
    demand.byHand = byHand;
    if (this.quota.shortOf(demand, 0, this.now) >= 0) return false;
    this.#counted += weight;
    this.#sent.push({ reserved: this.quota.take(demand, 0, this.now), sentAt: this.now, used: this.#counted });
    return true;
  }

  /** Sends as many as may go. */
  sendAll(weight: number): number {
    let count = 0;
    while (this.send(weight)) count++;
    return count;
  }

  /** The oldest request is answered. @param told with what is used @returns does that make room? */
  answer(told = true): boolean {
    const { reserved, sentAt, used } = this.#sent.shift() as { reserved: Reserved; sentAt: number; used: number };
    const outcome = { now: this.now, sentAt, writtenAt: Math.floor(sentAt / 1_000) * 1_000, answered: true };
    const header = (name: string): string | undefined => (told && name === "x-mbx-used-weight-1m" ? String(used) : undefined);
    return this.quota.answered(reserved, 0, { status: 200, header }, { method: "GET", url: "http://x/" }, outcome);
  }

  freeAt(weight: number): number {
    return this.quota.freeAt(this.quota.demand({ weight, orders: 0, charges: undefined }, undefined, false), 0, this.now);
  }

  get inFlight(): number {
    return this.#sent.length;
  }

  /** One request that is answered: what has been spent is known from now on. */
  look(): void {
    assert.ok(this.send(1));
    this.now += 50;
    this.answer();
  }

  room(): number {
    return this.quota.limits[0].meter.room(0, this.now);
  }
}

/** Half a second before the turn, with some two hundred units left. */
function nearlyFull(): Address {
  const address = new Address();
  address.look();
  for (const at of [1_100, 59_400]) {
    address.now = at;
    address.sendAll(50);
    while (address.inFlight > 0) address.answer();
  }
  address.now = 59_500;
  assert.ok(address.room() > 100 && address.room() < 400, `${address.room()} left`);
  return address;
}

test("as many go together as there is plenty of room for, and few when little is left: all of them might be refused", () => {
  const fresh = new Address();
  fresh.look();
  assert.ok(fresh.sendAll(50) > 10 * FEW);

  assert.equal(nearlyFull().sendAll(1), FEW);
});

test("where no answer says what is used nobody waits for one", () => {
  const address = new Address();
  address.send(50);
  address.answer(false);
  for (let i = 1; i < 120; i++) address.send(50);
  assert.equal(address.room(), 0);
});

test("an answer makes place for the next when few may be on their way, and the turn of the window does at the latest", () => {
  const address = nearlyFull();
  address.sendAll(1);

  const freeAt = address.freeAt(1);
  const place = address.answer();

  assert.ok(freeAt > address.now && freeAt <= 60_000, `free at ${freeAt}`);
  assert.equal(place, true);
  assert.equal(address.send(1), true);
  assert.equal(address.send(1), false);
  address.now = freeAt;
  assert.equal(address.send(1), true);
});

test("leases by hand take no place among the few: nobody may ever tell what came of them", () => {
  const address = nearlyFull();
  for (let i = 0; i < 2 * FEW; i++) assert.equal(address.send(1, true), true);

  assert.equal(address.sendAll(1), FEW);
});

test("a burst may come in any part of a window in which others spend as much as elsewhere", () => {
  const profile = new Profile();
  // 60 in each part; once 200 more at the start.
  for (let window = 0; window < 8; window++) {
    for (let part = 0; part < 6; part++) profile.note(part === 0 && window === 7 ? 260 : 60, part / 6, (part + 0.99) / 6);
    profile.finish(0, 1, 1, 0, 3_000);
  }

  assert.ok(profile.burst(0, 300) > 150);
  assert.ok(profile.burst(0.9, 300) > 150, `${profile.burst(0.9, 300)} at the end`);
  assert.equal(profile.burst(0.9, 100), 100);
});

test("who spends at the start of each window alone leaves the rest of it free", () => {
  const profile = new Profile();
  for (let window = 0; window < 8; window++) {
    profile.note(1_200, 0, 0.03);
    profile.finish(0, 1, 1, 0, 3_000);
  }

  assert.ok(profile.burst(0, 300) > 300);
  assert.equal(profile.burst(0.9, 300), 0);
});
