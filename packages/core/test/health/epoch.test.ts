import assert from "node:assert/strict";
import { test } from "node:test";
import { attempt, attempts, poolOf } from "./support.ts";

const DAY = 86_400_000;

test("times stay right over years of uptime, through every move of their scale", () => {
  const target = poolOf(10).target();
  for (let day = 0; day < 1_000; day += 7) {
    const now = day * DAY + 0.25;

    attempt(target, 0, "success", now);
    attempts(target, 0, "exit-error", 3, now + 60_000);

    const until = target.restsUntil(0);
    assert.ok(until >= now + 90_000 && until < now + 90_002, `day ${day}: ${until - now}`);
    assert.equal(target.stateOf(0, now + 89_000), "cooldown");
    assert.equal(target.stateOf(0, now + 91_000), "on-trial");
    assert.ok(Math.abs(target.score(0).recency - 0.5) < 0.02, `day ${day}`);
  }
});

test("a rest that runs while the scale moves keeps its end", () => {
  const target = poolOf(10).target();
  attempt(target, 9, "success", 0);
  const before = 2 ** 31 - 10_000;
  attempts(target, 0, "exit-error", 3, before);

  attempt(target, 9, "success", before + 20_000);

  assert.equal(target.restsUntil(0), before + 30_000);
  assert.equal(target.cooling(before + 20_000), 1);
  assert.equal(target.of(9, before + 20_000).sinceSuccessMs, 0);
  assert.equal(target.cooling(before + 30_000), 0);
});

test("when the clock jumps back, a rest lasts as long as it was meant to and not as long as the jump", () => {
  const target = poolOf(10).target();
  attempts(target, 0, "exit-error", 3, 10 * DAY);

  const back = 2 * DAY;
  attempt(target, 1, "success", back);

  const left = target.restsUntil(0) - back;
  assert.ok(left > 29_000 && left <= 31_000, `${left}`);
  assert.deepEqual(attempt(target, 0, "exit-error", back + 31_001), ["cooled 0 for 60 s"]);
});

test("readings that come a little out of order move nothing", () => {
  const target = poolOf(10).target();
  attempts(target, 0, "exit-error", 3, 5_000);
  attempt(target, 1, "success", 4_400);

  assert.equal(target.restsUntil(0), 35_000);
});

test("when the clock jumps ahead, rests are over and nothing is worse than old", () => {
  for (const jump of [3_600_000, 60 * DAY, 40_000 * DAY]) {
    const target = poolOf(10).target();
    attempt(target, 0, "success", 0);
    attempts(target, 0, "exit-error", 3, 1_000);

    assert.equal(target.cooling(jump), 0);
    assert.equal(target.stateOf(0, jump), "on-trial");
    assert.deepEqual(attempt(target, 0, "success", jump), ["recovered 0"]);
    assert.ok(target.score(0).total > 0.5);
  }
});

test("a cooldown longer than the scale is cut to what it holds", () => {
  const target = poolOf(10, 0, { cooldownBaseMs: 400 * DAY, cooldownMaxMs: 400 * DAY }).target();
  attempts(target, 0, "exit-error", 3, 1_000);

  const days = (target.restsUntil(0) - 1_000) / DAY;
  assert.ok(days > 24 && days < 25, `${days}`);
});
