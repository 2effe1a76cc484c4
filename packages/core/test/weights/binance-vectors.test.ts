import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { builtInTable, compileTable } from "../../src/weights/index.ts";
import { encodedParams, vectors, withQuery, type Params } from "./vectors.ts";

interface SpotVector {
  id: string;
  method: string;
  path: string;
  params: Params;
  weight: number;
  weightOnSuccess?: number;
  orderCount?: number;
  in?: "query" | "body";
  url?: string;
  note: string;
}

interface DocumentsVector {
  id: string;
  method: string;
  path: string;
  params: Params;
  weight: number;
  currentWeight: number | null;
}

const spot = compileTable(builtInTable("binance-spot"));

describe("official spot weights", () => {
  for (const vector of vectors<{ vectors: SpotVector[] }>("weights-binance-spot").vectors) {
    it(`${vector.id}: ${vector.method} ${vector.path} weighs ${vector.weight}${vector.note === "" ? "" : ` (${vector.note})`}`, () => {
      const inBody = vector.in === "body";
      const path = inBody ? vector.path : vector.url ?? withQuery(vector.path, vector.params);
      const body = inBody ? encodedParams(vector.params) : undefined;

      const cost = spot.cost(vector.method, path, body);

      assert.equal(cost.known, true);
      assert.equal(cost.weight, vector.weight);
      if (vector.orderCount !== undefined) assert.equal(cost.orders, vector.orderCount);
      assert.equal(cost.settleOnSuccess?.weight, vector.weightOnSuccess);
      assert.equal(spot.report(vector.method, path, body).weight, vector.weight);
    });

    if (vector.in !== undefined) {
      it(`${vector.id}: weighs the same with its parameters as form bytes`, () => {
        assert.equal(spot.cost(vector.method, vector.path, Buffer.from(encodedParams(vector.params))).weight, vector.weight);
      });
    }
  }

  it("covers all 48 documented endpoints and the WebSocket connection, each with a source", () => {
    const today = builtInTable("binance-spot").rules.filter(({ until }) => until === undefined);
    assert.equal(today.length, 49);
    assert.deepEqual(today.filter(({ source }) => source === undefined || source === ""), []);
  });

  it("says what opening a WebSocket weighs", () => {
    assert.equal(spot.connectionWeight, 2);
    assert.equal(spot.cost("CONNECT", "/ws-api/v3").weight, 2);
  });
});

describe("the values that the design documents print", () => {
  const documents = compileTable(builtInTable("binance-spot-documents"));

  for (const { id, method, path, params, weight, currentWeight } of vectors<{ vectors: DocumentsVector[] }>("weights-documents").vectors) {
    it(`${id}: ${method} ${path} weighs ${weight} there`, () => {
      assert.equal(documents.cost(method, withQuery(path, params)).weight, weight);
    });

    if (method === "POST") {
      it(`${id}: weighs the same with its parameters in a form or a JSON body`, () => {
        assert.equal(documents.cost(method, path, encodedParams(params)).weight, weight);
        assert.equal(documents.cost(method, path, JSON.stringify(params)).weight, weight);
      });
    }

    if (currentWeight !== null) {
      it(`${id}: ${method} ${path} weighs ${currentWeight} today`, () => {
        assert.equal(spot.cost(method, withQuery(path, params)).weight, currentWeight);
      });
    }
  }

  it("prints base 1 and additions 9 for a depth of 1000", () => {
    assert.deepEqual(documents.report("GET", "/api/v3/depth?symbol=BTCUSDT&limit=1000").breakdown, { base: 1, additions: 9, total: 10 });
  });

  it("warns of a 24hr ticker without symbol and of a deep book", () => {
    assert.match(documents.report("GET", "/api/v3/ticker/24hr").warnings.join(), /with a symbol 1 instead of 40/);
    assert.match(documents.report("GET", "/api/v3/depth?limit=1000").warnings.join(), /limit=500 costs 5/);
    assert.match(documents.report("GET", "/api/v3/depth?limit=200").warnings.join(), /limit=100 costs 1/);
    assert.deepEqual(documents.report("GET", "/api/v3/depth?limit=100").warnings, []);
  });

  it("belongs to no date, because it never held all at once", () => {
    assert.equal(documents.report("GET", "/api/v3/ping").rule?.asOf, undefined);
  });
});

