import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noRedis, RedisServer } from "@multihome/core/testing";
import { createClient } from "redis";
import { redisLedger, type GivenClient, type RedisLedger } from "../src/index.ts";
import { StoreClock } from "../src/store-clock.ts";
import { counter, take, takeMany } from "./support/counters.ts";

test("the store's clock is known as well as its best answer, and no worse for slow ones", () => {
  const clock = new StoreClock();
  assert.equal(clock.known, false);

  assert.equal(clock.learn(1_000, 1_010, 501_005), undefined);
  assert.equal(clock.at(2_000), 502_000);
  assert.equal(clock.learn(1_100, 1_102, 501_103), undefined);
  assert.equal(clock.at(2_000), 502_002);
  assert.equal(clock.learn(1_200, 1_300, 501_210), undefined, "slow");
  assert.equal(clock.at(2_000), 502_002);
});

test("a jump is told from a slow answer", () => {
  const clock = new StoreClock();
  clock.learn(0, 2, 1_000_001);

  assert.equal(clock.learn(100, 2_100, 1_000_100), undefined, "two seconds on the way");
  assert.equal(clock.learn(3_000, 3_002, 4_603_001), "forward");
  assert.equal(clock.learn(4_000, 4_002, 1_004_001), "backward");
  assert.equal(clock.at(5_000), 1_005_000);
});

/** A client whose store has a clock that the test may set: the scripts run for real, and read the time with an hour added. */
async function jumping(server: RedisServer): Promise<{ client: GivenClient; jump(ms: number): void; end(): Promise<unknown> }> {
  const real = createClient({ url: server.url, RESP: 2 });
  await real.connect();
  let shift = 0;
  const texts = new Map<string, string>();
  const sendCommand = (command: string[]): Promise<unknown> => {
    const [verb, script, ...rest] = command;
    if (verb === "EVAL") texts.set(createHash("sha1").update(script).digest("hex"), script);
    const text = verb === "EVAL" ? script : texts.get(script);
    if (text === undefined) return real.sendCommand(command);
    assert.ok(text.includes("local now=t[1]*1000"));
    return real.sendCommand(["EVAL", text.replace("local now=t[1]*1000", `local now=${shift}+t[1]*1000`), ...rest]);
  };
  return { client: { sendCommand, isReady: true }, jump: (ms) => (shift += ms), end: () => real.close() };
}

for (const [direction, ms] of [["forward", 3_600_000], ["back", -3_600_000]] as const) {
  test(`a store whose clock jumps ${direction} by an hour breaks no limit and stalls nothing`, { skip: noRedis() }, async () => {
    const server = await RedisServer.start();
    const { client, jump, end } = await jumping(server);
    const ledgers: RedisLedger[] = [1, 2].map(() => redisLedger({ client, deadline: "2s", onUnavailable: "closed" }));
    const [a, b] = ledgers;
    const kinds = new Set<string>();
    for (const ledger of ledgers) ledger.on("fault", ({ kind }) => kinds.add(kind));
    try {
      await Promise.all(ledgers.map((ledger) => ledger.ready()));
      while (ledgers.some((ledger) => ledger.status().processes < 2)) await sleep(25);
      const began = performance.now();
      const sliding = () => [counter("sliding", 1, { limit: 40, perMs: 3_000 })];
      const bucket = () => [counter("bucket", 1, { limit: 40, perMs: 30_000, align: "bucket" })];
      const fixed = () => [counter("fixed", 1, { limit: 40, perMs: 86_400_000, align: "fixed", serverFromMs: 1_700_000_000_000, serverToMs: 1_700_000_000_010 })];
      for (const make of [sliding, bucket, fixed]) assert.equal((await takeMany(a, 15, make)) + (await takeMany(b, 15, make)), 30);
      jump(ms);
      const jumped = performance.now();

      const more = { sliding: 0, bucket: 0, fixed: 0 };
      while (performance.now() - jumped < 1_000) {
        for (const ledger of ledgers) {
          for (const [name, make] of Object.entries({ sliding, bucket, fixed })) if ((await take(ledger, ...make())).ok) more[name as keyof typeof more]++;
        }
        await sleep(20);
      }
      // 40 a window, 30 are spent; the bucket has been filling meanwhile.
      const tookMs = performance.now() - began;
      if (tookMs < 3_000) assert.ok(more.sliding <= 10, JSON.stringify(more));
      assert.ok(more.bucket <= 10 + Math.ceil((tookMs * 40) / 30_000), JSON.stringify(more));
      assert.ok(more.fixed <= 10, JSON.stringify(more));
      assert.ok(kinds.has("clock-jump"), [...kinds].join());
      // Another window, by the real clock: everything goes on.
      await sleep(Math.max(0, 3_400 - (performance.now() - jumped)));
      assert.ok((await takeMany(a, 20, sliding)) + (await takeMany(b, 20, sliding)) > 20);
    } finally {
      await Promise.all(ledgers.map((ledger) => ledger.close()));
      await end();
      await server.stop();
    }
  });
}
