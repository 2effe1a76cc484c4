import assert from "node:assert/strict";
import { test } from "node:test";
import type { Limit } from "../../src/model/limits.ts";
import type { ResponseInfo } from "../../src/model/response.ts";
import type { Demand, Reserved } from "../../src/quota/demand.ts";
import { impossible } from "../../src/quota/needs.ts";
import { Quota } from "../../src/quota/quota.ts";
import type { Sample } from "../../src/quota/samples.ts";
import { ServerClock } from "../../src/time/server-clock.ts";

const WEIGHT: Limit = { name: "weight-1m", unit: "weight", limit: 100, per: "1m", align: "fixed" };
const ORDERS: Limit = { name: "orders-10s", unit: "order", limit: 2, per: "10s", align: "fixed", scope: "account" };
const REQUEST = { method: "GET", url: "http://model.test/" };

function quotaOf(...limits: Limit[]): Quota {
  return new Quota(limits, new ServerClock({ offsetMs: 0, wallTime: 0, now: 0 }), undefined);
}

function weighing(quota: Quota, weight: number, orders = 0, account?: string): Demand {
  return quota.demand({ weight, orders, charges: undefined }, account, false);
}

function info(status: number, headers: Record<string, string> = {}): ResponseInfo {
  return { status, header: (name) => headers[name] };
}

/** Sends at `at`, and is answered ten milliseconds later. */
function ask(quota: Quota, egress: number, demand: Demand, at: number, response = info(200)): boolean {
  assert.equal(quota.shortOf(demand, egress, at), -1, `room at ${at}`);
  return answer(quota, egress, quota.take(demand, egress, at), at, response);
}

function answer(quota: Quota, egress: number, reserved: Reserved, at: number, response = info(200)): boolean {
  return quota.answered(reserved, egress, response, REQUEST, { now: at + 10, sentAt: at, writtenAt: Math.floor(at / 1_000) * 1_000, answered: true });
}

const used = (quota: Quota, name: string, egress: number, at: number, account?: string): number => {
  const limit = quota.limits[quota.indexOf(name) ?? -1];
  quota.catchUp(at);
  return limit.meter.used(limit.rowOf(egress, account, undefined, at), at);
};

test("all limits of a request are reserved, or none", () => {
  const quota = quotaOf(WEIGHT, ORDERS);
  const order = weighing(quota, 1, 1, "key");
  for (let i = 0; i < 2; i++) ask(quota, 0, order, i);

  assert.equal(quota.limits[order.limits[quota.shortOf(order, 1, 5)]].name, "orders-10s");
  assert.equal(used(quota, "weight-1m", 1, 5), 0);
  assert.equal(quota.freeAt(order, 1, 5), 10_000);
  assert.equal(quota.shortOf(weighing(quota, 1), 1, 5), -1, "what is no order goes on");
  assert.equal(quota.shortOf(weighing(quota, 1, 1, "another"), 1, 5), -1, "so does another account");
});

test("an order that succeeds costs no weight, one that fails what the table says", () => {
  const quota = quotaOf(WEIGHT);
  const order = quota.demand({ weight: 5, orders: 0, charges: undefined, settleOnSuccess: { weight: 0 } }, undefined, false);
  assert.equal(ask(quota, 0, order, 0), true, "somebody may go on");
  assert.equal(used(quota, "weight-1m", 0, 20), 0);
  ask(quota, 0, order, 30, info(400));
  assert.equal(used(quota, "weight-1m", 0, 50), 5);
});

test("what was certainly not sent is given back, what was given up is not", () => {
  const quota = quotaOf(WEIGHT);
  const outcome = { now: 1_000, sentAt: 500, writtenAt: undefined, answered: false };
  quota.refund(quota.take(weighing(quota, 30), 0, 500), outcome);
  assert.equal(used(quota, "weight-1m", 0, 1_000), 0);

  const stranded = quota.take(weighing(quota, 30), 0, 1_500);
  quota.strand(stranded, { ...outcome, now: 1_600, sentAt: 1_500 });
  quota.strand(stranded, { ...outcome, now: 1_600, sentAt: 1_500 });
  quota.refund(stranded, { ...outcome, now: 1_600, sentAt: 1_500 });
  assert.equal(used(quota, "weight-1m", 0, 59_000), 30);
  assert.equal(used(quota, "weight-1m", 0, 60_000), 0, "it can no longer be on its way");
});

test("what is given up right before a turn counts after it as well", () => {
  const quota = quotaOf(WEIGHT);
  quota.strand(quota.take(weighing(quota, 30), 0, 59_900), { now: 59_950, sentAt: 59_900, writtenAt: undefined, answered: false });
  assert.equal(quota.shortOf(weighing(quota, 71), 0, 60_500), 0);
  assert.equal(quota.freeAt(weighing(quota, 71), 0, 60_500) > 60_500, true);
  assert.equal(quota.shortOf(weighing(quota, 70), 0, 70_000), -1);
});

test("the first request of an exit goes alone, until its answer says what is left of the window", () => {
  const quota = quotaOf({ ...WEIGHT, limit: 6_000 });
  const one = weighing(quota, 10);
  const first = quota.take(one, 0, 100);
  assert.equal(quota.shortOf(one, 0, 100), 0);
  assert.equal(quota.shortOf(one, 1, 100), -1, "another exit asks for itself");
  const byHand = weighing(quota, 10);
  byHand.byHand = true;
  assert.equal(quota.shortOf(byHand, 0, 100), -1, "who takes leases by hand may never tell");

  assert.equal(answer(quota, 0, first, 100, info(200, { "x-mbx-used-weight-1m": "5505" })), true);
  assert.equal(quota.shortOf(one, 0, 120), -1);
  quota.take(one, 0, 120);
  assert.equal(quota.shortOf(one, 0, 120), 0, "most of it was used up before we were started, and some is kept for looks at others");
});

