import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { builtInTable, compileTable, fixedWeight, WeightHistory } from "../../src/weights/index.ts";
import { isMultihomeError } from "../../src/errors.ts";

const spot = compileTable(builtInTable("binance-spot"));

describe("a report on one request", () => {
  it("names every counter that the request moves, with its limit", () => {
    assert.deepEqual(spot.report("POST", "/api/v3/orderList/otoco").charges, [
      { limit: "weight-1m", units: 1, of: 6_000, perMs: 60_000, scope: "exit" },
      { limit: "raw-5m", units: 1, of: 300_000, perMs: 300_000, scope: "exit" },
      { limit: "orders-10s", units: 3, of: 100, perMs: 10_000, scope: "account" },
      { limit: "orders-1d", units: 3, of: 200_000, perMs: 86_400_000, scope: "account" },
    ]);
  });

  it("goes by the target's own limits where it has some", () => {
    const charges = spot.report("GET", "/api/v3/depth", null, undefined, [{ name: "mine", unit: "weight", limit: 50, per: "10s" }]).charges;
    assert.deepEqual(charges, [{ limit: "mine", units: 5, of: 50, perMs: 10_000, scope: "exit" }]);
  });

  it("shows keys", () => {
    const okx = compileTable(builtInTable("okx"));
    assert.deepEqual(okx.report("GET", "/api/v5/public/funding-rate?instId=BTC-USDT-SWAP").charges, [
      { limit: "GET /api/v5/public/funding-rate", units: 1, of: okx.limits.find(({ name }) => name === "GET /api/v5/public/funding-rate")?.limit, perMs: 2_000, scope: "exit", key: "BTC-USDT-SWAP" },
    ]);
  });

  it("suggests the next smaller bands of a deep book", () => {
    const { weight, breakdown, suggestions, rule } = spot.report("GET", "/api/v3/depth?symbol=BTCUSDT&limit=1000");
    assert.equal(weight, 50);
    assert.deepEqual(breakdown, { base: 5, additions: 45, total: 50 });
    assert.deepEqual(suggestions, [
      { change: "limit=500 costs 25, this asks for 1000 and costs 50", weight: 25, saves: 25 },
      { change: "limit=100 costs 5, this asks for 1000 and costs 50", weight: 5, saves: 45 },
    ]);
    assert.equal(rule?.table, "binance-spot");
    assert.match(rule?.source ?? "", /CHANGELOG\.md 2023-10-19 \(https:\/\/github\.com\/binance\/binance-spot-api-docs/);
  });

  it("suggests a symbol, shorter lists, and fewer extras", () => {
    const changes = (method: string, path: string): string[] => spot.report(method, path).suggestions.map(({ change }) => change);
    assert.deepEqual(changes("GET", "/api/v3/ticker/24hr"), ["with a symbol 2 instead of 80"]);
    assert.deepEqual(changes("GET", "/api/v3/openOrders?timestamp=1"), ["with a symbol 6 instead of 80"]);
    assert.deepEqual(changes("GET", `/api/v3/ticker/24hr?symbols=${"A,".repeat(20)}A`), ["2 requests of at most 20 symbols cost 4, this one asks for 21 and costs 40"]);
    assert.deepEqual(changes("GET", "/api/v3/myTrades?symbol=X"), ["with orderId 5 instead of 20"]);
    assert.deepEqual(changes("POST", "/api/v3/order/test?computeCommissionRates=true"), ["without computeCommissionRates 1 instead of 20"]);
    assert.deepEqual(changes("GET", "/api/v3/ticker/24hr?symbol=X"), []);
  });
});

describe("targets without a table", () => {
  it("one weight for everything", () => {
    assert.equal(fixedWeight().cost("GET", "/any").weight, 1);
    assert.equal(fixedWeight(7).report("GET", "/any").weight, 7);
    assert.deepEqual(fixedWeight(7).report("GET", "/any", null, undefined, [{ name: "w", unit: "weight", limit: 10, per: 1_000 }]).charges, [{ limit: "w", units: 7, of: 10, perMs: 1_000, scope: "exit" }]);
  });

  it("a function is asked with the request itself", () => {
    const request = { method: "GET", url: "https://example.com/a", path: "/a" };
    const seen: unknown[] = [];
    const calculator = fixedWeight((asked) => {
      seen.push(asked);
      return asked.path === "/a" ? 3 : [{ limit: "special", units: 2, key: "k" }];
    });
    assert.equal(calculator.cost("GET", "/a", null, undefined, request).weight, 3);
    assert.equal(seen[0], request);
    assert.deepEqual(calculator.cost("GET", "/b").charges, [{ limit: "special", units: 2, key: "k" }]);
  });

  it("an answer that is no weight is refused, so that nothing of unknown weight is sent", () => {
    for (const answer of [Number.NaN, -1, Infinity, "5", undefined, [{ limit: "x", units: -1 }]]) {
      assert.throws(() => fixedWeight(() => answer as number).cost("GET", "/"), (error) => isMultihomeError(error) && error.code === "MH_ERR_CONFIG");
    }
  });
});

describe("a report on what was sent", () => {
  it("is all zeros before anything was", () => {
    assert.deepEqual(new WeightHistory().analysis(), { totalRequests: 0, highWeightRequests: 0, averageWeight: 0, opportunities: [], drift: [], tips: [] });
  });

  it("totals, heavy requests and opportunities, the greatest saving first", () => {
    const history = new WeightHistory();
    for (let index = 0; index < 3; index++) history.record(spot.cost("GET", "/api/v3/ticker/24hr"));
    history.record(spot.cost("GET", "/api/v3/depth?limit=1000"));
    history.record(spot.cost("GET", "/api/v3/ping"));

    const { totalRequests, highWeightRequests, averageWeight, opportunities, tips } = history.analysis();

    assert.equal(totalRequests, 5);
    assert.equal(highWeightRequests, 4);
    assert.equal(averageWeight, (3 * 80 + 50 + 1) / 5);
    assert.deepEqual(opportunities, [
      { endpoint: "GET /api/v3/ticker/24hr", count: 3, change: "with a symbol 2 instead of 80", saves: 234 },
      { endpoint: "GET /api/v3/depth", count: 1, change: "limit=500 costs 25 instead of 50", saves: 25 },
    ]);
    assert.match(tips[0], /24hr: with a symbol 2 instead of 80 \(3 requests, would have saved 234\)/);
  });

  it("heavy is more than 10, unless told otherwise", () => {
    const counts = [{}, { heavyWeight: 50 }].map((options) => {
      const history = new WeightHistory(options);
      for (const limit of [100, 500, 1000, 5000]) history.record(spot.cost("GET", `/api/v3/depth?limit=${limit}`));
      return history.analysis().highWeightRequests;
    });
    assert.deepEqual(counts, [3, 1]);
  });

  it("has a word on endpoints without a rule, on dominant ones, and on drift", () => {
    const history = new WeightHistory();
    history.record(spot.cost("GET", "/api/v3/newThing"));
    for (let index = 0; index < 100; index++) history.record(spot.cost("GET", "/api/v3/ticker/price?symbol=X"));
    const drift = [{ endpoint: "GET /api/v3/klines", table: 2, observed: 4, samples: 9 }];
    const { tips, drift: seen } = history.analysis(drift);
    assert.deepEqual(seen, drift);
    assert.ok(tips.some((tip) => /newThing: no rule in the table, 1 request/.test(tip)));
    assert.ok(tips.some((tip) => /price: 91 % of all weight in 100 requests/.test(tip)));
    assert.ok(tips.some((tip) => /klines: costs 4 by what the server counts, the table says 2/.test(tip)));
  });

  it("counts requests of targets without a table", () => {
    const history = new WeightHistory();
    history.record(fixedWeight(20).cost("GET", "/"));
    assert.deepEqual([history.analysis().totalRequests, history.analysis().highWeightRequests], [1, 1]);
  });
});
