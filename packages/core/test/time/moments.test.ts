import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Moments } from "../../src/time/moments.ts";

test("a moment is kept to the next whole millisecond, never before it", () => {
  const moments = new Moments();
  moments.widen(3);
  assert.equal(moments.set(0, 1_000.2), 1_001);
  assert.equal(moments.set(1, Infinity), Infinity);
  assert.equal(moments.set(2, 259_200_000), 259_200_000);
  assert.deepEqual([0, 1, 2].map((i) => moments.get(i)), [1_001, Infinity, 259_200_000]);
  moments.widen(10);
  assert.equal(moments.get(2), 259_200_000);
});

test("after years it is still the same, and what is long over stays over", () => {
  const moments = new Moments();
  moments.widen(2);
  moments.set(0, 500);
  moments.set(1, Infinity);
  for (let at = 1_000; at < 4e11; at += 1e9) assert.equal(moments.set(0, at), at);
  assert.equal(moments.get(1), Infinity);
  const last = moments.get(0);
  moments.set(1, 5);
  assert.ok(moments.get(1) < last - 1e8);
});

test("whatever the clock does, nothing comes back sooner than it was set to", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e12, max: 1e13, noNaN: true }), { minLength: 1, maxLength: 20 }), (times) => {
      const moments = new Moments();
      moments.widen(1);
      for (const at of times) {
        const kept = moments.set(0, at);
        // Less than a microsecond is lost to fractions of large numbers.
        assert.ok(kept >= at - 1e-3 && kept === moments.get(0), `${kept} for ${at}`);
      }
    }),
  );
});
