import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isMultihomeError } from "../../src/errors.ts";
import { shapeProblems } from "../../src/weights/check-shape.ts";
import { BUILT_IN_TABLES, builtInTable, compileTable, loadTable, overrideTable, type RuleEntry } from "../../src/weights/index.ts";

const minimal = (...rules: object[]): object => ({ exchange: "mine", source: "me", limiters: [{ id: "weight-1m", scope: "ip", limit: 100, windowSeconds: 60, window: "fixed" }], rules });
const depth = (steps: unknown): object => ({ method: "GET", path: "/api/v3/depth", byLimit: { param: "limit", default: 100, steps } });

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(isMultihomeError(error) && error.code === "MH_ERR_CONFIG", String(error));
    return error.message;
  }
  return assert.fail("was accepted");
}

describe("broken tables", () => {
  const ok = { method: "GET", path: "/ok", weight: 1 };
  const cases: [name: string, rule: unknown, message: string][] = [
    ["steps that fall", depth([[500, 5], [100, 1], ["more", 9]]), "rule 2 (GET /api/v3/depth): steps must rise: 100 comes after 500"],
    ["equal steps", depth([[100, 5], [100, 1], ["more", 9]]), "rule 2 (GET /api/v3/depth): steps must rise: 100 comes after 100"],
    ["steps without an end", depth([[100, 5]]), "rule 2 (GET /api/v3/depth): the last step must be \"more\""],
    ["\"more\" in the middle", depth([["more", 5], [100, 1]]), "rule 2 (GET /api/v3/depth): \"more\" must be the last step"],
    ["no steps", depth([]), "rule 2 (GET /api/v3/depth): `byLimit.steps` must have a step"],
    ["a step that is none", depth([[0, 5]]), "rule 2 (GET /api/v3/depth): `byLimit.steps.1.1` must be a whole number from 1 or \"more\""],
    ["a negative weight", { ...ok, path: "/a", weight: -1 }, "rule 2 (GET /a): `weight` must not be negative"],
    ["a weight as text", { ...ok, path: "/a", weight: "5" }, "rule 2 (GET /a): `weight` must be a number"],
    ["a weight that is not finite", { ...ok, path: "/a", weight: Infinity }, "rule 2 (GET /a): `weight` must be finite"],
    ["a misspelt field", { ...ok, path: "/a", wieght: 1 }, "rule 2 (GET /a): unknown field `wieght`"],
    ["no weight at all", { method: "GET", path: "/a" }, "rule 2 (GET /a): has no weight"],
    ["two forms at once", { ...ok, path: "/a", perSymbol: 2, max: 9 }, "rule 2 (GET /a): `perSymbol` does not go with `weight`"],
    ["no method", { path: "/a", weight: 1 }, "rule 2 (? /a): needs `method` and `path`"],
    ["a method in small letters", { ...ok, method: "get" }, "rule 2 (get /ok): `method` must be in capitals"],
    ["a path with a query", { ...ok, path: "/a?b" }, "rule 2 (GET /a?b): `path` must not have a query"],
    ["a path that is none", { ...ok, path: "a" }, "rule 2 (GET a): `path` must begin with \"/\""],
    ["a star in the middle", { ...ok, path: "/*/a" }, "rule 2 (GET /*/a): `*` may only stand at the end"],
    ["a weight above the whole limit", { ...ok, path: "/a", weight: 101 }, "rule 2 (GET /a): costs 101, more than limiter `weight-1m` ever allows (100)"],
    ["a cost above its whole pool", { method: "GET", path: "/a", cost: 101, pool: "weight-1m" }, "rule 2 (GET /a): costs 101, more than limiter `weight-1m` ever allows (100)"],
    ["the same endpoint twice", ok, "rule 2 (GET /ok): the same as rule 1"],
    ["a price per symbol without a cap", { method: "GET", path: "/a", perSymbol: 2 }, "rule 2 (GET /a): `perSymbol` needs `max`"],
    ["withSymbol alone", { method: "GET", path: "/a", withSymbol: 2 }, "rule 2 (GET /a): `withSymbol` needs `noSymbol`"],
    ["withParam without otherwise", { method: "GET", path: "/a", withParam: { x: 1 } }, "rule 2 (GET /a): `withParam` needs a parameter and `otherwise`"],
    ["a limit that is not there", { ...ok, path: "/a", also: [{ limit: "nowhere", units: 1 }] }, "rule 2 (GET /a): there is no limiter `nowhere`"],
    ["a pool that is not there", { method: "GET", path: "/a", cost: 1, pool: "nowhere" }, "rule 2 (GET /a): there is no limiter `nowhere`"],
    ["an rpc without rpcPath", { rpc: "public/a", weight: 1 }, "rule 2 (public/a): `rpc` needs the table's `rpcPath`"],
    ["a date that is none", { ...ok, path: "/a", until: "yesterday" }, "rule 2 (GET /a): `until` must be a date such as \"2026-07-21\""],
    ["an end before the beginning", { ...ok, path: "/a", since: "2023-01-02", until: "2023-01-01" }, "rule 2 (GET /a): `since` 2023-01-02 is after `until` 2023-01-01"],
    ["a rule that is none", 5, "rule 2: it must be an object"],
    ["null", null, "rule 2: it must be an object"],
    ["an expression", { ...ok, path: "/a", weight: "count * 2" }, "rule 2 (GET /a): `weight` must be a number"],
    ["a batch whose single call is unknown", { method: "POST", path: "/a", count: 1, perSeconds: 1, key: ["ip"], single: "POST /b" }, "rule 2 (POST /a): `single` names `POST /b`"],
  ];
  for (const [name, rule, message] of cases) {
    it(`${name}: refused with rule number and reason`, () => {
      assert.ok(refusal(() => compileTable(minimal(ok, rule as object))).includes(message), refusal(() => compileTable(minimal(ok, rule as object))));
    });
  }

  it("names the table and every problem in one message", () => {
    const message = refusal(() => compileTable(minimal({ ...ok, weight: -1 }, { ...ok, path: "/b", weight: "x" })));
    assert.match(message, /^Weight table mine cannot be used:\n {2}rule 1 .*\n {2}rule 2 /);
  });

  it("does not print thousands of problems", () => {
    const message = refusal(() => compileTable(minimal(...Array.from({ length: 1_000 }, (_, index) => ({ ...ok, path: `/${index}`, weight: -1 })))));
    assert.match(message, /… and 980 more$/);
  });

  it("says what is wrong with limiters", () => {
    const limiters = [{ id: "a", scope: "ip", limit: 1, window: "bucket" }, { id: "b", scope: "galaxy", limit: 0, windowSeconds: 1, window: "fixed" }];
    assert.match(refusal(() => compileTable({ exchange: "x", source: "x", limiters: [limiters[0]], rules: [ok] })), /limiter 1 \(a\): a bucket window needs `refillPerSecond`/);
    const second = refusal(() => compileTable({ exchange: "x", source: "x", limiters, rules: [ok] }));
    assert.match(second, /limiter 2 \(b\): `scope` must be "ip", "account" or "target"/);
    assert.match(second, /limiter 2 \(b\): `limit` must be above 0/);
  });

  for (const table of [null, undefined, 5, "binance-spot", [], {}, { rules: [] }, { exchange: "x", source: "x", rules: {} }]) {
    it(`refuses ${JSON.stringify(table)} for a table`, () => {
      assert.match(refusal(() => compileTable(table as object)), /^Weight table/);
    });
  }
});

