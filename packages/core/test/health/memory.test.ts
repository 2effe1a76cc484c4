import assert from "node:assert/strict";
import { test } from "node:test";
import { CellBatch, type SavedCell } from "../../src/health/cell-batch.ts";
import { attempt, attempts, poolOf } from "./support.ts";

test("a cell takes 32 bytes and an exit 24, made when they are first used", () => {
  const pool = poolOf(20_000);
  const target = pool.target();
  assert.equal(pool.bytes, 0);

  attempt(target, 19_999, "success", 0);
  assert.ok(pool.bytes <= 512 * (32 + 24), "one page of each");

  for (let exit = 0; exit < 20_000; exit++) attempt(target, exit, "success", 0);
  assert.ok(pool.bytes <= 20_032 * (32 + 24), `${pool.bytes}`);
});

test("a pool of three exits does not pay for a page", () => {
  const pool = poolOf(0, 3);
  attempts(pool.target(), 2, "success", 1, 0);

  assert.equal(pool.bytes, 8 * (32 + 24));
});

test("with a million targets one after another the cells of those that were idle for longest go", () => {
  const pool = poolOf(4, 0, {}, 4_096);
  const first = pool.target();
  attempts(first, 0, "exit-error", 3, 0);
  const busy = pool.target();
  busy.started(1);
  const kept: ReturnType<typeof pool.target>[] = [];

  for (let i = 0; i < 1_000_000; i++) {
    const target = pool.target();
    attempt(target, i & 3, "success", i);
    kept.push(target);
    if (kept.length >= 1_000) pool.drop(kept.shift() as typeof target);
  }

  assert.ok(pool.targets <= 1_002);
  assert.ok(pool.bytes <= 4_096 * 32 + 1_000, `${pool.bytes}`);
  assert.equal(first.cells, 0, "forgotten");
  assert.equal(first.stateOf(0, 1e6), "unknown");
  assert.equal(busy.of(1, 1e6).inflight, 1, "what is in flight is never forgotten");
});

test("a target that lost its cells starts anew", () => {
  const pool = poolOf(4, 0, {}, 8);
  const [a, b] = [pool.target(), pool.target()];
  attempts(a, 0, "exit-error", 3, 0);
  attempt(b, 0, "success", 0);
  assert.equal(a.restsUntil(0), 0);

  assert.deepEqual(attempts(a, 0, "exit-error", 3, 1_000), ["cooled 0 for 30 s"]);
  assert.equal(a.cooling(1_000), 1);
});

test("what happens at a target after it was let go is not counted against the others", () => {
  const pool = poolOf(4, 0, {}, 16);
  const [gone, stays] = [pool.target(), pool.target()];
  gone.started(0);
  attempt(stays, 0, "success", 0);
  pool.drop(gone);

  assert.deepEqual(gone.ended(0, "exit-error", 10, 10), []);
  gone.started(1);
  gone.ended(1, "success", 10, 10);

  assert.equal(stays.of(0, 10).success, 1);
  assert.equal(pool.targets, 1);
});

test("a cell is saved and restored as it was, with its rest and its trial", () => {
  const from = poolOf(4).target();
  attempts(from, 2, "success", 5, 10_000);
  attempts(from, 2, "exit-error", 3, 70_000);
  attempts(from, 2, "rate-limited", 2, 70_000);
  const saved = from.of(2, 80_000);

  const to = poolOf(4).target();
  to.restore(batchOf(2, saved), 500);

  assert.deepEqual(from.known(), [2]);
  assert.deepEqual(to.known(), [2]);
  assert.deepEqual(to.of(2, 500), saved);
  assert.equal(saved.sinceSuccessMs, 70_000);
  assert.equal(to.restsUntil(2), 500 + 20_000);
  assert.equal(to.cooling(500), 1);
  assert.deepEqual(attempt(to, 2, "exit-error", 30_000), ["cooled 2 for 60 s"]);
});

test("a saved cell that holds nonsense is cut to what a cell can hold", () => {
  const target = poolOf(4).target();
  for (const junk of [Number.NaN, Infinity, -1, 1e300]) {
    target.restore(batchOf(1, { success: junk, fail: junk, warnings: junk, consecutiveFails: junk, avgLatencyMs: junk, outcomes: junk, samples: junk, level: junk, sinceSuccessMs: junk, coolsForMs: junk }), 1_000);

    const { total } = target.score(1);
    assert.ok(total >= 0 && total <= 1, `${junk}: ${total}`);
    assert.ok(target.restsUntil(1) <= 1_000 + 300_000);
    assert.ok(target.rankOf(1) >= 0 && target.rankOf(1) < 128);
    assert.ok(Number.isFinite(target.of(1, 1_000).avgLatencyMs));
  }
});

function batchOf(exit: number, saved: SavedCell): CellBatch {
  const batch = new CellBatch();
  batch.put(exit, saved);
  return batch;
}
