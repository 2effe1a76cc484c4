import assert from "node:assert/strict";
import type { Align, Limit } from "../../src/model/limits.ts";
import type { RequestInfo } from "../../src/model/request.ts";
import type { ResponseInfo } from "../../src/model/response.ts";
import type { Demand, Reserved } from "../../src/quota/demand.ts";
import { Quota } from "../../src/quota/quota.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { ServerClock } from "../../src/time/server-clock.ts";
import { modelCounter } from "./model-server.ts";

/** A world for one run; everything else follows from the seed. */
export interface World {
  seed: number;
  /** Of a keyed one each instrument has a counter of its own. */
  limits: { align: Align; perMs: number; size: number; scope: "exit" | "account" | "target"; keyed: boolean }[];
  accounts: number;
  instruments: number;
  /** A ledger counts beside it: nobody who spends there is a stranger. */
  shared: boolean;
  /** Share of requests that are leases taken by hand. */
  byHand: number;
  /** Server's clock minus ours. */
  offsetMs: number;
  /** Millionths by which the server's clock is faster. */
  driftPpm: number;
  /** Longest way in one direction. */
  longestMs: number;
  exits: number;
  /** Shares of answers, 0 to 1. */
  withoutDate: number;
  withoutHeader: number;
  aborted: number;
  unsent: number;
  lost: number;
  freeOnSuccess: number;
  /** The server's clock jumps, its dates and figures may be anything, and others spend there too: only what is ours is judged then. */
  hostile: boolean;
  steps: number;
  /** Mean time between attempts. */
  everyMs: number;
}

const REQUEST: RequestInfo = { method: "GET", url: "http://model.test/" };
/** An epoch time that is no multiple of anything. */
const EPOCH = 1_767_225_612_345;

interface Flight {
  reserved: Reserved;
  egress: number;
  account: string;
  instrument: string;
  weight: number;
  free: boolean;
  sentAt: number;
  settled: boolean;
}

