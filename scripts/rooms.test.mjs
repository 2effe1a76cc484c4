import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cyclesOf } from "./import-cycles.mjs";
import { checkRooms, readPackages } from "./rooms.mjs";

function core(files) {
  return {
    name: "@multihome/core",
    dir: "packages/core",
    exports: [".", "./connect", "./venues", "./testing"],
    entries: ["src/index.ts", "src/connect/index.ts", "src/venues.ts", "src/testing/index.ts"],
    files: new Map(Object.entries(files)),
  };
}
function adapter(files) {
  return { name: "@multihome/axios-adapter", dir: "packages/axios-adapter", exports: ["."], entries: ["src/index.ts"], files: new Map(Object.entries(files)) };
}
const errorsOf = (...packages) => checkRooms(packages).errors;
const edge = (from, to, keyword = "import") => errorsOf(core({ [from]: `${keyword} { x } from "${to}";\n` }));

test("a room imports rooms below it", () => {
  const allowed = [
    ["src/index.ts", "./pool.ts"],
    ["src/index.ts", "./errors.ts"],
    ["src/venues.ts", "./weights/table.ts"],
    ["src/venues.ts", "./venues/binance.ts"],
    ["src/venues/binance.ts", "../weights/table.ts"],
    ["src/pool.ts", "./slots/slots.ts"],
    ["src/pool/drive.ts", "../race/race.ts"],
    ["src/slots/slot.ts", "../race/race.ts"],
    ["src/race/legs.ts", "../lease/lease.ts"],
    ["src/lease/choose.ts", "../quota/ledger.ts"],
    ["src/exits/parse.ts", "../connect/endpoints.ts"],
    ["src/node-http/agent.ts", "../connect/index.ts"],
    ["src/quota/window.ts", "./spacing.ts"],
    ["src/options.ts", "./model/exit.ts"],
    ["src/model/exit.ts", "../observe/channels.ts"],
    ["src/observe/channels.ts", "../time/clock.ts"],
    ["src/testing/simulator.ts", "../connect/socks.ts"],
    ["src/testing/index.ts", "./random.ts"],
  ];
  for (const [from, to] of allowed) assert.deepEqual(edge(from, to), [], `${from} → ${to}`);
});

test("a room imports nothing above it, not even types", () => {
  const refused = [
    ["src/lease/lease.ts", "../pool.ts", /imports pool, which stands above lease/],
    ["src/quota/ledger.ts", "../lease/lease.ts", /imports lease, which stands above quota/],
    ["src/connect/socks.ts", "../exits/parse.ts", /imports exits, which stands above connect/],
    ["src/model/exit.ts", "../options.ts", /imports options, which stands above model/],
    ["src/time/clock.ts", "../observe/channels.ts", /imports observe, which stands above time/],
    ["src/race/race.ts", "../index.ts", /imports src\/index.ts, which only gathers/],
    ["src/pool.ts", "./venues.ts", /imports src\/venues.ts, which only gathers/],
  ];
  for (const [from, to, message] of refused) {
    for (const keyword of ["import", "import type", "export"]) {
      const errors = edge(from, to, keyword);
      assert.equal(errors.length, 1, `${keyword} ${from} → ${to}`);
      assert.match(errors[0], message);
      assert.match(errors[0], new RegExp(`^packages/core/${from}:1 `));
    }
  }
});

test("neighbours never import each other", () => {
  for (const [from, to] of [["queue", "breaker"], ["lease", "queue"], ["quota", "health"], ["exits", "weights"], ["slots", "state"], ["pool", "venues"], ["time", "errors"]]) {
    assert.match(edge(`src/${from}/a.ts`, `../${to}/b.ts`)[0], new RegExp(`${from} and ${to} are neighbours`));
  }
});

test("types of the model are free to take, its functions are not", () => {
  for (const from of ["src/observe/channels.ts", "src/time/timers.ts"]) {
    assert.deepEqual(edge(from, "../model/exit.ts", "import type"), []);
    assert.match(edge(from, "../model/exit.ts")[0], /imports model, which stands above .*import type/);
  }
});

test("readers of observe take the pool by type", () => {
  assert.deepEqual(edge("src/observe/metrics.ts", "../pool.ts", "import type"), []);
  assert.match(edge("src/observe/metrics.ts", "../pool.ts")[0], /imports pool/);
});

test("testing stands apart: it imports a few rooms, and no room imports it", () => {
  assert.match(edge("src/testing/a.ts", "../quota/ledger.ts")[0], /testing may import time, model, errors, connect/);
  for (const from of ["src/index.ts", "src/venues.ts", "src/pool.ts"]) assert.match(edge(from, "./testing/random.ts")[0], /imports testing/);
  assert.match(edge("src/time/clock.ts", "../testing/manual-clock.ts")[0], /imports testing/);
  assert.match(errorsOf(adapter({ "src/index.ts": 'import { x } from "@multihome/core/testing";' }), core({}))[0], /imports testing/);
});

test("a room without a place in the order is refused, as importer and as imported", () => {
  assert.match(edge("src/utils/a.ts", "../time/clock.ts")[0], /room "utils", which has no place/);
  assert.match(edge("src/pool.ts", "./utils/a.ts")[0], /room "utils", which has no place/);
});

test("src stays inside src", () => {
  assert.match(edge("src/pool.ts", "../test/support.ts")[0], /outside src/);
  assert.match(errorsOf(adapter({ "src/index.ts": 'import { x } from "../../core/src/pool.ts";' }))[0], /outside src/);
});

