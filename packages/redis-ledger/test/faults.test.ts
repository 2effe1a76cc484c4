import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noRedis, RedisServer } from "@multihome/core/testing";
import type { Counter } from "@multihome/core";
import { redisLedger, type LedgerChanged, type RedisLedger, type RedisLedgerOptions } from "../src/index.ts";
import { counter, take, takeMany } from "./support/counters.ts";
import { FaultyProxy } from "./support/faulty-proxy.ts";

const LIMIT = 100;
const weight = (units: number, rest: Partial<Counter> = {}): Counter => counter("weight", units, { limit: LIMIT, perMs: 3_600_000, align: "fixed", ...rest });
const one = (): Counter[] => [weight(1)];
/** What a request waits at most: its deadline, and what a busy machine adds. The promise is deadline + 20 ms; the slack is for the neighbours. */
const BOUND_MS = 50 + 250;

describe("faults of the store", { skip: noRedis() }, () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function startServer(args: readonly string[] = []): Promise<RedisServer> {
    const server = await RedisServer.start(args);
    ends.push(() => server.stop());
    return server;
  }

  async function startLedger(url: string, options: RedisLedgerOptions = {}): Promise<{ ledger: RedisLedger; changes: LedgerChanged[] }> {
    const ledger = redisLedger({ url, onUnavailable: "local-share", ...options });
    ends.push(() => ledger.close());
    const changes: LedgerChanged[] = [];
    ledger.on("changed", (message) => changes.push(message));
    await ledger.ready();
    return { ledger, changes };
  }

  /** Asks until the ledger says that it counts in that mode; every answer in time. */
  async function until(ledger: RedisLedger, mode: string, each?: () => Promise<void>): Promise<void> {
    for (let i = 0; i < 400 && ledger.status().mode !== mode; i++) {
      await each?.();
      await sleep(25);
    }
    assert.equal(ledger.status().mode, mode, JSON.stringify(ledger.status()));
  }

  async function inTime(work: Promise<unknown>): Promise<void> {
    const began = performance.now();
    await work;
    const ms = performance.now() - began;
    assert.ok(ms <= BOUND_MS, `took ${ms} ms`);
  }

  const GONE = {
    "killed": { harm: (server: RedisServer) => server.kill(), heal: (server: RedisServer) => server.start() },
    "frozen": { harm: async (server: RedisServer) => server.freeze(), heal: async (server: RedisServer) => server.thaw() },
  };
  for (const [what, { harm, heal }] of Object.entries(GONE)) {
    test(`while the store is ${what}, each process spends a fifth less than its fair part, and it is counted afterwards`, async () => {
      const server = await startServer();
      const { ledger: a, changes } = await startLedger(server.url);
      const { ledger: b } = await startLedger(server.url);
      assert.equal(await takeMany(a, 10, one), 10);
      assert.equal(await takeMany(b, 20, one), 20);
      for (let i = 0; i < 200 && Math.min(a.status().processes, b.status().processes) < 2; i++) await sleep(25);

      await harm(server);
      await until(a, "local-share", () => inTime(take(a, weight(0))));
      await until(b, "local-share", () => inTime(take(b, weight(0))));

      // 100 × 0.8 / 2 = 40 each, less what each has spent; and no more than such a part of the 90 and 70 that were left when the store last spoke to each.
      assert.equal(await takeMany(a, 100, one), 30);
      assert.equal(await takeMany(b, 100, one), 20);
      assert.equal(changes.at(-1)?.to, "local-share");
      assert.equal(changes.at(-1)?.processes, 2);

      await heal(server);
      await until(a, "shared");
      await until(b, "shared");
      const after = (await takeMany(a, 100, one)) + (await takeMany(b, 100, one));
      // 80 are spent, also where the store has lost its memory: both have said what they had spent.
      assert.equal(after, 20);
    });
  }

  test("closed: nothing is granted without the store", async () => {
    const server = await startServer();
    const { ledger } = await startLedger(server.url, { onUnavailable: "closed" });
    assert.equal(await takeMany(ledger, 10, one), 10);

    await server.kill();
    await until(ledger, "closed");

    assert.equal(await takeMany(ledger, 10, one), 0);
    const refusal = await take(ledger, ...one());
    assert.ok(!refusal.ok && refusal.retryAfterMs <= 250);
  });

  test("open: everything is granted, and counted when the store is back", async () => {
    const server = await startServer();
    const { ledger } = await startLedger(server.url, { onUnavailable: "open" });
    assert.equal(await takeMany(ledger, 1, one), 1);
    server.freeze();
    await until(ledger, "open", () => inTime(take(ledger, weight(0))));
    assert.equal(await takeMany(ledger, 150, one), 150);

    server.thaw();
    await until(ledger, "shared");

    assert.equal(await takeMany(ledger, 10, one), 0);
  });

  test("a process that starts while the store is away sends nothing, unless it was told how many there are", async () => {
    const server = await startServer();
    await server.kill();
    const cautious = redisLedger({ url: server.url });
    const told = redisLedger({ url: server.url, processes: 4 });
    ends.push(() => cautious.close(), () => told.close());

    await until(cautious, "local-share");
    await until(told, "local-share");

    assert.equal(await takeMany(cautious, 10, one), 0);
    assert.equal(await takeMany(told, 100, one), 20);
  });

  test("a black hole is noticed, each request is answered in time, and a new connection is made", async () => {
    const server = await startServer();
    const proxy = await new FaultyProxy(server.port).start();
    ends.push(() => proxy.close());
    const { ledger } = await startLedger(proxy.url);
    await take(ledger, weight(1));

    proxy.faults.blackHole = true;
    await until(ledger, "local-share", () => inTime(take(ledger, weight(1))));
    const made = proxy.accepted;
    await inTime(takeMany(ledger, 20, one));

    proxy.faults.blackHole = false;
    await until(ledger, "shared");
    assert.ok(proxy.accepted >= made);
    assert.equal((await take(ledger, weight(1))).ok, true);
  });

  test("bytes that change on the way never grant what is not there, and the ledger comes back", async () => {
    const server = await startServer();
    let seed = 12_345;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    const proxy = await new FaultyProxy(server.port, random).start();
    ends.push(() => proxy.close());
    const { ledger } = await startLedger(proxy.url, { onUnavailable: "closed" });

    proxy.faults.corruptDown = 0.002;
    let granted = 0;
    for (let i = 0; i < 150; i++) if ((await take(ledger, weight(1))).ok) granted++;
    proxy.faults.corruptDown = 0;
    proxy.faults.corruptUp = 0.002;
    for (let i = 0; i < 150; i++) if ((await take(ledger, weight(1))).ok) granted++;
    proxy.faults.corruptUp = 0;

    await until(ledger, "shared");
    granted += await takeMany(ledger, LIMIT + 50, one);
    assert.ok(granted <= LIMIT, `${granted} of ${LIMIT}`);
  });

  test("a store that has forgotten its scripts is told them again", async () => {
    const server = await startServer();
    const { ledger } = await startLedger(server.url);
    assert.equal((await take(ledger, weight(1))).ok, true);
    const { createClient } = await import("@redis/client");
    const other = createClient({ url: server.url });
    await other.connect();
    await other.sendCommand(["SCRIPT", "FLUSH"]);
    await other.close();

    assert.equal(await takeMany(ledger, 5, one), 5);
    assert.equal(ledger.status().mode, "shared");
  });

  test("out of memory and read-only are told by name, and are left when they are over", async () => {
    const server = await startServer();
    const { ledger } = await startLedger(server.url);
    const { createClient } = await import("@redis/client");
    const admin = createClient({ url: server.url });
    await admin.connect();
    ends.push(() => admin.close());
    const kinds: string[] = [];
    ledger.on("fault", ({ kind }) => kinds.push(kind));
    await take(ledger, weight(1));

    for (const [harm, heal, kind] of [
      [["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], "full"],
      [["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "read-only"],
    ] as const) {
      await admin.sendCommand(harm);
      await until(ledger, "local-share", () => inTime(take(ledger, weight(1))));
      assert.equal(ledger.status().fault?.kind, kind);
      await admin.sendCommand(heal);
      await until(ledger, "shared");
    }
    assert.deepEqual(kinds.filter((kind) => kind === "full" || kind === "read-only"), ["full", "read-only"]);
  });

  test("after a restart without memory, windows of up to a minute are full until they end unless every process has said what it has spent", async () => {
    const server = await startServer();
    const { ledger } = await startLedger(server.url);
    const short = (): Counter => counter("short", 1, { limit: 1_000, perMs: 3_000, align: "sliding" });
    await take(ledger, short());
    // Somebody who was lately seen, and dies with the store: nobody knows what he has spent.
    const { createClient } = await import("@redis/client");
    const ghost = createClient({ url: server.url });
    await ghost.connect();
    await ghost.sendCommand(["ZADD", "multihome:processes", String(Date.now()), "ghost"]);
    ghost.destroy();
    for (let i = 0; i < 100 && ledger.status().processes < 2; i++) await sleep(25);
    ledger.pause("exit:203.0.113.9|binance", Date.now() + 600_000, "banned");
    await sleep(50);

    await server.kill();
    await server.start();
    await until(ledger, "shared", async () => void (await take(ledger, weight(0))));
    const refusal = await take(ledger, short());

    assert.ok(!refusal.ok && refusal.retryAfterMs <= 200, "others may speak up at any moment");
    const began = performance.now();
    await until(ledger, "shared");
    while (!(await take(ledger, short())).ok) await sleep(50);
    assert.ok(performance.now() - began > 1_500, "not before the window has passed since the loss was noticed");
    const { ledger: fresh } = await startLedger(server.url);
    const banned = await take(fresh, { ...counter("weight", 1), key: "exit:203.0.113.9|binance|weight" });
    assert.ok(!banned.ok && banned.retryAfterMs > 500_000, JSON.stringify(banned));
  });

  test("the death of a process frees what it had taken in advance within a window", async () => {
    const server = await startServer();
    // The same as a process that was killed: it never gives back, and never leaves.
    const { ledger: dead } = await startLedger(server.url);
    const sliding = (units: number): Counter => counter("weight", units, { limit: 1_000, perMs: 2_000 });
    assert.equal(await takeMany(dead, 200, () => [sliding(1)]), 200);
    const { ledger: alive } = await startLedger(server.url);

    await sleep(2_000 * (1 + 3 / 40));

    assert.equal((await take(alive, sliding(1_000))).ok, true);
  });
});
