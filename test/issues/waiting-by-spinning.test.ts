import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

// The allocator that the pool's model comes from waited for an exit by yielding in a loop, gave up waiting for a certain one after
// 512 turns of it, and drew again and again until chance gave another than the one to avoid.

const HOST = "api.test";
const REQUEST: RequestInfo = { method: "GET", url: `http://${HOST}/`, host: HOST, path: "/" };

class CountingClock extends ManualClock {
  timers = 0;
  looks = 0;

  override now(): number {
    this.looks++;
    return super.now();
  }

  override setTimeout(callback: () => void, ms: number): unknown {
    this.timers++;
    return super.setTimeout(callback, ms);
  }
}

// Rule: who waits sleeps until something happens that can change the answer, however long that takes.
test("waiting an hour for a certain exit takes no more than a few looks at the clock, and gets it", async () => {
  const clock = new CountingClock();
  const pool = createExitPool({ exits: { local: ["127.0.1.1", "127.0.1.2"] }, clock, random: () => 0.5, queue: { maxAttempts: 1, timeout: false } });
  await pool.ready();
  const lease = await pool.acquire(REQUEST);
  await pool.run({ ...REQUEST, hints: { lease } }, scriptedTransport([{ status: 429, headers: { "retry-after": "3600" } }], { clock }));
  const waiting = pool.run({ ...REQUEST, hints: { lease } }, scriptedTransport([{}], { clock }));
  await clock.advance(0);
  const [timers, looks] = [clock.timers, clock.looks];

  await clock.advance(3_599_000);
  assert.ok(clock.timers - timers <= 3 && clock.looks - looks <= 20, `${clock.timers - timers} timers, ${clock.looks - looks} looks`);
  await clock.advance(1_000);
  assert.equal((await waiting).status, 200);
  lease.release();
  await pool.close();
});

// Rule: an exit to stay away from is passed over, whatever chance says.
test("avoiding the last exit takes one choice where chance always names that one", async () => {
  const clock = new ManualClock();
  let drawn = 0;
  const pool = createExitPool({
    exits: { local: ["127.0.1.1", "127.0.1.2"], strategy: "random" },
    clock,
    random: () => {
      drawn++;
      return 0;
    },
  });
  await pool.ready();
  const transport = scriptedTransport([{}], { clock });
  const before = drawn;
  for (let i = 0; i < 6; i++) await pool.run({ ...REQUEST, hints: { affinity: "avoid-previous", batchId: "b" } }, transport);
  const used = transport.sent.map(({ exit }) => exit);
  for (let i = 1; i < used.length; i++) assert.notEqual(used[i], used[i - 1]);
  assert.ok(drawn - before <= 12, `${drawn - before} draws`);
  await pool.close();
});

// Rule: an answer that does not come is not looked for at the pace of those that do. Where a proxy answered within a millisecond and then
// hung, with no other to send a further attempt by, the pool once woke each millisecond.
test("a proxy that is quick and then hangs is waited for without waking at each millisecond", async () => {
  const clock = new CountingClock();
  const pool = createExitPool({ exits: { proxies: ["socks5://192.0.2.1:1080"] }, clock, random: () => 0.5, defaults: { spacing: 0 }, queue: { maxAttempts: 1, timeout: false }, attemptTimeout: false });
  await pool.ready();
  // The driver answers before `start` has returned: in no time at all.
  let hang = false;
  const ask = (): ReturnType<typeof pool.drive> => pool.drive(REQUEST, {
    start(leg) {
      if (hang) return;
      leg.respond({ status: 200, header: () => undefined, body: new Uint8Array([1]) });
      leg.end();
    },
    stop: (leg) => leg.release(),
    deliver: () => {},
    reject: () => {},
  });
  for (let i = 0; i < 20; i++) {
    ask();
    await clock.advance(10);
  }
  hang = true;
  const waiting = ask();
  const { timers } = clock;
  await clock.advance(60_000);
  assert.ok(clock.timers - timers < 150, `${clock.timers - timers} timers`);
  waiting.abort(new Error("enough"));
  await pool.close();
});