describe("tables of past days", () => {
  const at = (asOf: string | undefined, method: string, path: string): number => compileTable(builtInTable("binance-spot"), asOf === undefined ? {} : { asOf }).cost(method, path).weight;

  const depthTimeline = [
    { asOf: "2022-05-01", weights: [1, 5, 10, 50] },
    { asOf: "2023-08-24", weights: [1, 5, 10, 50] },
    { asOf: "2023-08-25", weights: [2, 10, 20, 100] },
    { asOf: "2023-10-18", weights: [2, 10, 20, 100] },
    { asOf: "2023-10-19", weights: [5, 25, 50, 250] },
    { asOf: undefined, weights: [5, 25, 50, 250] },
  ];
  for (const { asOf, weights } of depthTimeline) {
    it(`depth on ${asOf ?? "the latest day"} weighs ${weights.join("/")}`, () => {
      assert.deepEqual([100, 500, 1000, 5000].map((limit) => at(asOf, "GET", `/api/v3/depth?limit=${limit}`)), weights);
    });
  }

  const timeline: [day: string, method: string, path: string, weight: number][] = [
    ["2022-05-01", "GET", "/api/v3/exchangeInfo", 10],
    ["2022-05-01", "GET", "/api/v3/account", 10],
    ["2022-05-01", "GET", "/api/v3/ticker/24hr", 40],
    ["2022-05-01", "GET", "/api/v3/ticker/24hr?symbol=X", 1],
    ["2022-05-17", "GET", `/api/v3/ticker/24hr?symbols=${"A,".repeat(20)}A`, 20],
    ["2022-06-19", "GET", "/api/v3/ticker?symbols=A,B", 10],
    ["2022-06-20", "GET", "/api/v3/ticker?symbols=A,B", 4],
    ["2023-10-18", "GET", "/api/v3/trades", 2],
    ["2024-04-03", "GET", "/api/v3/trades", 10],
    ["2024-04-04", "GET", "/api/v3/trades", 25],
    ["2025-03-09", "GET", "/api/v3/aggTrades", 2],
    ["2025-03-10", "GET", "/api/v3/aggTrades", 4],
    ["2025-04-06", "GET", "/api/v3/myTrades?orderId=1", 20],
    ["2025-04-07", "GET", "/api/v3/myTrades?orderId=1", 5],
    ["2025-04-24", "PUT", "/api/v3/order/amend/keepPriority", 1],
    ["2025-04-25", "PUT", "/api/v3/order/amend/keepPriority", 4],
    ["2026-02-19", "POST", "/api/v3/userDataStream", 2],
    ["2023-08-24", "CONNECT", "*", 1],
    ["2023-08-25", "CONNECT", "*", 2],
  ];
  for (const [day, method, path, weight] of timeline) {
    it(`${method} ${path.slice(0, 50)} weighs ${weight} on ${day}`, () => {
      assert.equal(at(day, method, path), weight);
    });
  }

  it("endpoints are unknown before they came and after they went", () => {
    const known = (asOf: string, method: string, path: string): boolean => compileTable(builtInTable("binance-spot"), { asOf }).cost(method, path).known;
    assert.deepEqual(["2026-03-08", "2026-03-09"].map((day) => known(day, "GET", "/api/v3/executionRules")), [false, true]);
    assert.deepEqual(["2026-02-19", "2026-02-20"].map((day) => known(day, "PUT", "/api/v3/userDataStream")), [true, false]);
  });

  it("limits and free successes have dates too", () => {
    const on = (asOf: string) => compileTable(builtInTable("binance-spot"), { asOf });
    assert.equal(on("2023-08-24").limits.find(({ name }) => name === "weight-1m")?.limit, 1_200);
    assert.deepEqual(["2023-08-25", "2026-04-01", "2026-04-02"].map((day) => on(day).limits.find(({ name }) => name === "raw-5m")?.limit), [61_000, 61_000, 300_000]);
    assert.equal(on("2026-04-01").cost("POST", "/api/v3/order").settleOnSuccess, undefined);
    assert.deepEqual(on("2026-04-02").cost("POST", "/api/v3/order").settleOnSuccess, { weight: 0 });
  });

  it("reports name the day, and say when the table knows nothing about it", () => {
    const report = compileTable(builtInTable("binance-spot"), { asOf: "2019-01-01" }).report("GET", "/api/v3/ping");
    assert.equal(report.rule?.asOf, "2019-01-01");
    assert.match(report.warnings.join(), /knows nothing before 2021-01-01/);
    assert.equal(compileTable(builtInTable("binance-spot")).report("GET", "/api/v3/ping").rule?.asOf, "2026-07-21");
  });

  it("refuses days that are none", () => {
    for (const asOf of ["yesterday", "2023-8-1", "", "2023-13-01", 5]) {
      assert.match(refusal(() => compileTable(builtInTable("binance-spot"), { asOf: asOf as string })), /asOf must look like "2023-10-01"/);
    }
  });
});

