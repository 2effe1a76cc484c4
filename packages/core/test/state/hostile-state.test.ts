import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ExitPoolOptions } from "../../src/model/options.ts";
import { parseState } from "../../src/state/parse-state.ts";
import { proxies, Rooms, WALL } from "./support.ts";

const HOST = "api.test";
const OPTIONS: ExitPoolOptions = { targets: { exchange: { hosts: [HOST], limits: [{ name: "minute", unit: "weight", limit: 1_000, per: "1m", align: "fixed" }, { name: "second", unit: "request", limit: 10, per: "10s" }, { name: "tokens", unit: "order", limit: 10, per: "10s", align: "bucket", scope: "account" }] } } };
const IDS = proxies(5);
const BAN_MAX_MS = 3 * 86_400_000;

/** A state in which there is something of everything. */
async function full(): Promise<string> {
  const rooms = new Rooms(IDS, OPTIONS);
  for (const name of [HOST, "other.test"]) {
    const target = rooms.host(name);
    for (let exit = 0; exit < 5; exit++) for (let i = 0; i <= exit * 2; i++) rooms.attempt(target, exit, exit % 2 === 0 ? "success" : "exit-error");
    target.pauses.pauseExit(1, "banned", 600_000, 0);
    target.pauses.pauseAccount("0123456789abcdef", "rate-limited", 600_000, 0);
    target.pauses.pauseAll("rate-limited", 60_000, 0);
  }
  const { quota, serverClock } = rooms.host(HOST);
  serverClock.learn(new Date(WALL).toUTCString(), 0, 5);
  assert.ok(quota !== undefined);
  quota.take(quota.demand({ weight: 70, orders: 1, charges: [{ limit: "second", units: 1, key: "BTC" }] }, "0123456789abcdef", false), 2, 5);
  quota.limits[0].pause(4, 30_000);
  return rooms.state.take(true);
}

/** Whatever was restored: nothing waits for longer than it may, nothing is counted that is no number, and the pool works. */
function assertSound(rooms: Rooms): void {
  const now = rooms.clock.now();
  for (const target of rooms.targets) {
    for (const { until } of target.pauses.entries(now)) assert.ok(until - now <= BAN_MAX_MS);
    assert.ok(target.pauses.wholeUntil - now <= BAN_MAX_MS);
    for (let exit = 0; exit < rooms.table.length; exit++) {
      const rests = target.health.restsUntil(exit);
      assert.ok(rests === Infinity || rests - now <= 300_000, `rests for ${rests - now}`);
      const { total, affinity } = target.health.score(exit);
      assert.ok(total >= 0 && total <= 1 && affinity <= 1);
      rooms.attempt(target, exit, "success");
      rooms.attempt(target, exit, "exit-error");
    }
    for (const limit of target.quota?.current ?? []) {
      for (let row = 0; row < limit.meter.rows; row++) {
        const used = limit.meter.used(row, now);
        assert.ok(used >= 0 && used <= limit.meter.limit * 5, `${limit.name} ${used}`);
        assert.ok(limit.freeAt(row, now, 1) - now <= BAN_MAX_MS + 120_000, `${limit.name} is free in ${limit.freeAt(row, now, 1) - now}`);
      }
    }
    target.desk.choose(undefined, now, [], true);
  }
  assert.equal(Object.getOwnPropertyNames(Object.prototype).includes("dead"), false);
}

async function apply(text: string): Promise<string> {
  const rooms = new Rooms(IDS, OPTIONS, { now: 50, wallTime: WALL + 5_000 });
  const applied = await rooms.state.apply(text);
  for (const host of [HOST, "other.test"]) rooms.host(host);
  rooms.admit(["socks5://198.51.100.1:1"]);
  assertSound(rooms);
  assert.equal(parseState(await rooms.state.take(false)).kind, "state");
  return applied.kind === "bad" ? applied.reason : `${applied.exits} exits, ${applied.left} left out`;
}

test("what is no state is told apart, and the pool starts cold", async () => {
  const cases: [string, string][] = [
    ["", "it is no JSON"],
    [(await full()).slice(0, -2), "it is no JSON"],
    ["[".repeat(100_000), "it is no JSON"],
    ["null", "it holds no object"],
    ["[]", "it holds no object"],
    ["{}", "its version is neither 1 nor 2"],
    ['{"version":3}', "its version is neither 1 nor 2"],
    ['{"version":"2"}', "its version is neither 1 nor 2"],
    ['{"version":2}', "it does not say when it was saved"],
    ['{"version":2,"savedAt":-1,"exits":[]}', "it does not say when it was saved"],
    ['{"version":2,"savedAt":1e999,"exits":[]}', "it does not say when it was saved"],
    [`{"version":2,"savedAt":${WALL},"exits":{}}`, "it has no list of exits"],
    [`{"version":2,"savedAt":${WALL},"exits":[${"1,".repeat(100_001)}1]}`, "it has no list of exits"],
    ['{"version":1}', "it has no proxies"],
    ['{"version":1,"proxies":[]}', "it has no proxies"],
  ];
  for (const [text, reason] of cases) assert.equal(await apply(text), reason, text.slice(0, 60));
});

