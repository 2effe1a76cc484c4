import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptedTransport } from "../../src/testing/index.ts";
import { allBack, finish, get, openPool, sleep } from "./support.ts";

const refusing = (retryAfter: number) => scriptedTransport([{ status: 429, headers: { "retry-after": String(retryAfter) } }]);

/** Has an exit refused at the target, as any request of the program would. */
async function refuse(pool: Awaited<ReturnType<typeof openPool>>["pool"], exits: number, retryAfter: number): Promise<void> {
  for (let i = 0; i < exits; i++) {
    const lease = await pool.acquire(get());
    await pool.run(get(), refusing(retryAfter), { hints: { lease } });
    lease.release();
  }
}

for (const request of [undefined, () => get()]) {
  const how = request === undefined ? "a lease that only pins" : "a lease that reserves";

  test(`while exits back off rounds take longer, so that those that work carry no more; then as before (${how})`, async () => {
    const { pool, clock } = await openPool({}, 4);
    const transport = scriptedTransport([{ afterMs: 10 }], { clock });
    const starts: number[] = [];
    const work = async (): Promise<void> => {
      starts.push(clock.now());
      await pool.run(get(), transport);
    };
    // It knows its target.
    await pool.run(get(), scriptedTransport());
    const run = pool.slots([1], work, { slots: 1, interBatchDelay: 90, cycles: Infinity, request });
    await clock.advance(210);
    assert.deepEqual(starts, [0, 100, 200]);

    // Two of four from 250 to 1,250: a round of 100 ms takes 200, from the one that pauses then.
    await clock.advance(40);
    await refuse(pool, 2, 1);
    assert.equal(run.status().stretch, 2);
    await clock.advance(60);
    assert.equal(run.status().nextWakeUpMs, 90);
    await clock.advance(1_180);
    assert.equal(run.status().stretch, 1);

    assert.deepEqual(starts, [0, 100, 200, 400, 600, 800, 1_000, 1_200, 1_300, 1_400]);
    await run.stop();
    assert.ok(allBack(pool));
    await pool.close();
  });

  test(`with every exit backing off slots wait for the first that is back (${how})`, async () => {
    const { pool, clock } = await openPool({}, 2);
    const starts: number[] = [];
    const transport = scriptedTransport(({ index }) => (index < 2 ? { status: 429, headers: { "retry-after": String(5 - index) } } : {}), { clock });
    const work = async (): Promise<void> => {
      starts.push(clock.now());
      await pool.run(get(), transport);
    };
    const run = pool.slots([1, 2, 3, 4], work, { slots: 2, interBatchDelay: 100, request });
    await clock.advance(2_000);
    assert.deepEqual(starts, [0, 0]);
    assert.equal(run.status().waiting, 1);
    assert.equal(run.status().nextWakeUpMs, 2_000);
    await finish(clock, run);
    assert.deepEqual(starts.map((at) => Math.round(at)), [0, 0, 4_000, 4_100]);
    assert.ok(allBack(pool));
    await pool.close();
  });

  test(`a worker that sends by itself has its exit rest by what it settles (${how})`, async () => {
    const { pool, clock } = await openPool({}, 2);
    const taken: [number, string][] = [];
    const run = pool.slots([1, 2, 3, 4, 5], async (item, lease) => {
      taken.push([clock.now(), lease.exit.id]);
      if (item === 1) lease.settle({ kind: "rate-limited", retryAfterMs: 1_000 });
      // Once; a second word is ignored.
      if (item === 1) lease.settle({ kind: "banned", retryAfterMs: 100_000 });
      await sleep(clock, 10);
    }, { slots: 1, interBatchDelay: 190, request });
    await finish(clock, run);
    // One of two: rounds of 400 ms instead of 200, by the other one.
    assert.deepEqual(taken, [[0, "127.0.1.1"], [400, "127.0.1.2"], [800, "127.0.1.2"], [1_000, "127.0.1.1"], [1_200, "127.0.1.2"]]);
    await pool.close();
  });
}

test("fewer slots because of exits that rest are not slowed down as well", async () => {
  const { pool, clock } = await openPool({}, 4);
  await pool.run(get(), scriptedTransport());
  await refuse(pool, 1, 60);
  const run = pool.slots(Array.from({ length: 100 }, (_, i) => i), () => sleep(clock, 10), { slots: "auto", interBatchDelay: 90, request: () => get() });
  await clock.advance(5);
  const { allowed, limitedBy, running, stretch } = run.status();
  assert.deepEqual({ allowed, limitedBy, running, stretch }, { allowed: 3, limitedBy: "exits", running: 3, stretch: 1 });
  // Back to four when the pause is over.
  await clock.advance(60_000);
  await finish(clock, run);
  run.abort();
  await pool.close();
});

test("a run over several targets passes over an exit that rests at one of them while another is free, and uses it where it is not", async () => {
  const { pool, clock } = await openPool({}, 2);
  const other = { method: "GET", url: "http://other.test/" };
  const transport = scriptedTransport([{}], { clock });
  const exits: string[] = [];
  const run = pool.slots([get(), other, other, get(), other], async (request, lease) => {
    exits.push(lease.exit.id);
    // The first exit is refused by one of the two.
    await pool.run(request, exits.length === 1 ? refusing(60) : transport);
  }, { slots: 1, interBatchDelay: 10 });
  await finish(clock, run);
  assert.deepEqual(exits, ["127.0.1.1", "127.0.1.2", "127.0.1.2", "127.0.1.2", "127.0.1.2"]);
  await pool.close();
});

test("while the target's breaker is open, one slot at a time finds out whether it is back", async () => {
  const { pool, clock } = await openPool({ defaults: { breaker: { threshold: 2, probeEvery: "10s" } } }, 4);
  let up = false;
  const transport = scriptedTransport(() => ({ status: up ? 200 : 503, afterMs: 5 }), { clock });
  const starts: number[] = [];
  const run = pool.slots([1, 2], async () => {
    starts.push(clock.now());
    await pool.run(get(), transport);
  }, { slots: 2, interBatchDelay: 95, cycles: Infinity, request: () => get() });
  await clock.advance(25_000);
  assert.deepEqual(starts, [0, 0, 10_005, 20_010]);
  up = true;
  await clock.advance(6_000);
  // The probe at 30,015 brings it back: both work again.
  assert.deepEqual(starts.slice(4, 8).map((at) => Math.round(at)), [30_015, 30_020, 30_120, 30_120]);
  await run.stop();
  assert.ok(allBack(pool));
  await pool.close();
});
