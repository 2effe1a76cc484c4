import assert from "node:assert/strict";
import { test } from "node:test";
import { lastBin, Shape } from "../../src/health/shape.ts";
import { seededRandom } from "../../src/testing/index.ts";

/** Times of an exit whose median is 1, log-normal. */
function logNormal(random: () => number, sigma: number): number {
  return Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

test("the curve of answers is found although most attempts are given up early", () => {
  const random = seededRandom(1);
  const shape = new Shape();
  shape.learn(1);
  for (let i = 0; i < 20_000; i++) {
    const takes = random() < 0.8 ? logNormal(random, 0.5) : Infinity;
    // As the policy does it: a few are left to run.
    const cut = random() < 0.05 ? 30 : 0.5 + random() * 4;
    if (takes <= cut) shape.record(takes, "success");
    else shape.record(cut, "censored");
  }
  shape.learn(1_001);
  assert.ok(Math.abs(shape.share(1) - 0.5) < 0.05, `${shape.share(1)}`);
  assert.ok(Math.abs(shape.quantile(0.9) - Math.exp(0.5 * 1.2816)) < 0.25, `${shape.quantile(0.9)}`);
  assert.ok(Math.abs(shape.q0 - 0.8) < 0.05, `${shape.q0}`);
});

test("what fails with an answer is told from what stays silent", () => {
  const random = seededRandom(2);
  const shape = new Shape();
  shape.learn(1);
  for (let i = 0; i < 10_000; i++) {
    const takes = logNormal(random, 0.5);
    const luck = random();
    if (luck < 0.6) shape.record(takes, "success");
    else if (luck < 0.9) shape.record(takes, "failure");
    else shape.record(100, "censored");
  }
  shape.learn(1_001);
  assert.ok(Math.abs(shape.q0 - 0.6) < 0.03, `${shape.q0}`);
  assert.ok(Math.abs(shape.phi - 0.75) < 0.05, `${shape.phi}`);
});

test("an attempt is worth more the likelier and the quicker it is, and the more time it has", () => {
  const { worth } = new Shape();
  const of = (p: number, ms: number, limitMs: number): number => worth.ln(p, lastBin(Math.log(ms), Math.log(limitMs))) - Math.log(ms);
  for (let p = 0.1; p < 0.95; p += 0.05) assert.ok(of(p, 1_000, 8_000) < of(p + 0.05, 1_000, 8_000));
  for (const ms of [10, 100, 1_000, 5_000]) assert.ok(of(0.5, ms, 8_000) > of(0.5, ms * 2, 8_000));
  assert.ok(of(0.5, 4_000, 8_000) > of(0.5, 4_000, 2_000));
});

test("the less likely an answer the sooner it is given up", () => {
  const { worth } = new Shape();
  const cuts = [0.1, 0.3, 0.6, 0.9].map((p) => worth.cutAt(p, 35));
  for (let i = 1; i < cuts.length; i++) assert.ok(cuts[i] >= cuts[i - 1], cuts.join(" "));
  assert.ok(cuts[0] > 0.3 && cuts[3] < 100, cuts.join(" "));
});

test("what was counted fades, and a day without use leaves the first opinion", () => {
  const shape = new Shape();
  const before = shape.quantile(0.5);
  shape.learn(1);
  for (let i = 0; i < 1_000; i++) shape.record(10, "success");
  shape.learn(2_000);
  assert.ok(shape.quantile(0.5) > 5);
  shape.learn(86_400_000);
  shape.record(1, "success");
  shape.learn(86_402_000);
  assert.ok(Math.abs(shape.quantile(0.5) - before) < 0.3);
});

test("a saved shape comes back, and nonsense does no harm", () => {
  const shape = new Shape();
  for (let i = 0; i < 200; i++) shape.record(2, "success");
  shape.learn(1);
  shape.learn(2_000);
  const again = new Shape();
  again.restore(shape.save());
  assert.ok(Math.abs(again.quantile(0.5) - shape.quantile(0.5)) < 0.01);
  again.restore({ success: [Number.NaN, -5, Infinity], failure: [], censored: [1e300] });
  assert.ok(again.q0 > 0 && again.q0 < 1 && Number.isFinite(again.quantile(0.5)));
});