describe("tables of the user's own", () => {
  const folder = mkdtempSync(join(tmpdir(), "weights-"));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("load from a file, byte order mark included", (context) => {
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const table = loadTable(file("good.json", `\uFEFF${JSON.stringify(minimal({ method: "GET", path: "/a", weight: 7 }))}`));
    assert.equal(compileTable(table).cost("GET", "/a").weight, 7);

    assert.match(refusal(() => loadTable(file("broken.json", "{"))), /broken\.json is not JSON/);
    assert.match(refusal(() => loadTable(file("wrong.json", JSON.stringify(minimal({ method: "GET", path: "/a", weight: -7 }))))), /wrong\.json cannot be used:\n {2}rule 1 \(GET \/a\)/);
    assert.match(refusal(() => loadTable(join(folder, "missing.json"))), /missing\.json cannot be read/);
    assert.match(refusal(() => loadTable(folder)), /cannot be read/);
  });

  it("rules replace single endpoints with all their past, and add new ones", () => {
    const rules: RuleEntry[] = [{ method: "GET", path: "/api/v3/depth", weight: 9 }, { method: "GET", path: "/api/v3/mine", weight: 3 }];
    const table = overrideTable(builtInTable("binance-spot"), rules);
    assert.equal(compileTable(table).cost("GET", "/api/v3/depth?limit=5000").weight, 9);
    assert.equal(compileTable(table, { asOf: "2023-01-01" }).cost("GET", "/api/v3/depth").weight, 9);
    assert.equal(compileTable(table).cost("GET", "/api/v3/mine").weight, 3);
    assert.equal(compileTable(table).cost("GET", "/api/v3/ping").weight, 1);
    assert.equal(compileTable(table).report("GET", "/api/v3/mine").rule?.source.startsWith("override"), true);
  });

  it("a broken override is refused like a broken table", () => {
    assert.match(refusal(() => overrideTable(builtInTable("binance-spot"), [{ method: "GET", path: "/x" }])), /binance-spot with overrides .*\n.*\(GET \/x\): has no weight/);
  });

  it("built-in tables are copies: nobody changes another's", () => {
    builtInTable("okx").rules.length = 0;
    assert.ok(builtInTable("okx").rules.length > 300);
  });
});

