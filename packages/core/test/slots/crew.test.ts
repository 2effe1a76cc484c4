import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, allBack, collect, finish, get, openPool, sleep, worker } from "./support.ts";

/** The most workers at one time. */
function counting(work: () => Promise<unknown>): { run: () => Promise<void>; most: () => number } {
  let now = 0;
  let most = 0;
  return {
    run: async () => {
      most = Math.max(most, ++now);
      await work();
      now--;
    },
    most: () => most,
  };
}

test("\"auto\" is the least of items, exits that can take work, and what the backend takes", async () => {
  const cases = [
    { items: 2, exits: 5, backendLimit: undefined, most: 2, limitedBy: "items" },
    { items: 20, exits: 5, backendLimit: undefined, most: 5, limitedBy: "exits" },
    { items: 20, exits: 5, backendLimit: 3, most: 3, limitedBy: "backend-limit" },
  ];
  for (const { items, exits, backendLimit, most, limitedBy } of cases) {
    const { pool, clock } = await openPool({ defaults: backendLimit === undefined ? {} : { backendLimit } }, exits);
    const counted = counting(() => sleep(clock, 10));
    const run = pool.slots(Array.from({ length: items }, (_, i) => i), counted.run, { slots: "auto", request: () => get() });
    await clock.advance(5);
    assert.equal(run.status().limitedBy, limitedBy);
    assert.equal(run.status().allowed, most);
    await finish(clock, run);
    assert.equal(counted.most(), most);
    await pool.close();
  }
});

test("more slots than a backend takes are fewer, and it is said", async () => {
  const lines: string[] = [];
  const logger = { debug: () => {}, info: () => {}, error: () => {}, warn: (_fields: object, message: string) => void lines.push(message) };
  const { pool, clock } = await openPool({ logger, defaults: { backendLimit: 2 } }, 10);
  const changes: unknown[] = [];
  pool.on("multihome:slots.changed", ({ slots, allowed, limitedBy }) => changes.push({ slots, allowed, limitedBy }));
  const counted = counting(() => sleep(clock, 10));

  const run = pool.slots([1, 2, 3, 4, 5, 6], counted.run, { slots: 8, request: () => get() });
  await finish(clock, run);

  assert.equal(counted.most(), 2);
  assert.deepEqual(changes.at(-1), { slots: 8, allowed: 2, limitedBy: "backend-limit" });
  assert.deepEqual(lines.filter((line) => line.includes("backendLimit")), ["slots | run=slots-1 | 8 asked for, 2 work: backendLimit allows 2"]);
  await pool.close();
});

test("a lease and the request on it are one attempt of what the backend takes; requests on pinning leases count as any other", async () => {
  for (const request of [() => get(), undefined]) {
    const { pool, clock } = await openPool({ defaults: { backendLimit: 2 } }, 10);
    const transport = scriptedTransport([{ afterMs: 10 }], { clock });

    const run = pool.slots([1, 2, 3, 4, 5, 6], async () => {
      await pool.run(get(), transport);
      // And twice at once: only one of them travels on the lease's place.
      await Promise.all([pool.run(get(), transport), pool.run(get(), transport)]);
    }, { slots: 2, request });
    await finish(clock, run);

    assert.equal(transport.sent.length, 18);
    assert.equal(transport.highWater, 2);
    assert.ok((await collect(run)).every(({ status }) => status === "fulfilled"));
    assert.ok(allBack(pool));
    await pool.close();
  }
});

test("an exit serves one slot at a time over all runs of a pool, while other requests may use it", async () => {
  const { pool, clock } = await openPool({}, 3);
  const out = new Set<string>();
  const work = async (_item: number, lease: { exit: { id: string } }): Promise<void> => {
    assert.ok(!out.has(lease.exit.id));
    out.add(lease.exit.id);
    await sleep(clock, 7);
    out.delete(lease.exit.id);
  };
  const items = Array.from({ length: 30 }, (_, i) => i);
  const pinning = pool.slots(items, work, { slots: 2 });
  const reserving = pool.slots(items, work, { slots: 2, request: () => get() });
  const other = pool.slots(items, work, { slots: 2, request: () => ({ method: "GET", url: "http://other.test/" }) });
  await clock.advance(1);

  assert.equal(pool.status().slots.running, 3);
  assert.equal(pool.status().slots.waiting, 3);
  assert.equal((await pool.run(get(), scriptedTransport())).status, 200);
  for (const run of [pinning, reserving, other]) {
    await finish(clock, run);
    assert.deepEqual((await collect(run)).filter(({ status }) => status === "rejected"), []);
  }
  assert.ok(allBack(pool));
  await pool.close();
});

