import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BUILT_IN_TABLES, builtInTable, compileTable } from "../../src/weights/index.ts";

const calculators = BUILT_IN_TABLES.map((name) => ({ name, calculator: compileTable(builtInTable(name)), rules: builtInTable(name).rules }));
const odd = ["__proto__", "constructor", "toString", "hasOwnProperty"];

const paramName = fc.constantFrom("limit", "symbol", "symbols", "symbols[]", "orderId", "computeCommissionRates", "instId", "currency", "orders", ...odd, "%6cimit", "%");
const paramValue = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.integer().map(String),
  fc.constantFrom("[", "]", "%", "%2", "%5B%22", "\\", '"', "[\"A\",\"B\"]", "NaN", "Infinity", "1e309", "%00", "A,B,C"),
);
const query = fc.array(fc.tuple(paramName, fc.constantFrom("=", "", "=="), paramValue), { maxLength: 6 }).map((pairs) => pairs.map((pair) => pair.join("")).join("&"));
const jsonText = fc.oneof(fc.json(), fc.constantFrom("{", "[", "[null]", '[{"instId":null}]', '{"__proto__":{"limit":1}}', '{"jsonrpc":"2.0","params":[]}', '{"method":5}', '{"method":"__proto__"}'));
const body = fc.oneof(fc.constant(null), fc.constant(undefined), query, jsonText, fc.uint8Array({ maxLength: 60 }), jsonText.map((text) => Buffer.from(text)));
const headers = fc.constantFrom(undefined, {}, { authorization: "Bearer x" }, { "OK-ACCESS-KEY": ["a", "b"] }, { "ok-access-key": undefined }, JSON.parse('{"__proto__":"x"}') as Record<string, string>);

describe("hostile requests", () => {
  for (const { name, calculator, rules } of calculators) {
    it(`${name}: never throws, and never weighs less than its rule's least or more than its most`, () => {
      const known = fc.constantFrom(...rules.map((rule) => ({ method: rule.method ?? "POST", path: rule.path ?? `/api/v2/${rule.rpc}` })));
      const stranger = fc.record({ method: fc.constantFrom("GET", "post", "", ...odd), path: fc.oneof(fc.string(), fc.webPath(), fc.constantFrom(...odd, "", "?", "/", "/api/v2/", "*")) });
      fc.assert(
        fc.property(fc.oneof({ weight: 4, arbitrary: known }, stranger), query, body, headers, ({ method, path }, search, sent, head) => {
          const full = `${path}?${search}`;
          const cost = calculator.cost(method, full, sent, head);
          assert.ok(cost.rule !== undefined);
          assert.ok(cost.weight >= cost.rule.min, `${cost.weight} is less than ${cost.rule.min}`);
          if (cost.rule.endpoint.includes("batch-orders") || cost.rule.endpoint.includes("cancel-algos")) assert.ok(Number.isInteger(cost.weight));
          else assert.ok(cost.weight <= cost.rule.max, `${cost.weight} is more than ${cost.rule.max}`);
          for (const charge of cost.charges ?? []) {
            assert.ok(Number.isFinite(charge.units) && charge.units >= 0);
            assert.ok(calculator.limits.some((limit) => limit.name === charge.limit), charge.limit);
          }
          const report = calculator.report(method, full, sent, head);
          assert.equal(report.weight, cost.weight);
          assert.equal(report.breakdown.base + report.breakdown.additions, report.breakdown.total);
          for (const { weight, saves } of report.suggestions) assert.equal(weight + saves, cost.weight);
          calculator.account?.(head);
        }),
        { numRuns: 3_000 },
      );
    });
  }

  it("reads queries of a megabyte in one pass", () => {
    const { calculator } = calculators[0];
    assert.equal(calculator.cost("GET", `/api/v3/depth?${"a=b&".repeat(250_000)}limit=5`).weight, 5);
    assert.equal(calculator.cost("GET", `/api/v3/depth?limit=${"5".repeat(1_000_000)}`).weight, 250);
    assert.equal(calculator.cost("GET", `/api/v3/ticker/24hr?symbols=${"%5B".repeat(300_000)}`).weight, 80);
    assert.equal(calculator.cost("GET", `/api/v3/depth?${"%".repeat(1_000_000)}=5`).weight, 5);
  });

  it("a comma count agrees with JSON.parse for every list that is one", () => {
    const { calculator } = calculators[0];
    const item = fc.string({ unit: fc.constantFrom("A", "B", "1", "-", "_", "币"), minLength: 1, maxLength: 8 });
    fc.assert(fc.property(fc.array(item, { minLength: 1, maxLength: 120 }), fc.boolean(), (list, encode) => {
      const text = JSON.stringify(list);
      const weight = calculator.cost("GET", `/api/v3/ticker?symbols=${encode ? encodeURIComponent(text) : text}`).weight;
      assert.equal(weight, Math.min(200, list.length * 4));
    }));
  });

  it("a list of objects counts its objects, whatever their text holds", () => {
    const documents = compileTable(builtInTable("binance-spot-documents"));
    const order = fc.dictionary(fc.string({ maxLength: 5 }), fc.oneof(fc.string({ maxLength: 10 }), fc.array(fc.integer(), { maxLength: 3 }), fc.integer()));
    fc.assert(fc.property(fc.array(order, { minLength: 1, maxLength: 30 }), (orders) => {
      const text = JSON.stringify(orders);
      assert.equal(documents.cost("POST", "/api/v3/batchOrders", `orders=${encodeURIComponent(text)}`).weight, orders.length);
      assert.equal(documents.cost("POST", "/api/v3/batchOrders", `{"orders":${text}}`).weight, orders.length);
    }));
  });
});
