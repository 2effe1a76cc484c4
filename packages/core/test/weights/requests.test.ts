import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { builtInTable, compileTable } from "../../src/weights/index.ts";

const spot = compileTable(builtInTable("binance-spot"));
const weight = (path: string, method = "GET", body?: string | Uint8Array | null): number => spot.cost(method, path, body).weight;
const TICKER = "/api/v3/ticker/24hr";
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `SYM${index}USDT`);

describe("requests as real clients send them", () => {
  const list = names(21);
  const spellings: Record<string, string> = {
    "raw JSON": `symbols=${JSON.stringify(list)}`,
    "encoded JSON": `symbols=${encodeURIComponent(JSON.stringify(list))}`,
    "encoded JSON in lower case": `symbols=${encodeURIComponent(JSON.stringify(list)).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())}`,
    "JSON with plain commas": `symbols=${encodeURIComponent(JSON.stringify(list)).replaceAll("%2C", ",")}`,
    "JSON with spaces": `symbols=${encodeURIComponent(JSON.stringify(list).replaceAll(",", ", "))}`,
    "JSON with spaces as plus": `symbols=${JSON.stringify(list).replaceAll(",", ",+")}`,
    "bare commas": `symbols=${list.join(",")}`,
    "encoded bare commas": `symbols=${list.join("%2C")}`,
    "a repeated parameter": list.map((name) => `symbols=${name}`).join("&"),
    "a repeated parameter with brackets": list.map((name) => `symbols[]=${name}`).join("&"),
    "a repeated parameter with encoded brackets": list.map((name) => `symbols%5B%5D=${name}`).join("&"),
    "a repeated parameter with indices": list.map((name, index) => `symbols[${index}]=${name}`).join("&"),
    "an encoded parameter name": `%73ymbols=${list.join(",")}`,
    "symbols that are not ASCII": `symbols=${encodeURIComponent(JSON.stringify(["币安人生USDT", ...list.slice(1)]))}`,
  };
  for (const [spelling, query] of Object.entries(spellings)) {
    it(`counts 21 symbols in ${spelling}`, () => {
      assert.equal(weight(`${TICKER}?${query}`), 40);
      assert.equal(weight(`${TICKER}?type=MINI&${query}&x=1`), 40);
    });
  }

  it("counts a JSON list at every edge of the bands", () => {
    for (const [count, expected] of [[1, 2], [20, 2], [21, 40], [100, 40], [101, 80], [500, 80]]) {
      assert.equal(weight(`${TICKER}?symbols=${encodeURIComponent(JSON.stringify(names(count)))}`), expected, `${count} symbols`);
    }
  });

  it("the method is part of the key", () => {
    const weights = ["POST", "GET", "DELETE"].map((method) => weight("/api/v3/order", method));
    assert.deepEqual(weights, [1, 4, 1]);
  });

  it("finds a method in small letters and an encoded path", () => {
    assert.equal(weight("/api/v3/depth?limit=5000", "get"), 250);
    assert.equal(weight("/api/v3/dept%68?limit=5000"), 250);
  });

  it("a missing parameter means its documented default", () => {
    assert.equal(weight("/api/v3/depth"), 5);
    assert.equal(weight("/api/v3/depth?"), 5);
    const usdm = compileTable(builtInTable("binance-usdm"));
    assert.equal(usdm.cost("GET", "/fapi/v1/depth").weight, 10, "500 on futures");
  });

  it("reads parameters of a POST from query, form text, form bytes and JSON", () => {
    const path = "/api/v3/order/test";
    const form = "symbol=BTCUSDT&computeCommissionRates=true";
    assert.equal(weight(`${path}?${form}`, "POST"), 20);
    assert.equal(weight(path, "POST", form), 20);
    assert.equal(weight(path, "POST", Buffer.from(`....${form}`).subarray(4)), 20);
    assert.equal(weight(path, "POST", JSON.stringify({ computeCommissionRates: true })), 20);
    assert.equal(weight(path, "POST", " symbol=BTCUSDT"), 1);
  });

  it("an explicit false is the default of a flag", () => {
    assert.equal(weight("/api/v3/order/test?computeCommissionRates=false", "POST"), 1);
    assert.equal(weight("/api/v3/order/test", "POST", JSON.stringify({ computeCommissionRates: false })), 1);
  });

  it("successful orders are settled at nothing, and only those of the list", () => {
    assert.deepEqual(spot.cost("POST", "/api/v3/order").settleOnSuccess, { weight: 0 });
    assert.equal(spot.cost("POST", "/api/v3/order/test").settleOnSuccess, undefined);
    assert.equal(spot.cost("PUT", "/api/v3/order/amend/keepPriority").settleOnSuccess, undefined);
  });

  it("hands out one cost for equal requests, so that the hot path allocates nothing", () => {
    assert.equal(spot.cost("GET", "/api/v3/depth?limit=5"), spot.cost("GET", "/api/v3/depth?symbol=X&limit=6"));
    const long = `${TICKER}?symbols=${names(80).join(",")}`;
    assert.equal(spot.cost("GET", long), spot.cost("GET", `${TICKER}?symbols=${names(81).join(",")}`));
    assert.equal(spot.cost("GET", long).weight, 40);
  });
});

