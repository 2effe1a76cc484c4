import assert from "node:assert/strict";
import { test } from "node:test";
import { Latencies } from "../../src/health/latencies.ts";
import { countBits, pushOutcome } from "../../src/health/window.ts";
import { attempt, attempts, poolOf } from "./support.ts";

const near = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 0.01, `${actual} is not ${expected}`);

test("an exit without a past scores 0.4", () => {
  const target = poolOf(10).target();
  near(target.score(5).total, 0.4);
});

test("a score is half its rate here, three tenths its rate everywhere, two tenths how recently it succeeded", () => {
  const pool = poolOf(10);
  const [here, there] = [pool.target(), pool.target()];
  attempts(here, 0, "success", 3, 0);
  attempts(there, 0, "exit-error", 2, 0);
  attempt(here, 0, "exit-error", 60_000);

  // 3 of 4 here, 3 of 6 everywhere, a minute between the last success here and the last outcome here.
  const score = here.score(0);
  near(score.affinity, 0.75);
  near(score.global, 0.5);
  near(score.recency, 0.5);
  near(score.total, 0.5 * 0.75 + 0.3 * 0.5 + 0.2 * 0.5);
});

test("a score changes with an outcome and with nothing else", () => {
  const target = poolOf(10).target();
  attempts(target, 0, "success", 3, 0);
  const before = target.rankOf(0);

  target.cooling(3_600_000);

  assert.equal(target.rankOf(0), before);
  attempt(target, 0, "exit-error", 3_600_000);
  assert.ok(target.rankOf(0) < before);
});

test("rates look back on as many outcomes as the window holds", () => {
  for (const window of [1, 5, 30, 32]) {
    const target = poolOf(10, 0, { window, cooldownAfter: 1_000 }).target();
    attempts(target, 0, "success", 100, 0);
    attempts(target, 0, "exit-error", 3, 0);
    assert.equal(target.of(0, 0).samples, window);
    near(target.score(0).affinity, Math.max(0, window - 3) / window);
  }
});

test("outcomes are pushed and counted like a list of them", () => {
  let bits = 0;
  const list: boolean[] = [];
  for (let i = 0; i < 500; i++) {
    const good = (i * 7919) % 13 < 6;
    bits = pushOutcome(bits, good, 32);
    list.push(good);
    assert.equal(countBits(bits), list.slice(-32).filter(Boolean).length);
  }
});

test("the average latency follows the last ten or so, and starts with the first", () => {
  const target = poolOf(10).target();
  attempt(target, 0, "success", 1_000, 800);
  assert.equal(target.of(0, 1_000).avgLatencyMs, 800);

  for (let i = 0; i < 40; i++) attempt(target, 0, "success", 2_000, 100);

  near(target.of(0, 2_000).avgLatencyMs, 100.1);
  attempt(target, 0, "exit-error", 3_000, 8_000);
  near(target.of(0, 3_000).avgLatencyMs, 100.1);
});

test("a quantile of the latencies is right to its step, for one answer and for a million", () => {
  const latencies = new Latencies();
  assert.equal(latencies.quantile(0.95), undefined);
  for (let i = 1; i <= 1_000; i++) latencies.add(i);

  for (const share of [0.05, 0.5, 0.95]) {
    const quantile = latencies.quantile(share) as number;
    assert.ok(quantile >= share * 1_000 && quantile <= share * 1_000 * 1.27, `${share}: ${quantile}`);
  }
  for (let i = 0; i < 1_000_000; i++) latencies.add(20);
  assert.ok(latencies.samples < 2_000);
  assert.ok((latencies.quantile(0.99) as number) < 30);
});

test("latencies of nothing, of an hour, of a day and of no number at all leave a quantile finite", () => {
  const latencies = new Latencies();
  for (const latency of [0, 3_600_000, 86_400_000, Number.NaN, Infinity, -5]) latencies.add(latency);

  for (const share of [0, 0.5, 1]) assert.ok(Number.isFinite(latencies.quantile(share)));
});