/** Plays a world: the server's counters throw where a limit is passed. Returns what was taken and what the quota says at the end. */
export function play(world: World): { taken: number; refused: number } {
  const random = seededRandom(world.seed);
  const between = (low: number, high: number): number => low + random() * (high - low);
  const limits: (Limit & { per: number })[] = world.limits.map(({ align, perMs, size, scope, keyed }, i) => ({ name: `limit-${i}`, unit: keyed ? "call" : "weight", limit: size, per: perMs, align, scope }));
  const counters = limits.map((limit) => modelCounter(limit, !world.hostile));
  const clock = new ServerClock();
  const quota = new Quota(limits, clock, (response) => {
    const said = response.header("used");
    return said === undefined ? [] : (JSON.parse(said) as { limit: string; used: number; key?: string }[]);
  }, world.shared);
  const most = Math.min(...limits.map(({ limit }) => limit));
  // A clock that is slower by a few millionths shows in short spans only where the network takes no time at all.
  const driftPpm = world.limits.some(({ align, perMs }) => align !== "fixed" && perMs < 300_000) ? 0 : world.driftPpm;
  let jumpedMs = 0;
  const serverTime = (at: number): number => EPOCH + world.offsetMs + jumpedMs + at * (1 + driftPpm / 1e6);
  const keyOf = (i: number, instrument: string): { key?: string } => (world.limits[i].keyed ? { key: instrument } : {});
  const rowOf = (i: number, { egress, account, instrument }: Pick<Flight, "egress" | "account" | "instrument">): string => {
    const owner = { exit: String(egress), account, target: "all" }[world.limits[i].scope];
    return `${owner} ${keyOf(i, instrument).key ?? ""}`;
  };
  const demandOf = (weight: number, free: boolean, account: string, instrument: string): Demand => {
    const charges = limits.flatMap(({ name }, i) => (world.limits[i].keyed ? [{ limit: name, units: weight, ...keyOf(i, instrument) }] : []));
    return quota.demand({ weight, orders: 0, charges, ...(free ? { settleOnSuccess: { weight: 0 } } : {}) }, account, false);
  };

  const events: { at: number; order: number; run(at: number): void }[] = [];
  let order = 0;
  const after = (at: number, run: (at: number) => void): void => void events.push({ at, order: order++, run });
  let taken = 0;
  let refused = 0;

  function arrive(flight: Flight, at: number): void {
    const time = serverTime(at);
    counters.forEach((counter, i) => counter.count(rowOf(i, flight), time, flight.weight));
    // What succeeds costs no weight; calls are counted all the same.
    if (flight.free) counters.forEach((counter, i) => world.limits[i].keyed || counter.refund(rowOf(i, flight), time, flight.weight));
    const used = JSON.stringify(limits.map(({ name }, i) => ({ limit: name, used: counters[i].used(rowOf(i, flight), time), ...keyOf(i, flight.instrument) })));
    const dated = random() >= world.withoutDate;
    const told = random() >= world.withoutHeader;
    const writtenAt = at + between(0, 200);
    if (world.hostile && random() < 0.1) jumpedMs += between(-1, 1) * 10 ** between(2, 7);
    const headers = new Map([
      ["date", dated ? new Date(serverTime(writtenAt) + (world.hostile && random() < 0.1 ? between(-1e8, 1e8) : 0)).toUTCString() : undefined],
      ["used", told ? (world.hostile ? mistold(limits, flight.instrument) : used) : undefined],
    ]);
    const info: ResponseInfo = { status: flight.free || random() < 0.9 ? 200 : 500, header: (name) => headers.get(name) };
    if (random() >= world.lost) after(writtenAt + between(0, world.longestMs), (now) => answer(flight, info, now));
  }

  function mistold(all: readonly Limit[], instrument: string): string {
    return JSON.stringify(all.map(({ name, limit }, i) => ({ limit: name, ...keyOf(i, instrument), used: [0, random() * limit, limit * 20, -1, null][Math.floor(random() * 5)] })));
  }

  function answer(flight: Flight, info: ResponseInfo, now: number): void {
    if (flight.settled) return;
    flight.settled = true;
    const writtenAt = clock.learn(info.header("date"), flight.sentAt, now);
    quota.answered(flight.reserved, flight.egress, info, REQUEST, { now, sentAt: flight.sentAt, writtenAt, answered: true });
  }

  function giveUp(flight: Flight, now: number): void {
    if (flight.settled) return;
    flight.settled = true;
    quota.strand(flight.reserved, { now, sentAt: flight.sentAt, writtenAt: undefined, answered: false });
  }

  function attempt(now: number): void {
    const egress = Math.floor(random() * world.exits);
    const weight = random() < 0.1 ? most : Math.max(1, Math.floor((random() * most) / 4));
    const free = random() < world.freeOnSuccess;
    const account = `account-${Math.floor(random() * world.accounts)}`;
    const instrument = `instrument-${Math.floor(random() * world.instruments)}`;
    const demand = demandOf(weight, free, account, instrument);
    demand.byHand = random() < world.byHand;
    if (quota.shortOf(demand, egress, now) >= 0) {
      refused++;
      const freeAt = quota.freeAt(demand, egress, now);
      assert.ok(freeAt > now || freeAt === Infinity, `says that there is room at ${freeAt}, and refuses at ${now}`);
      return;
    }
    taken++;
    const flight: Flight = { reserved: quota.take(demand, egress, now), egress, account, instrument, weight, free, sentAt: now, settled: false };
    if (random() < world.unsent) {
      after(now + between(0, world.longestMs), (at) => {
        flight.settled = true;
        quota.refund(flight.reserved, { now: at, sentAt: now, writtenAt: undefined, answered: false });
      });
      return;
    }
    after(now + between(0, world.longestMs), (at) => arrive(flight, at));
    if (random() < world.aborted) after(now + between(0, world.longestMs), (at) => giveUp(flight, at));
    // Whoever has no answer after so long gives up.
    after(now + 3 * world.longestMs + 1_000, (at) => giveUp(flight, at));
  }

  function run(until: number): number {
    let now = 0;
    while (events.length > 0) {
      let first = 0;
      for (let i = 1; i < events.length; i++) if (events[i].at < events[first].at || (events[i].at === events[first].at && events[i].order < events[first].order)) first = i;
      const [event] = events.splice(first, 1);
      now = Math.max(now, event.at);
      event.run(now);
    }
    return Math.max(now, until);
  }

  let at = 0;
  for (let step = 0; step < world.steps; step++) {
    at += random() < 0.05 ? between(0, 3) * Math.min(...world.limits.map(({ perMs }) => perMs)) : -Math.log(1 - random()) * world.everyMs;
    const burst = random() < 0.2 ? 8 : 1;
    after(at, (now) => {
      for (let i = 0; i < burst; i++) attempt(now);
    });
  }
  const settledAt = run(at);

  // Nothing drifts: when all is settled and the spans are over, everything can be had again.
  // Others who were seen are forgotten after ten windows.
  const end = settledAt + 5_000 + (world.hostile ? 14 : 3) * Math.max(...limits.map(({ per }) => per));
  for (let egress = 0; egress < world.exits; egress++) {
    for (let i = 0; i < world.accounts * world.instruments; i++) {
      const account = `account-${i % world.accounts}`;
      const instrument = `instrument-${Math.floor(i / world.accounts)}`;
      const whole = demandOf(most, false, account, instrument);
      assert.equal(quota.shortOf(whole, egress, end), -1, `exit ${egress} has its whole budget again for ${account} and ${instrument}`);
      quota.current.forEach((limit, at) => {
        const row = limit.rowOf(egress, account, keyOf(at, instrument).key, end);
        assert.equal(limit.meter.used(row, end), 0);
        assert.ok(limit.meter.idle(row, end));
        assert.equal(limit.meter.room(row, end), limit.meter.limit);
      });
    }
  }
  return { taken, refused };
}