interface LimitVectors {
  spot: { hosts: string[]; limiters: { id: string; limit?: number; scope: string; header?: string | null; window?: { seconds: number } }[]; wsApiConnectWeight: number };
  usdm: {
    limiters: { id: string; limit: number; scope: string; window: { seconds: number } }[];
    weights: ({ path: string; weight?: number; byLimit?: [number | "*", number][]; default?: number; also?: string[]; withSymbol?: number; noSymbol?: number } & Record<"ipWeight" | "orders10s" | "orders1m", number | undefined>)[];
  };
}

describe("Binance limits", () => {
  const documented = vectors<LimitVectors>("limits-binance");
  const named: Record<string, string> = {
    REQUEST_WEIGHT_1M: "weight-1m", RAW_REQUESTS_5M: "raw-5m", ORDERS_10S: "orders-10s", ORDERS_1D: "orders-1d", CONNECTIONS_5M: "connections-5m",
    FAPI_REQUEST_WEIGHT_1M: "weight-1m", FAPI_ORDERS_10S: "orders-10s", FAPI_ORDERS_1M: "orders-1m", FAPI_FUNDING_5M: "funding-5m",
  };
  const usdm = compileTable(builtInTable("binance-usdm"));

  for (const [calculator, limiters] of [[spot, documented.spot.limiters], [usdm, documented.usdm.limiters]] as const) {
    for (const limiter of limiters.filter(({ id }) => id in named)) {
      it(`${limiter.id}: ${limiter.limit} in ${limiter.window?.seconds} s, on the server's clock`, () => {
        const limit = calculator.limits.find(({ name }) => name === named[limiter.id]);
        assert.deepEqual(
          { limit: limit?.limit, per: limit?.per, align: limit?.align, scope: limit?.scope },
          { limit: limiter.limit, per: (limiter.window?.seconds ?? 0) * 1_000, align: "fixed", scope: limiter.scope.startsWith("account") ? "account" : "exit" },
        );
      });
    }
  }

  it("spot names a limit no twice, and each used-weight header by its prefix", () => {
    assert.equal(new Set(spot.limits.map(({ name }) => name)).size, spot.limits.length);
    for (const { header } of documented.spot.limiters) {
      if (header !== undefined && header !== null) assert.ok(spot.usedHeaders.some(({ prefix }) => header.startsWith(prefix)), header);
    }
    assert.equal(spot.connectionWeight, documented.spot.wsApiConnectWeight);
  });

  for (const rule of documented.usdm.weights) {
    const [method, path] = rule.path.split(" ");
    const paths = [path, ...(rule.also ?? []).map((name) => path.replace(/[^/]+$/, name))];
    it(`USD-M ${rule.path} weighs what is documented`, () => {
      for (const one of paths) {
        if (rule.byLimit !== undefined) {
          let from = 1;
          for (const [upTo, weight] of rule.byLimit) {
            assert.equal(usdm.cost(method, `${one}?limit=${from}`).weight, weight);
            if (upTo !== "*") assert.equal(usdm.cost(method, `${one}?limit=${upTo}`).weight, weight);
            if (upTo !== "*") from = upTo + 1;
          }
          assert.equal(usdm.cost(method, one).weight, usdm.cost(method, `${one}?limit=${rule.default}`).weight);
        } else if (rule.withSymbol !== undefined) {
          assert.equal(usdm.cost(method, `${one}?symbol=BTCUSDT`).weight, rule.withSymbol);
          assert.equal(usdm.cost(method, one).weight, rule.noSymbol);
        } else {
          assert.equal(usdm.cost(method, one).weight, rule.weight ?? rule.ipWeight);
        }
      }
    });
    if (rule.orders10s !== undefined) {
      it(`USD-M ${rule.path} moves both order counters by what is documented`, () => {
        const units = Object.fromEntries(usdm.report(method, path).charges.map((charge) => [charge.limit, charge.units]));
        assert.equal(units["orders-10s"], rule.orders10s);
        assert.equal(units["orders-1m"], rule.orders1m);
      });
    }
  }

  it("USD-M funding endpoints share a counter of their own and weigh nothing", () => {
    for (const path of ["/fapi/v1/fundingRate", "/fapi/v1/fundingInfo"]) {
      assert.deepEqual(usdm.cost("GET", path).charges, [{ limit: "funding-5m", units: 1 }]);
      assert.equal(usdm.cost("GET", path).weight, 0);
    }
  });
});