test("adapters import the core by its public entries only", () => {
  const from = (specifier) => errorsOf(adapter({ "src/index.ts": `import { x } from "${specifier}";` }), core({}));

  assert.deepEqual(from("@multihome/core"), []);
  assert.deepEqual(from("@multihome/core/connect"), []);
  assert.deepEqual(from("axios"), []);
  assert.match(from("@multihome/core/dist/src/pool.js")[0], /not a public entry/);
  assert.match(from("@multihome/core/quota")[0], /not a public entry/);
});

test("the core does not import itself by name", () => {
  assert.match(edge("src/pool.ts", "@multihome/core/venues")[0], /imports its own package/);
});

test("a cycle of files is shown once, the way round, and types alone make none", () => {
  const files = {
    "src/quota/a.ts": 'import { b } from "./b.ts";',
    "src/quota/b.ts": 'import { c } from "./c.ts"; import "../time/clock.ts";',
    "src/quota/c.ts": 'export { a } from "./a.ts";',
    "src/quota/d.ts": 'import type { E } from "./e.ts";',
    "src/quota/e.ts": 'import { d } from "./d.ts";',
    "src/time/clock.ts": "",
  };

  assert.deepEqual(errorsOf(core(files)), ["packages/core/src/quota/a.ts:1 imports itself: src/quota/a.ts → src/quota/b.ts → src/quota/c.ts → src/quota/a.ts"]);
  assert.match(errorsOf(adapter({ "test/a.ts": 'import "./a.ts";' }))[0], /test\/a.ts → test\/a.ts/);
});

test("separate knots give separate cycles", () => {
  const graph = new Map(Object.entries({ a: ["b"], b: ["a", "c"], c: ["d"], d: ["e", "c"], e: ["d", "missing"], f: ["a"] }));

  assert.deepEqual(cyclesOf(graph), [["a", "b"], ["c", "d"]]);
});

test("a clock, a timer or chance of one's own is refused", () => {
  const refused = [
    "const a = Date.now();", "const a = Date.now;", "const a = new Date();", "const a = new Date;", "const a = Date();", "performance.now();", "globalThis.performance.now();",
    "process.hrtime.bigint();", "process.uptime();", "Math.random();", "crypto.randomUUID();", 'import { randomBytes } from "node:crypto";', "AbortSignal.timeout(5);",
    "setTimeout(f, 5);", "const t = setTimeout;", "globalThis.setTimeout(f, 5);", "a ? setTimeout(f) : b;", "{ setInterval(f, 5); }", "f({ setTimeout });",
    'import { setTimeout } from "node:timers/promises";', 'import { performance } from "node:perf_hooks";', "const { setTimeout: start } = globalThis;", "`${Math.random()}`;",
  ];
  for (const source of refused) {
    assert.notEqual(errorsOf(core({ "src/race/race.ts": `\n${source}\n` })).length, 0, source);
    assert.match(errorsOf(adapter({ "src/index.ts": `\n${source}\n` }))[0] ?? "", /^packages\/axios-adapter\/src\/index.ts:2 uses /, source);
    assert.deepEqual(errorsOf(core({ "src/time/clock.ts": source, "src/testing/a.ts": source, "test/race.test.ts": source })), [], source);
  }
});

test("time that is handed over, and names that only look like the clock's, are fine", () => {
  const fine = [
    "clock.setTimeout(f, 5);", "this.#clock.now();", "socket.setTimeout(0);", "new Date(wallTime);", "new Date(\n  wallTime,\n);", 'Date.parse("x");', "// Date.now()", '"Math.random()";',
    "queueMicrotask(f);", "process.nextTick(f);", "let t: ReturnType<typeof setTimeout>;", "interface C { setTimeout(f: () => void, ms: number): unknown; }",
    "class R { setTimeout(ms: number, f?: () => void): this { return this; } }", "const c = { setTimeout: start };", "clearTimeout(t);", "x instanceof Date;", 'import { createHash } from "node:crypto";',
    'import type { PerformanceEntry } from "node:perf_hooks";', "const mySetTimeout = 1;",
  ];
  for (const source of fine) assert.deepEqual(errorsOf(core({ "src/race/race.ts": source })), [], source);
});

test("what speaks to sockets may wait for the next turn, what decides may not", () => {
  for (const source of ["setImmediate(f);", "globalThis.setImmediate(f);"]) {
    assert.deepEqual(errorsOf(core({ "src/connect/a.ts": source, "src/node-http/b.ts": source }), adapter({ "src/index.ts": source })), []);
    for (const room of ["race", "queue", "quota", "observe"]) assert.equal(errorsOf(core({ [`src/${room}/a.ts`]: source })).length, 1);
  }
});

test("long files are listed, longer ones refused, and tests may be long", () => {
  const lines = (count) => "x;\n".repeat(count);
  const { errors, warnings } = checkRooms([core({ "src/race/a.ts": lines(200), "src/race/b.ts": lines(201), "src/race/c.ts": lines(300), "src/race/d.ts": lines(301), "test/e.ts": lines(999) })]);

  assert.deepEqual(errors, ["packages/core/src/race/d.ts:1 has 301 lines, 300 are allowed"]);
  assert.deepEqual(warnings.map((warning) => warning.split(":")[0]), ["packages/core/src/race/b.ts", "packages/core/src/race/c.ts"]);
});

test("the packages of this checkout are found with their files and entries", () => {
  const packages = readPackages(fileURLToPath(new URL("..", import.meta.url)));
  const found = packages.find(({ name }) => name === "@multihome/core");

  assert.ok(packages.length >= 4);
  assert.ok(found.files.has("src/errors.ts"));
  assert.ok(found.entries.includes("src/venues.ts") && found.exports.includes("./venues"));
});
