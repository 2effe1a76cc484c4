import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { builtInTable, compileTable } from "../../src/weights/index.ts";
import { vectors, withQuery, type Params } from "./vectors.ts";

interface OkxVector {
  id: string;
  method: string;
  path: string;
  params: Params;
  cost: number;
  count: number;
  windowMs: number;
  unit: "request" | "order";
  key: string[];
  extraWindows?: { count: number; windowMs: number }[];
}
interface OkxExample {
  id: string;
  method: string;
  path: string;
  params: Params;
  body?: unknown;
  cost: number | Record<string, number>;
  bucket: string;
  subAccountCost?: number;
  note: string;
}

const table = builtInTable("okx");
const okx = compileTable(table);
const file = vectors<{ vectors: OkxVector[]; examples: OkxExample[]; limits: { general: { id: string; count?: number; windowMs?: number }[] } }>("limits-okx");
const signed = { "OK-ACCESS-KEY": "key" };
/** A value for each part of a key, as a request would carry it. */
const sample: Record<string, string> = { instId: "BTC-USDT-SWAP", instType: "SWAP", instFamily: "BTC-USDT", ccy: "USDT", tag: "t1", instIdCode: "1001" };
const SCOPES = ["ip", "uid", "masterUid", "uidOrIp"];

describe("OKX limits", () => {
  for (const vector of file.vectors) {
    it(`${vector.id}: ${vector.method} ${vector.path} may be called ${vector.count} times in ${vector.windowMs} ms by ${vector.key.join(" and ")}`, () => {
      const parts = vector.key.filter((part) => !SCOPES.includes(part));
      const params = Object.fromEntries(parts.map((part) => [part, sample[part]]));
      const isGet = vector.method === "GET";
      const body = vector.unit === "order" ? [params, params] : params;
      const cost = okx.cost(vector.method, isGet ? withQuery(vector.path, params) : vector.path, isGet ? null : JSON.stringify(body), signed);

      const name = `${vector.method} ${vector.path}`;
      const charge = cost.charges?.[0];
      const limit = okx.limits.find((one) => one.name === charge?.limit);
      assert.equal(charge?.limit, name);
      assert.equal(charge?.units, vector.unit === "order" ? 2 : vector.cost);
      assert.equal(charge?.key, parts.length === 0 ? undefined : parts.map((part) => sample[part]).join("/"));
      assert.equal(limit?.limit, vector.count);
      assert.equal(limit?.per, vector.windowMs);
      assert.equal(limit?.scope, vector.key.includes("ip") ? "exit" : "account");
      assert.equal(limit?.unit, "call", "a limit that no attempt moves by itself");
      for (const { count, windowMs } of vector.extraWindows ?? []) {
        assert.ok(cost.charges?.some((one) => okx.limits.some((other) => other.name === one.limit && other.limit === count && other.per === windowMs)));
      }
    });
  }

  for (const example of file.examples) {
    it(`${example.id}: ${example.note}`, () => {
      const cost = okx.cost(example.method, withQuery(example.path, example.params), example.body === undefined ? null : JSON.stringify(example.body), signed);

      const [endpoint, key] = example.bucket.split("|");
      const own = (cost.charges ?? []).filter(({ limit }) => limit === endpoint);
      if (typeof example.cost === "number") {
        assert.equal(own.length, 1);
        assert.equal(own[0].units, example.cost);
        if (key === "uid+instFamily") assert.equal(own[0].key, "options:BTC-USD");
      } else {
        assert.deepEqual(Object.fromEntries(own.map((charge) => [charge.key, charge.units])), example.cost);
      }
      const orders = (cost.charges ?? []).filter(({ limit }) => limit === "sub-account-orders").reduce((sum, { units }) => sum + units, 0);
      assert.equal(orders, example.subAccountCost ?? 0);
    });
  }

  it("ten instruments have ten budgets", () => {
    const keys = ["BTC-USDT-SWAP", "ETH-USDT-SWAP"].map((instId) => okx.cost("GET", `/api/v5/public/funding-rate?instId=${instId}`, null, signed).charges?.[0].key);
    assert.deepEqual(keys, ["BTC-USDT-SWAP", "ETH-USDT-SWAP"]);
  });

  it("announcements count by account with a key, by address without", () => {
    const scopeOf = (headers: object): unknown => {
      const name = okx.cost("GET", "/api/v5/support/announcements", null, headers as Record<string, string>).charges?.[0].limit;
      return okx.limits.find((limit) => limit.name === name)?.scope;
    };
    assert.equal(scopeOf(signed), "account");
    assert.equal(scopeOf({}), "exit");
  });

  it("counts a batch that it cannot read as the largest that may be sent", () => {
    for (const body of [null, "", "no json", "[]", new Uint8Array(100_000)]) {
      const cost = okx.cost("POST", "/api/v5/trade/batch-orders", body, signed);
      assert.deepEqual(cost.charges, [{ limit: "POST /api/v5/trade/batch-orders", units: 20 }, { limit: "sub-account-orders", units: 20 }]);
    }
  });

  it("gives an endpoint that it does not know a cautious limit by address", () => {
    const cost = okx.cost("GET", "/api/v5/brand/new");
    assert.equal(cost.known, false);
    assert.deepEqual(cost.charges, [{ limit: "other-endpoints", units: 1 }]);
  });

  it("knows the limits that hold for all endpoints", () => {
    const general = (id: string) => file.limits.general.find((one) => one.id === id);
    const orders = okx.limits.find(({ name }) => name === "sub-account-orders");
    assert.deepEqual([orders?.limit, orders?.per], [general("okx-sub-account-orders")?.count, general("okx-sub-account-orders")?.windowMs]);
    const connections = okx.limits.find(({ unit }) => unit === "connection");
    assert.deepEqual([connections?.limit, connections?.per], [general("okx-ws-connect")?.count, general("okx-ws-connect")?.windowMs]);
  });

  it("has a source for each rule", () => {
    assert.equal(table.rules.length, file.vectors.length);
    assert.deepEqual(table.rules.filter(({ source }) => source === undefined), []);
  });
});
