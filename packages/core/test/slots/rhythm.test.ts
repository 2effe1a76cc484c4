import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, allBack, collect, finish, get, openPool, worker } from "./support.ts";

const [A, B, C] = addresses(3);

for (const request of [undefined, () => get()]) {
  const how = request === undefined ? "a lease that only pins" : "a lease that reserves";

  test(`one slot takes an item, works, waits the delay, takes the next (${how})`, async () => {
    const { pool, clock } = await openPool({});
    const { work, taken } = worker(clock, 30);

    const run = pool.slots(["a", "b", "c", "d"], work, { slots: 1, interBatchDelay: 500, request });
    await finish(clock, run);

    assert.deepEqual(taken, [
      { item: "a", at: 0, exit: A },
      { item: "b", at: 530, exit: B },
      { item: "c", at: 1_060, exit: C },
      { item: "d", at: 1_590, exit: A },
    ]);
    // Done with its last worker, not a pause later.
    assert.equal(clock.now(), 1_620);
    assert.ok(allBack(pool));
    await pool.close();
  });

  test(`a cycle ends with its last item; the cooldown follows the delay (${how})`, async () => {
    const { pool, clock } = await openPool({});
    const { work, taken } = worker(clock, 0);

    const run = pool.slots(["a", "b"], work, { slots: 1, interBatchDelay: 100, cycleCooldown: "1s", cycles: 3, request });
    await finish(clock, run);

    assert.deepEqual(taken.map(({ item, at }) => `${String(item)}@${at}`), ["a@0", "b@100", "a@1200", "b@1300", "a@2400", "b@2500"]);
    assert.equal(clock.now(), 2_500);
    await pool.close();
  });

  test(`50 slots over 250 exits: each exit within five rounds, never two slots on one (${how})`, async () => {
    const { pool, clock } = await openPool({}, 250);
    const out = new Set<string>();
    const uses = new Map<string, number>();
    let most = 0;

    const items = Array.from({ length: 1_000 }, (_, i) => i);
    const run = pool.slots(
      items,
      async (_item, lease) => {
        const { id } = lease.exit;
        assert.ok(!out.has(id), `${id} serves two slots`);
        out.add(id);
        most = Math.max(most, out.size);
        uses.set(id, (uses.get(id) ?? 0) + 1);
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, 10));
        out.delete(id);
      },
      { slots: 50, interBatchDelay: 90, request },
    );

    // Five rounds of 100 ms.
    await clock.advance(5 * 100 - 1);
    assert.equal(uses.size, 250);
    await finish(clock, run);
    assert.equal(most, 50);
    assert.deepEqual([...new Set(uses.values())], [4]);
    const results = await collect(run);
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1_000);
    assert.ok(allBack(pool));
    await pool.close();
  });
}

test("the walk goes by leases: an exit whose worker sends for longer is not put behind those that others took meanwhile", async () => {
  const { pool, clock } = await openPool({}, 250);
  const uses = new Map<string, number>();
  // Two to six milliseconds a request, different ones in each lap.
  const transport = scriptedTransport(({ index }) => ({ afterMs: 2 + ((index * 7_919) % 5) }), { clock });
  const run = pool.slots(Array.from({ length: 1_000 }, (_, i) => i), async (_item, lease) => {
    uses.set(lease.exit.id, (uses.get(lease.exit.id) ?? 0) + 1);
    await pool.run(get(), transport);
    await pool.run(get(), transport);
  }, { slots: 50, request: () => get() });
  await finish(clock, run);
  assert.deepEqual([uses.size, ...new Set(uses.values())], [250, 4]);
  await pool.close();
});