describe("the schema", () => {
  const schema = JSON.parse(readFileSync(new URL("../../../src/weights/weights.schema.json", import.meta.url), "utf8")) as { properties: object; $defs: { rule: { properties: object }; limiter: { properties: object } } };

  it("knows every field that the built-in tables use", () => {
    for (const name of BUILT_IN_TABLES) {
      const table = builtInTable(name);
      const strangers = [
        ...Object.keys(table).filter((key) => !(key in schema.properties)),
        ...table.rules.flatMap((rule) => Object.keys(rule)).filter((key) => !(key in schema.$defs.rule.properties)),
        ...(table.limiters ?? []).flatMap((limiter) => Object.keys(limiter)).filter((key) => !(key in schema.$defs.limiter.properties)),
      ];
      assert.deepEqual(strangers, [], name);
      assert.equal(table.$schema, "../weights.schema.json");
    }
  });

  it("has no field that the check does not know", () => {
    const everything = Object.fromEntries(Object.keys(schema.$defs.rule.properties).map((key) => [key, null]));
    const limiter = Object.fromEntries(Object.keys(schema.$defs.limiter.properties).map((key) => [key, null]));
    const table = { ...Object.fromEntries(Object.keys(schema.properties).map((key) => [key, null])), limiters: [limiter], rules: [everything] };
    assert.deepEqual(shapeProblems(table).filter((problem) => /unknown field|Invalid/.test(problem)), []);
    assert.ok(shapeProblems({ ...table, extra: 1 }).includes("unknown field `extra`"));
  });
});