test("what is odd in a state is left out, and the rest is used", async () => {
  const good = JSON.parse(await full()) as Record<string, unknown> & { targets: Record<string, unknown>[] };
  const with_ = (change: object): string => JSON.stringify({ ...good, ...change });
  const target = (change: object): string => JSON.stringify({ ...good, targets: [{ ...good.targets[0], ...change }, good.targets[1]] });
  const cases: [string, string][] = [
    [JSON.stringify(good), "5 exits, 0 left out"],
    [with_({ exits: ["__proto__", IDS[1], IDS[1], "socks5://u:p@h:1", 7] }), "1 exits, 4 left out"],
    [with_({ records: "AAAA" }), "5 exits, 1 left out"],
    [with_({ records: 17, targets: {} }), "5 exits, 3 left out"],
    [with_({ savedAt: Date.UTC(2099, 0, 1) }), "5 exits, 0 left out"],
    [with_({ savedAt: Date.UTC(2001, 0, 1) }), "5 exits, 0 left out"],
    [with_({ targets: [{ name: "__proto__" }, { name: 1 }, null, ...good.targets] }), "5 exits, 3 left out"],
    [target({ cells: "////////////////////////" }), "5 exits, 1 left out"],
    [target({ offset: [1e300, 1e301] }), "5 exits, 0 left out"],
    [target({ offset: [5, -5] }), "5 exits, 1 left out"],
    [target({ pauses: [[1e18, "banned", 1], [-5, "banned", 1], [5, "nap", 1], [5, "banned", 99], null, 7] }), "5 exits, 4 left out"],
    [target({ whole: [1e300, "banned"], accounts: [[1e300, "banned", "0123456789abcdef"], [1, "banned", "a key"]] }), "5 exits, 0 left out"],
    [target({ limits: [{ name: "minute" }, { name: "second", unit: "request", scope: "exit", align: "sliding", perMs: 10_000, counters: "", named: [[1, null, "BTC", 1e300, null, 0, 1e300], [0, null, "BTC", -1, null, 0, 0], [1, 2]] }] }), "5 exits, 2 left out"],
    ['{"version":1,"saved_at":"soon","proxies":{"__proto__":{"dead":true},"no proxy":{},"socks5://192.0.2.1:1080":{"state":7,"hosts":{"__proto__":{"success":5},"api.test":{"success":-4,"fail":1e400,"avg_latency_ms":"x","consecutive_fails":1e99}}}}}', "1 exits, 3 left out"],
  ];
  for (const [text, told] of cases) assert.equal(await apply(text), told, text.slice(0, 300));
});

test("a state of many hosts and exits is read up to what a pool holds", async () => {
  const targets = Array.from({ length: 3_000 }, (_, i) => ({ name: `h${i}.test`, cells: "" }));
  const exits = Array.from({ length: 50_000 }, (_, i) => `socks5://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1`);
  const rooms = new Rooms(IDS, OPTIONS);
  await rooms.state.apply(JSON.stringify({ version: 2, savedAt: WALL, exits, records: "", targets }));
  const again = parseState(await rooms.state.take(false));
  assert.ok(again.kind === "state" && again.state.targets.size <= 1_000);
});

test("a state that was changed anywhere never stops the start", async () => {
  const text = await full();
  const part = fc.oneof(fc.constantFrom("-", "1e999", "NaN", '"', "{", "}", "[", "]", "null", "__proto__", "9".repeat(30), ",", "A", "/"), fc.string({ maxLength: 5 }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(text.length), fc.nat(12), part), { minLength: 1, maxLength: 4 }), async (changes) => {
      let changed = text;
      for (const [at, length, put] of changes) changed = changed.slice(0, at) + put + changed.slice(at + length);
      await apply(changed);
    }),
    { numRuns: 3_000 },
  );
});

test("a state whose bytes were changed never stops the start", async () => {
  const good = JSON.parse(await full()) as { records: string; targets: { cells: string; limits: { counters: string }[] }[] };
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 40 }), async (records, cells, counters) => {
      const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
      await apply(JSON.stringify({ ...good, records: base64(records), targets: good.targets.map((target) => ({ ...target, cells: base64(cells), limits: target.limits.map((limit) => ({ ...limit, counters: base64(counters) })) })) }));
    }),
    { numRuns: 1_500 },
  );
});