describe("requests that cannot be classified", () => {
  const cases: [path: string, heaviest: number][] = [
    ...["", "abc", "-1", "0", "1.5", "1e2", "+5", "0x10", " ", "%", "%zz", "%E0%A4%A", "5,10", "NaN", "９", "9".repeat(30), "%00", "5%00"].map((value): [string, number] => [`/api/v3/depth?limit=${value}`, 250]),
    ["/api/v3/depth?limit", 250],
    ["/api/v3/depth?limit=5&limit=5000", 250],
    ...["", "[]", "[ ]", "[", "]", "[\"A\"", "\"A\"", "%5B%22A%22", "%255B%2522A%2522%255D", "%", "[[]", "[}", "{}"].map((value): [string, number] => [`${TICKER}?symbols=${value}`, 80]),
    [`${TICKER}?symbol=`, 80],
    [`${TICKER}?symbol`, 80],
    [`${TICKER}?symbol=%zz`, 80],
    [`${TICKER}?symbol=A&symbol=B`, 80],
    [`${TICKER}?symbols=${"A,".repeat(60_000)}A`, 80],
    ["/api/v3/ticker", 200],
    ["/api/v3/ticker?symbols=[]", 200],
    ["/api/v3/myTrades?orderId=", 20],
    ["/api/v3/myPreventedMatches?symbol=X", 20],
    ["/api/v3/myPreventedMatches?preventedMatchId=1&orderId=1", 20],
    ["/api/v3/openOrders?symbol=", 80],
  ];
  for (const [path, heaviest] of cases) {
    it(`${path.length > 80 ? `${path.slice(0, 80)}…` : path} is the heaviest its rule can be, ${heaviest}`, () => {
      assert.equal(weight(path), heaviest);
    });
  }

  it("symbol and symbols together count as the dearer of the two", () => {
    assert.equal(weight(`${TICKER}?symbol=A&symbols=${names(21).join(",")}`), 40);
    assert.equal(weight(`/api/v3/ticker/price?symbol=A&symbols=["A"]`), 4);
  });

  it("a body too long to look at is the heaviest", () => {
    assert.equal(weight("/api/v3/order/test", "POST", "x=".padEnd(100_000, "y")), 20);
    assert.equal(weight("/api/v3/order/test", "POST", new Uint8Array(100_000)), 20);
  });

  it("says which parameter it could not read", () => {
    assert.match(spot.report("GET", "/api/v3/depth?limit=lots").warnings.join("\n"), /limit=lots cannot be read; counted as the heaviest that GET \/api\/v3\/depth can be, 250/);
    assert.match(spot.report("GET", `${TICKER}?symbols=%255B`).warnings.join("\n"), /symbols=%5B cannot be read/);
    assert.equal(spot.report("GET", "/api/v3/depth?limit=\u001b[31m").warnings.join("\n").includes("\u001b"), false, "no terminal codes in a log");
  });
});

describe("endpoints that the table does not know", () => {
  it("cost the table's fallback, and are worth one warning each", () => {
    const first = spot.cost("GET", "/api/v3/brandNew?x=1");
    const again = spot.cost("GET", "/api/v3/brandNew?x=2");
    assert.equal(first.known, false);
    assert.equal(first.weight, 20);
    assert.equal(first.rule, again.rule, "one rule object, to be warned of once");
    assert.equal(first.rule?.warn, true);
    assert.match(spot.report("GET", "/api/v3/brandNew").warnings[0], /GET \/api\/v3\/brandNew is not in table binance-spot; it is counted as 20/);
  });

  it("are told apart up to 500; the rest share one rule that nobody is warned of", () => {
    const calculator = compileTable(builtInTable("binance-spot"));
    const rules = new Set(Array.from({ length: 2_000 }, (_, index) => calculator.cost("GET", `/api/v3/thing/${index}`).rule));
    assert.equal(rules.size, 501);
    assert.equal([...rules].filter((rule) => rule?.warn === true).length, 500);
  });

  it("a rule that ends in * covers what begins so, the longest first", () => {
    const calculator = compileTable({
      exchange: "x",
      source: "x",
      rules: [{ method: "GET", path: "/*", weight: 3 }, { method: "GET", path: "/deep/*", weight: 7 }, { method: "GET", path: "/deep/one", weight: 1 }],
    });
    assert.deepEqual(["/a", "/deep/two", "/deep/one"].map((path) => calculator.cost("GET", path).weight), [3, 7, 1]);
  });
});
