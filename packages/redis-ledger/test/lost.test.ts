import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noRedis, RedisServer } from "@multihome/core/testing";
import type { Counter } from "@multihome/core";
import { CounterState } from "../src/counter-state.ts";
import { decideAlone } from "../src/fallback.ts";
import { Lost, REMEMBERED_MS } from "../src/lost.ts";
import { redisLedger, type RedisLedger, type RedisLedgerOptions } from "../src/index.ts";
import { assertGranted, counter, missedBy, take, takeMany } from "./support/counters.ts";
import { FaultyProxy } from "./support/faulty-proxy.ts";

test("for each process that is silent its part is set aside, as large as it takes it to be", () => {
  const lost = new Lost(0, true);
  lost.seen(8, false, [], false, 0);
  assert.deepEqual([lost.processes, lost.silentAt(0), lost.asideOf(1_000, 0)], [8, 0, 0]);

  // Three who are one of eight; one who was heard of last when there were four.
  lost.seen(8, true, [[8, 3], [4, 1]], false, 1_000);

  assert.equal(lost.silentAt(1_000), 4);
  assert.equal(lost.asideOf(1_000, 1_000), 3 * 100 + 200);
  assert.equal(lost.asideOf(5, 1_000), 1, "a part of less than one is none");
  lost.seen(4, true, [], false, 60_000);
  assert.deepEqual([lost.processes, lost.asideOf(1_000, 60_000)], [4, 0], "gone, and not silent");
});

test("after a loss of memory those who were there are missed until they are back, for a minute at most", () => {
  const steps = [
    { at: 0, total: 8, known: true, isAway: false, processes: 8, aside: 0 },
    // Asked, before we are there again ourselves.
    { at: 1_000, total: 0, known: false, isAway: true, processes: 8, aside: 800 },
    { at: 1_200, total: 1, known: false, isAway: false, processes: 8, aside: 700 },
    { at: 1_700, total: 5, known: true, isAway: false, processes: 8, aside: 300 },
    { at: 2_200, total: 8, known: true, isAway: false, processes: 8, aside: 0 },
    { at: 2_700, total: 7, known: true, isAway: false, processes: 8, aside: 100 },
    { at: 1_200 + REMEMBERED_MS, total: 7, known: true, isAway: false, processes: 7, aside: 0 },
  ];
  const lost = new Lost(0, true);
  for (const { at, total, known, isAway, processes, aside } of steps) {
    lost.seen(total, known, [], isAway, at);
    assert.deepEqual([lost.processes, lost.asideOf(1_000, at)], [processes, aside], `at ${at}`);
  }
  const closed = new Lost(0, false);
  closed.seen(8, true, [], false, 0);
  closed.seen(1, false, [], false, 1_000);
  assert.equal(closed.asideOf(1_000, 1_000), 0, "nobody spends anything alone");
});

test("whoever was told of fewer takes himself for one of as many as the store heard from him", () => {
  const lost = new Lost(0, true);
  lost.seen(8, false, [], false, 0);
  lost.declared = 8;
  lost.seen(4, true, [], false, 500);

  assert.deepEqual([lost.processes, lost.aloneOf], [4, 8]);
});

for (const [align, span] of [["fixed", 10_000], ["sliding", 10_000], ["bucket", 10_000]] as const) {
  test(`of a ${align} window that others may have spent before they noticed, a tenth of a part is spent alone; of the next ones the part`, () => {
    const make = (): Counter => ({ key: "exit:a|b|c", units: 1, limit: 1_000, perMs: span, align });
    const state = new CounterState(make(), { storeKey: "k", rest: "c", target: "b" }, { target: "b", who: "exit:a", key: "p", until: new Map() });
    const takenAt = (now: number): number => {
      if (align === "fixed") {
        state.first = state.last = Math.floor(now / span);
        state.turnsAt = (state.first + 1) * span;
      }
      let taken = 0;
      while (decideAlone("local-share", [state], [make()], { processes: 8, since: 5_000 }, now, () => undefined).ok) taken++;
      return taken;
    };

    // Lost at 5 s; noticed by everybody at 8 s, in the middle of a window: 1,000 / 8 × 0.1, and then 1,000 / 8 × 0.8.
    const steps = align === "fixed" ? [[5_000, 12], [9_999, 0], [10_000, 100], [19_999, 0], [20_000, 100]] : [[5_000, 12], [10_000, 0], [18_000, 100]];
    for (const [at, taken] of steps) assert.equal(takenAt(at), taken, `at ${at}`);
  });
}

