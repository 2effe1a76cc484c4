import assert from "node:assert/strict";
import { test } from "node:test";
import { Traffic } from "../../src/health/traffic.ts";

test("answers are counted in the second in which they came, also those that are told late", () => {
  const traffic = new Traffic();

  for (const at of [1_999.9, 2_000, 2_999, 3_500]) traffic.answeredAt(at, 10);
  traffic.answeredAt(2_500, 10);

  assert.deepEqual([...traffic.answeredBySecond(4_000, 3)], [1, 3, 1]);
  assert.equal(traffic.perSecond(3_999, 1), 1);
  assert.equal(traffic.completed, 5);
});

test("what is more than a minute old is forgotten, however long nobody came", () => {
  const traffic = new Traffic();
  for (let second = 0; second < 10; second++) traffic.attemptAt(second * 1_000, second % 2 === 0);
  assert.equal(traffic.successRate1m(9_999), 0.5);

  traffic.attemptAt(100_000, true);

  assert.deepEqual(traffic.attempts1m(100_000), { good: 1, all: 1 });
  assert.equal(traffic.successRate1m(500_000), 0);
});
