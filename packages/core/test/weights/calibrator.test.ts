import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { builtInTable, Calibrator, compileTable, fixedWeight, overrideTable, type Calibration, type Calculator, type RuleEntry } from "../../src/weights/index.ts";

function setUp(): { spot: Calculator; calibrator: Calibrator; changes: Calibration[] } {
  const changes: Calibration[] = [];
  return { spot: compileTable(builtInTable("binance-spot-documents")), calibrator: new Calibrator({ onChange: (change) => changes.push(change) }), changes };
}
const DEPTH = "/api/v3/depth?limit=500";

describe("calibration by what the server counts", () => {
  it("raises a weight when the least of five samples is above the table, and says so once", () => {
    const { spot, calibrator, changes } = setUp();
    const observed = [25, 31, 25, 25];
    for (const delta of observed) calibrator.observe(spot.cost("GET", DEPTH), delta);
    assert.equal(spot.cost("GET", DEPTH).weight, 5, "four samples are not enough");

    calibrator.observe(spot.cost("GET", DEPTH), 25);

    assert.equal(spot.cost("GET", DEPTH).weight, 25);
    assert.equal(spot.cost("GET", DEPTH).tableWeight, 5);
    assert.equal(spot.cost("GET", "/api/v3/depth?limit=5").weight, 1, "other bands keep theirs");
    for (let index = 0; index < 50; index++) calibrator.observe(spot.cost("GET", DEPTH), 25);
    assert.deepEqual(changes.map(({ kind, endpoint, table, observed: seen, samples }) => ({ kind, endpoint, table, seen, samples })), [
      { kind: "raised", endpoint: "GET /api/v3/depth (limit 101 to 500)", table: 5, seen: 25, samples: 5 },
    ]);
    assert.deepEqual(calibrator.drift(), [{ endpoint: "GET /api/v3/depth (limit 101 to 500)", table: 5, observed: 25, samples: 55 }]);
    assert.match(spot.report("GET", DEPTH).warnings.join(), /costs 25 by what the server counts; the table says 5/);
  });

  it("proposes a rule that a person can put into the table", () => {
    const { spot, calibrator, changes } = setUp();
    for (let index = 0; index < 5; index++) calibrator.observe(spot.cost("GET", DEPTH), 25);
    const proposal = changes[0].proposal as RuleEntry;
    assert.deepEqual(proposal.byLimit?.steps, [[100, 1], [500, 25], [1000, 10], ["more", 50]]);
    const accepted = compileTable(overrideTable(builtInTable("binance-spot-documents"), [proposal]));
    assert.equal(accepted.cost("GET", DEPTH).weight, 25);
  });

  it("traffic of others raises nothing as long as one sample is clean", () => {
    const { spot, calibrator, changes } = setUp();
    for (let round = 0; round < 40; round++) for (const delta of [200, 90, 45, 5, 400]) calibrator.observe(spot.cost("GET", DEPTH), delta);
    assert.equal(spot.cost("GET", DEPTH).weight, 5);
    assert.deepEqual(changes, []);
    assert.deepEqual(calibrator.drift(), []);
  });

  it("takes back what it raised itself when a sample shows that others had a part in it", () => {
    const { spot, calibrator } = setUp();
    for (let index = 0; index < 5; index++) calibrator.observe(spot.cost("GET", DEPTH), 40);
    assert.equal(spot.cost("GET", DEPTH).weight, 40);
    calibrator.observe(spot.cost("GET", DEPTH), 25);
    assert.equal(spot.cost("GET", DEPTH).weight, 25);
    calibrator.observe(spot.cost("GET", DEPTH), 2);
    assert.equal(spot.cost("GET", DEPTH).weight, 5, "never below the table");
  });

  it("notices a change of weights in the middle of the day", () => {
    const { spot, calibrator } = setUp();
    for (let index = 0; index < 1_000; index++) calibrator.observe(spot.cost("GET", DEPTH), 5);
    for (let index = 0; index < 5; index++) calibrator.observe(spot.cost("GET", DEPTH), 25);
    assert.equal(spot.cost("GET", DEPTH).weight, 25);
  });

  it("a table that is too high is reported after twenty samples, and never lowered", () => {
    const { spot, calibrator, changes } = setUp();
    for (let index = 0; index < 19; index++) calibrator.observe(spot.cost("GET", DEPTH), 2 + (index % 2));
    assert.deepEqual(changes, []);
    for (let index = 0; index < 30; index++) calibrator.observe(spot.cost("GET", DEPTH), 2);
    assert.equal(spot.cost("GET", DEPTH).weight, 5);
    assert.deepEqual(changes.map(({ kind, table, observed }) => ({ kind, table, observed })), [{ kind: "too-high", table: 5, observed: 3 }]);
    assert.equal(calibrator.drift()[0].observed, 3);
  });

  it("free successes are learnt apart from failures", () => {
    const spot = compileTable(builtInTable("binance-spot"));
    const changes: Calibration[] = [];
    const calibrator = new Calibrator({ onChange: (change) => changes.push(change) });
    const order = () => spot.cost("POST", "/api/v3/order");
    for (let index = 0; index < 100; index++) calibrator.observe(order(), 0, true);
    assert.equal(changes.length, 0, "a free success does not teach that the order is free");

    for (let index = 0; index < 5; index++) calibrator.observe(order(), 1, true);
    assert.deepEqual(order().settleOnSuccess, { weight: 1 });
    assert.equal(order().weight, 1);
    assert.equal(changes[0].endpoint, "POST /api/v3/order (on success)");
    assert.equal((changes[0].proposal as RuleEntry).onSuccess, 1);
  });

  it("learns endpoints that the table does not know", () => {
    const { spot, calibrator } = setUp();
    for (let index = 0; index < 5; index++) calibrator.observe(spot.cost("GET", "/api/v3/new?a=1"), 30);
    assert.equal(spot.cost("GET", "/api/v3/new?a=2").weight, 30);
    assert.equal(spot.cost("GET", "/api/v3/other").weight, 1);
  });

  it("whoever reserved by the old weight settles by the old one", () => {
    const { spot, calibrator } = setUp();
    const before = spot.cost("GET", DEPTH);
    for (let index = 0; index < 5; index++) calibrator.observe(before, 25);
    assert.equal(before.weight, 5);
  });

  it("learns lists whose cost is remembered by their path", () => {
    const { spot, calibrator } = setUp();
    const path = `/api/v3/ticker/24hr?symbols=${"ABCUSDT,".repeat(50)}X`;
    for (let index = 0; index < 5; index++) calibrator.observe(spot.cost("GET", path), 150);
    assert.equal(spot.cost("GET", path).weight, 150);
  });

  it("ignores samples that are no counts, and targets without a table", () => {
    const { spot, calibrator } = setUp();
    for (let round = 0; round < 10; round++) for (const delta of [-5, Number.NaN, Infinity, 2.5]) calibrator.observe(spot.cost("GET", DEPTH), delta);
    for (let round = 0; round < 10; round++) calibrator.observe(fixedWeight(1).cost("GET", "/"), 50);
    assert.deepEqual(calibrator.drift(), []);
  });

  it("whatever is observed, no weight falls below its table or rises above the samples", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -10, max: 300 }), { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (deltas, raiseAfter) => {
      const spot = compileTable(builtInTable("binance-spot-documents"));
      const calibrator = new Calibrator({ raiseAfter });
      for (const delta of deltas) calibrator.observe(spot.cost("GET", DEPTH), delta);
      const { weight } = spot.cost("GET", DEPTH);
      const valid = deltas.filter((delta) => delta >= 0);
      assert.ok(weight >= 5);
      assert.ok(weight <= Math.max(5, ...valid));
      const last = valid.slice(-raiseAfter);
      assert.equal(weight, last.length < raiseAfter ? 5 : Math.max(5, Math.min(...last)));
    }), { numRuns: 200 });
  });
});