describe("processes of which only some see the store", { skip: noRedis() }, () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function startLedger(url: string, options: RedisLedgerOptions = {}): Promise<RedisLedger> {
    const ledger = redisLedger({ url, deadline: "200ms", ...options });
    ends.push(() => ledger.close());
    await ledger.ready();
    return ledger;
  }

  async function until(check: () => boolean | Promise<boolean>, what: () => unknown): Promise<void> {
    for (let i = 0; i < 2_400; i++) {
      if (await check()) return;
      await sleep(25);
    }
    assert.fail(JSON.stringify(what()));
  }

  const LOSSES = {
    "in a black hole": (proxy: FaultyProxy) => void (proxy.faults.blackHole = true),
    "deaf": (proxy: FaultyProxy) => void (proxy.faults.deaf = true),
  };
  for (const align of ["fixed", "sliding", "bucket"] as const) {
    for (const [how, lose] of Object.entries(LOSSES)) {
      test(`${align}: the part of a process that is ${how} is set aside by those who see the store, and they get what it leaves`, async () => {
        const server = await RedisServer.start();
        ends.push(() => server.stop());
        const proxy = await new FaultyProxy(server.port).start();
        ends.push(() => proxy.close());
        const [here, lost] = await Promise.all([startLedger(server.url), startLedger(proxy.url)]);
        const asking = (units: number): Counter[] => [counter("weight", units, { align, limit: 100, perMs: 86_400_000 })];
        const make = (): Counter[] => asking(1);
        await until(() => here.status().processes === 2 && lost.status().processes === 2, () => [here.status(), lost.status()]);
        const first = await takeMany(lost, 10, make);
        const missed = missedBy(here, lost);
        assertGranted(first, 10, missed);

        lose(proxy);
        await until(async () => {
          await take(lost, ...asking(0));
          return lost.status().mode === "local-share" && here.status().silent === 1;
        }, () => [here.status(), lost.status()]);

        // 100 × 0.8 / 2 are set aside; the other has spent 10 of its 40 by the store.
        const seen = await takeMany(here, 100, make);
        assertGranted(seen, 60 - first, missed + missedBy(here));
        const alone = await takeMany(lost, 100, make);
        assertGranted(alone, 40 - first, missed);
        assertGranted(Number((await take(here, ...make())).ok), 0, missedBy(here));

        proxy.faults.blackHole = proxy.faults.deaf = false;
        await until(() => lost.status().mode === "shared" && here.status().silent === 0, () => [here.status(), lost.status()]);
        // Its spending was carried back: what is left of the window can be had, and no more (a bucket of 100 a day gains nothing meanwhile).
        const left = 100 - first - seen - alone;
        let after = 0;
        await until(async () => (after += await takeMany(here, 10, make)) >= left || missed + missedBy(here) > 0, () => after);
        await sleep(300);
        after += await takeMany(here, 10, make);
        assertGranted(after, left, missed + missedBy(here));
      });
    }
  }

  test("nothing is set aside for a process that is closed, or that spends nothing without the store", async () => {
    const server = await RedisServer.start();
    ends.push(() => server.stop());
    const proxy = await new FaultyProxy(server.port).start();
    ends.push(() => proxy.close());
    const here = await startLedger(server.url);
    const leaving = await startLedger(server.url);
    const cautious = await startLedger(proxy.url, { onUnavailable: "closed" });
    await until(() => here.status().processes === 3, () => here.status());

    await leaving.close();
    proxy.faults.blackHole = true;
    await until(async () => {
      await take(cautious, counter("weight", 0));
      return cautious.status().mode === "closed" && here.status().processes === 2;
    }, () => [here.status(), cautious.status()]);
    // Longer than it takes to be silent.
    await sleep(2_500);

    assert.equal(here.status().silent, 0);
    const granted = await takeMany(here, 120, () => [counter("weight", 1, { perMs: 86_400_000 })]);
    assertGranted(granted, 100, missedBy(here));
  });
});