test("resized while it runs: more begin at once, of fewer those at work finish first", async () => {
  const { pool, clock } = await openPool({}, 10);
  const { work, taken } = worker(clock, 100);
  const run = pool.slots(Array.from({ length: 40 }, (_, i) => i), work, { slots: 2 });
  const counts = (): number[] => [run.status().running, taken.length];

  await clock.advance(150);
  assert.deepEqual(counts(), [2, 4]);
  run.resize(5);
  await clock.advance(0);
  assert.deepEqual(counts(), [5, 7]);
  run.resize(1);
  await clock.advance(0);
  assert.deepEqual(counts(), [5, 7]);
  await clock.advance(60); // 210: the first two have finished, and nobody took their place; three go on until 250
  assert.deepEqual(counts(), [4, 8]);
  await clock.advance(100); // 310: the smaller crew
  assert.deepEqual(counts(), [1, 9]);
  for (const wrong of [0, -1, 1.5, Number.NaN, Infinity, "many"]) assert.throws(() => run.resize(wrong as number), RangeError);
  run.resize("auto");
  await clock.advance(0);
  assert.equal(run.status().running, 10);
  await finish(clock, run);
  assert.equal(taken.length, 40);
  await pool.close();
});

test("exits that a list names later are put to work at once", async () => {
  const lists = [["http://127.0.0.1:1"], ["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"]];
  const source = { name: "list", read: async () => lists.shift() ?? [] };
  const { pool, clock } = await openPool({ exits: { sources: [source], refreshEvery: "1s" } });
  const { work, taken } = worker(clock, 700);
  const run = pool.slots([1, 2, 3, 4], work, { slots: "auto" });
  await clock.advance(1);
  assert.equal(run.status().running, 1);
  await clock.advance(1_000);
  assert.equal(run.status().running, 3);
  await finish(clock, run);
  assert.deepEqual(taken.map(({ at }) => at), [0, 700, 1_000, 1_000]);
  await pool.close();
});

test("slots that pin hold places in maxInFlight; requests on their leases need none of their own", async () => {
  const { pool, clock } = await openPool({ maxInFlight: 2 }, 10);
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });
  const run = pool.slots([1, 2, 3, 4], async () => {
    await pool.run(get(), transport);
    await pool.run(get(), transport);
  }, { slots: 4 });
  const others = Promise.all([1, 2, 3].map(() => pool.run(get(), transport)));
  await finish(clock, run);
  await others;
  assert.equal(transport.highWater, 2);
  assert.equal(transport.sent.length, 11);
  assert.ok(allBack(pool));
  await pool.close();
});

test("work is spread evenly: Jain's index over the exits is at least 0.99", async () => {
  for (const request of [undefined, () => get()]) {
    const { pool, clock } = await openPool({}, 250);
    const transport = scriptedTransport((sent) => ({ afterMs: 5 + ((sent.index * 7_919) % 90) }), { clock });
    const run = pool.slots(Array.from({ length: 50 }, (_, i) => i), () => pool.run(get(), transport), { slots: 50, interBatchDelay: 20, cycles: 100, request });
    await finish(clock, run);
    const uses = addresses(250).map((address) => transport.sentBy()[address] ?? 0);
    const sum = uses.reduce((total, count) => total + count, 0);
    const jain = sum ** 2 / (uses.length * uses.reduce((total, count) => total + count ** 2, 0));
    assert.equal(sum, 5_000);
    assert.ok(jain >= 0.99, `Jain's index is ${jain}`);
    await pool.close();
  }
});
