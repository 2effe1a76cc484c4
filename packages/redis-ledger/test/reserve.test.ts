import assert from "node:assert/strict";
import { basename } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noRedis, RedisServer, redisBinaries } from "@multihome/core/testing";
import type { Counter } from "@multihome/core";
import { redisLedger, type RedisLedger, type RedisLedgerOptions } from "../src/index.ts";
import { counter, PLACE, take, takeMany } from "./support/counters.ts";

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

for (const binary of redisBinaries().length === 0 ? ["no server"] : redisBinaries()) {
  describe(`reservations in ${basename(binary)}`, { skip: noRedis() }, () => {
    let server: RedisServer;
    const open: RedisLedger[] = [];
    let prefixes = 0;

    before(async () => {
      server = await RedisServer.start([], binary);
    });
    after(async () => {
      await Promise.all(open.map((ledger) => ledger.close()));
      await server.stop();
    });

    /** Ledgers that share, of processes that know nothing else of each other. A deadline that a busy machine keeps. */
    async function ledgers(count: number, options: RedisLedgerOptions = {}): Promise<RedisLedger[]> {
      const prefix = `t${++prefixes}`;
      const made = Array.from({ length: count }, () => redisLedger({ url: server.url, prefix, deadline: "2s", onUnavailable: "closed", logger: QUIET, ...options }));
      open.push(...made);
      await Promise.all(made.map((ledger) => ledger.ready()));
      return made;
    }

    for (const align of ["fixed", "sliding", "bucket"] as const) {
      test(`two processes share one ${align} limit`, async () => {
        const [a, b] = await ledgers(2);
        const make = (): Counter[] => [counter("weight", 7, { align, limit: 100, perMs: 3_600_000 })];

        const granted = (await takeMany(a, 9, make)) + (await takeMany(b, 9, make));

        assert.equal(granted, 14);
        const refusal = await take(a, ...make());
        assert.equal(refusal.ok, false);
        assert.ok(!refusal.ok && refusal.limit === counter("weight", 0).key && refusal.retryAfterMs > 0 && refusal.retryAfterMs <= 3_820_000);
        assert.equal((await take(b, counter("weight", 2, { align, perMs: 3_600_000 }))).ok, true, "a lighter one still fits");
      });
    }

    test("all limits are reserved or none", async () => {
      const [a] = await ledgers(1);
      const pair = (): Counter[] => [counter("weight", 10, { perMs: 600_000 }), counter("orders", 1, { limit: 3, perMs: 600_000, align: "fixed" })];

      assert.equal(await takeMany(a, 5, pair), 3);

      // What was refused for want of orders has spent no weight.
      assert.equal(await takeMany(a, 10, () => [counter("weight", 10, { perMs: 600_000 })]), 7);
    });

    test("an account's limit is shared by exits, and reserved together with theirs", async () => {
      const [a, b] = await ledgers(2);
      const orders = (): Counter => ({ key: "account:me|binance|orders", units: 1, limit: 3, perMs: 600_000, align: "fixed" });
      const via = (exit: string): Counter[] => [{ ...counter("weight", 1), key: `exit:${exit}|binance|weight` }, orders()];

      assert.equal(await takeMany(a, 2, () => via("203.0.113.1")), 2);
      assert.equal(await takeMany(b, 2, () => via("203.0.113.2")), 1);
    });

    test("what was not counted is given back to everybody", async () => {
      const [a, b] = await ledgers(2);
      const make = (): Counter[] => [counter("weight", 60, { perMs: 600_000 })];
      const reservation = await take(a, ...make());
      assert.ok(reservation.ok);
      assert.equal((await take(b, ...make())).ok, false);

      a.settle(reservation.token, [0]);
      a.settle(reservation.token, [0]);

      await eventually(async () => (await take(b, ...make())).ok);
      assert.equal((await take(a, ...make())).ok, false, "given back once");
    });

    test("what a server says is the larger figure for everybody", async () => {
      const [a, b] = await ledgers(2);
      assert.ok((await take(a, counter("weight", 10, { perMs: 600_000 }))).ok);

      a.observe(counter("weight", 0, { perMs: 600_000 }), 95);

      await eventually(async () => !(await take(b, counter("weight", 10, { perMs: 600_000, units: 10 }))).ok);
      assert.equal((await take(b, counter("weight", 5, { perMs: 600_000 }))).ok, true);
    });

    test("a new process learns of a ban with its first reservation", async () => {
      const [a, b] = await ledgers(2);
      a.pause("exit:203.0.113.7|binance", Date.now() + 90_000, "banned");
      a.pause("exit:203.0.113.7|binance", Date.now() + 1_000, "rate-limited");
      await eventually(async () => !(await take(b, counter("weight", 1))).ok);
      const [late] = await ledgersOf(b, 1);

      const refusal = await take(late, counter("weight", 1));

      assert.ok(!refusal.ok && refusal.retryAfterMs > 60_000 && refusal.retryAfterMs <= 90_000, JSON.stringify(refusal));
      assert.equal((await take(late, { ...counter("weight", 1), key: "exit:203.0.113.8|binance|weight" })).ok, true, "another exit is not concerned");
    });

    test("a pause of one limit leaves the others alone; one of a target stops every exit", async () => {
      const [a, b] = await ledgers(2);
      a.pause("exit:203.0.113.7|binance|orders", Date.now() + 60_000, "rate-limited");
      await eventually(async () => !(await take(b, counter("orders", 1))).ok);
      assert.equal((await take(b, counter("weight", 1))).ok, true);

      a.pause("target|binance", Date.now() + 60_000, "banned");

      await eventually(async () => !(await take(b, { ...counter("weight", 1), key: "exit:203.0.113.99|binance|weight" })).ok);
      assert.equal((await take(b, { ...counter("weight", 1), key: "exit:203.0.113.99|okx|weight" })).ok, true);
    });

    test("under load most reservations are granted from slices, and what is left of them is given back at the end", async () => {
      const [a, b] = await ledgers(2);
      const make = (): Counter[] => [counter("weight", 1, { limit: 100_000, perMs: 3_600_000 }), counter("raw", 1, { limit: 100_000, perMs: 3_600_000, align: "fixed" })];

      const began = performance.now();
      assert.equal(await takeMany(a, 5_000, make), 5_000);

      const { granted, roundTrips } = a.status();
      // Slices are for a hundred calls a second and more; a machine that is slower than that has no use for them.
      if (performance.now() - began < 20_000) {
        assert.ok(granted.slices > 4_500, JSON.stringify(a.status()));
        assert.ok(roundTrips < 500, `${roundTrips} round trips`);
      }
      await a.close();
      // All that is left can be had by the other one: nothing was lost in slices.
      assert.equal((await take(b, counter("weight", 95_000, { limit: 100_000, perMs: 3_600_000 }), counter("raw", 95_000, { limit: 100_000, perMs: 3_600_000, align: "fixed" }))).ok, true);
      assert.equal((await take(b, counter("weight", 1, { limit: 100_000, perMs: 3_600_000 }))).ok, false);
    });

    test("a request that may fall into two windows is counted in both", async () => {
      const [a] = await ledgers(1);
      const turn = Math.floor(Date.now() / 60_000 + 1) * 60_000;
      const at = (from: number, to: number, units: number): Counter => counter("weight", units, { align: "fixed", serverFromMs: turn + from, serverToMs: turn + to });
      assert.equal((await take(a, at(-50, 50, 60))).ok, true);

      assert.equal((await take(a, at(-30_000, -29_000, 60))).ok, false, "before the turn");
      assert.equal((await take(a, at(30_000, 31_000, 60))).ok, false, "after it");
      assert.equal((await take(a, at(90_000, 91_000, 60))).ok, true, "a window later");
    });

    test("sliding windows drain bit by bit, and say when there is room", async () => {
      const [a] = await ledgers(1);
      const make = (): Counter[] => [counter("weight", 50, { limit: 100, perMs: 4_000 })];
      const began = performance.now();
      const granted = await takeMany(a, 3, make);
      const refusal = await take(a, ...make());
      // Three of them fit only where the machine stood still for as long as the window.
      if (performance.now() - began < 4_000) assert.deepEqual([granted, refusal.ok], [2, false]);
      assert.ok(refusal.ok || refusal.retryAfterMs <= 4_400, JSON.stringify(refusal));

      if (!refusal.ok) await sleep(refusal.retryAfterMs + 110);

      assert.equal((await take(a, ...make())).ok, true);
    });

    test("of two pools that contradict each other the smaller limit holds, and both hear of it", async () => {
      const [a, b] = await ledgers(2);
      const heard: string[] = [];
      for (const [name, ledger] of [["a", a], ["b", b]] as const) ledger.on("contradiction", ({ ours, theirs, holds }) => heard.push(`${name}: ${ours.limit} against ${theirs.limit}, ${holds}`));
      assert.equal((await take(a, counter("weight", 1, { limit: 100, perMs: 600_000 }))).ok, true);

      assert.equal(await takeMany(b, 60, () => [counter("weight", 1, { limit: 50, perMs: 600_000 })]), 49);

      assert.equal((await take(a, counter("weight", 1, { limit: 100, perMs: 600_000 }))).ok, false);
      assert.deepEqual(heard.sort(), ["a: 100 against 50, theirs", "b: 50 against 100, ours"]);
    });

    test("of two shapes of one limit the slower one is counted", async () => {
      const [a, b] = await ledgers(2);
      const heard: string[] = [];
      b.on("contradiction", ({ theirs, holds }) => heard.push(`${theirs.limit} per ${theirs.perMs} ${theirs.align}, ${holds}`));
      assert.equal(await takeMany(a, 8, () => [counter("weight", 1, { limit: 10, perMs: 600_000, align: "fixed" })]), 8);

      assert.equal(await takeMany(b, 8, () => [counter("weight", 1, { limit: 10, perMs: 1_000, align: "sliding", ...PLACE })]), 2);

      assert.deepEqual(heard, ["10 per 600000 fixed, theirs"]);
    });

    test("a reservation that is given up leaves nothing behind", async () => {
      const [a] = await ledgers(1);
      const stop = new AbortController();
      const reserving = a.reserve([counter("weight", 100, { perMs: 600_000 })], stop.signal);

      stop.abort(new Error("enough"));

      await assert.rejects(reserving, /enough/);
      await assert.rejects(a.reserve([counter("weight", 1)], AbortSignal.abort(new Error("never"))), /never/);
      await eventually(async () => (await take(a, counter("weight", 100, { perMs: 600_000 }))).ok);
    });

    async function ledgersOf(like: RedisLedger, count: number): Promise<RedisLedger[]> {
      assert.ok(open.includes(like));
      const made = Array.from({ length: count }, () => redisLedger({ url: server.url, prefix: `t${prefixes}`, deadline: "2s", onUnavailable: "closed" }));
      open.push(...made);
      await Promise.all(made.map((ledger) => ledger.ready()));
      return made;
    }
  });
}

/** Corrections are gathered for some milliseconds, and refusals believed for a tenth of a second. */
async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2_400; i++) {
    if (await check()) return;
    await sleep(25);
  }
  assert.fail("it never happened");
}