test("nobody waits long for a first request that brings no answer", () => {
  const quota = quotaOf(WEIGHT);
  const one = weighing(quota, 10);
  quota.take(one, 0, 0);
  assert.equal(quota.freeAt(one, 0, 10), 1_000);
  assert.equal(quota.shortOf(one, 0, 1_000), -1);
});

test("charges with keys count apart, a unit of its own only where it is named", () => {
  const quota = quotaOf({ name: "ticker", unit: "ticker", limit: 1, per: "2s" });
  const of = (key: string): Demand => quota.demand({ weight: 1, orders: 0, charges: [{ limit: "ticker", units: 1, key }] }, undefined, false);
  ask(quota, 0, of("BTC"), 0);
  assert.equal(quota.shortOf(of("BTC"), 0, 20), 0);
  assert.equal(quota.shortOf(of("ETH"), 0, 20), -1);
  assert.equal(weighing(quota, 1).limits.length, 0);
  assert.equal(quota.demand({ weight: 1, orders: 0, charges: [{ limit: "no such", units: 1 }] }, undefined, false).limits.length, 0);
});

test("what is heavier than a limit is impossible, whatever is left of it", () => {
  const quota = quotaOf(WEIGHT);
  assert.equal(impossible(quota, weighing(quota, 101))?.name, "weight-1m");
  assert.equal(impossible(quota, weighing(quota, 100)), undefined);
});

test("a limit that changes its size keeps its counters, another kind of limit begins anew", () => {
  const quota = quotaOf(WEIGHT);
  ask(quota, 0, weighing(quota, 40), 0);
  quota.update([{ ...WEIGHT, limit: 50 }], undefined);
  assert.equal(quota.shortOf(weighing(quota, 11), 0, 20), 0);
  quota.update([{ ...WEIGHT, limit: 50, align: "sliding" }], undefined);
  assert.equal(quota.shortOf(weighing(quota, 50), 0, 20), -1);
});

test("a refusal fills the window that it came from where it does not say how long to wait", () => {
  const quota = quotaOf(WEIGHT);
  const demand = weighing(quota, 95);
  ask(quota, 0, demand, 0, info(429));
  quota.refused(demand, 0, false, { now: 20, sentAt: 0, writtenAt: undefined, answered: true });
  assert.equal(quota.shortOf(weighing(quota, 1), 0, 20), 0);
  assert.equal(quota.freeAt(weighing(quota, 1), 0, 20), 60_000);
});

test("a refusal with little used makes the limit smaller for a while", () => {
  const quota = quotaOf({ ...WEIGHT, limit: 1_000 });
  const demand = weighing(quota, 500);
  ask(quota, 0, demand, 0, info(429));
  quota.refused(demand, 0, true, { now: 20, sentAt: 0, writtenAt: undefined, answered: true });

  const room = (at: number): number => quota.limits[0].room(0, at);
  assert.ok(room(60_000) >= 400 && room(60_000) < 500, `${room(60_000)} in the next window`);
  assert.ok(room(300_000) > room(60_000));
  assert.equal(room(1_300_000), 1_000);
});

test("answers with a figure on both sides of a single request tell what it has cost", () => {
  const quota = quotaOf({ ...WEIGHT, limit: 6_000 });
  const samples: Sample[] = [];
  quota.onSample = (sample) => samples.push(sample);
  const demand = weighing(quota, 5);
  demand.source = "GET /depth";
  const told = (figure: number): ResponseInfo => info(200, { "x-mbx-used-weight-1m": String(figure) });

  ask(quota, 0, demand, 0, told(5));
  ask(quota, 0, demand, 50, told(30));
  assert.deepEqual(samples, [{ source: "GET /depth", predicted: 5, observed: 25, succeeded: true }]);

  // Two at a time tell nothing, whichever answer comes first; nor does one across a turn, nor one without a figure before it.
  const both = [quota.take(demand, 0, 100), quota.take(demand, 0, 100)];
  answer(quota, 0, both[1], 100, told(80));
  answer(quota, 0, both[0], 100, told(55));
  ask(quota, 0, demand, 60_000, told(25));
  ask(quota, 0, demand, 60_100, info(200));
  ask(quota, 0, demand, 60_200, told(75));
  assert.equal(samples.length, 1);

  ask(quota, 0, demand, 60_300, told(100));
  assert.equal(samples.length, 2);
});

test("whoever watches hears once when use rises above a share, and again in another window", () => {
  const quota = quotaOf(WEIGHT);
  const heard: [number, number][] = [];
  quota.watch([0.7, 0.8, 0.9], (_limit, _row, share, ratio) => heard.push([share, ratio]));
  for (const weight of [60, 9, 5, 1, 10, 10]) ask(quota, 0, weighing(quota, weight), 0);
  assert.deepEqual(heard, [[0.7, 0.74], [0.8, 0.85], [0.9, 0.95]]);

  for (const weight of [10, 65]) ask(quota, 0, weighing(quota, weight), 60_000);
  assert.deepEqual(heard.slice(3), [[0.7, 0.75]]);
});

test("a feedback function that throws loses no answer", () => {
  const faults: unknown[] = [];
  const quota = new Quota([WEIGHT], new ServerClock({ offsetMs: 0, wallTime: 0, now: 0 }), () => {
    throw new Error("mistaken");
  });
  quota.onFault = (error) => faults.push(error);
  ask(quota, 0, weighing(quota, 5), 0);
  assert.equal(used(quota, "weight-1m", 0, 20), 5);
  assert.equal(faults.length, 1);
});
