import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { faultOf, StoreError } from "../src/errors.ts";
import { Keys, parseName } from "../src/keys.ts";
import { LocalCount } from "../src/local-count.ts";
import { Mode } from "../src/mode.ts";
import { readReply, signed, script } from "../src/script.ts";
import { FixedSlice, TimedSlice } from "../src/slice.ts";
import { Trips } from "../src/trips.ts";
import { mayEvict, tooOld } from "../src/version.ts";

test("names are taken apart as they were put together", () => {
  const timeline: [string, ReturnType<typeof parseName>][] = [
    ["exit:1.2.3.4|binance|weight", { who: "exit:1.2.3.4", target: "binance", rest: "weight" }],
    ["exit:1.2.3.4|binance|weight|BTC-USDT", { who: "exit:1.2.3.4", target: "binance", rest: "weight|BTC-USDT" }],
    ["target|binance", { who: "target", target: "binance", rest: "" }],
    ["somebody's own", { who: "", target: "somebody's own", rest: "" }],
  ];
  for (const [key, name] of timeline) assert.deepEqual(parseName(key), name);
});

test("all keys of a target have one hash tag, whatever its name", () => {
  const keys = new Keys("mh");
  for (const target of ["binance", "{odd}", "a}b{", ""]) {
    const tags = [keys.epoch(target), keys.recalled(target), keys.pauses(target, "exit:{x}"), keys.counter(target, "exit:{x}|t|l")].map((key) => /\{([^}]*)\}/.exec(key)?.[1]);
    assert.equal(new Set(tags).size, 1);
    assert.ok(tags[0] !== undefined && tags[0] !== "", target);
  }
});

test("a slice of a fixed window dies with it", () => {
  const slice = new FixedSlice();
  slice.put(10, 7, 7);
  slice.put(4, 8, 8);

  assert.equal(slice.room(0, 7, 7), 10);
  assert.equal(slice.room(0, 7, 8), 4, "on either side of the turn it needs both");
  assert.equal(slice.take(3, 0, 7, 8), 7);
  assert.deepEqual([slice.room(0, 7, 7), slice.room(0, 8, 8)], [7, 1]);
  const given: number[][] = [];
  slice.drain(0, true, (place, units) => given.push([place, units]));
  assert.deepEqual(given, [[8, 1]], "nothing goes back to a window that is over");
  assert.equal(slice.isEmpty, true);
});

test("a slice of a sliding window is used oldest first, and not after its time", () => {
  const slice = new TimedSlice();
  slice.put(5, 100, 100, 1_000);
  slice.put(5, 140, 140, 2_000);

  assert.equal(slice.room(500), 10);
  assert.equal(slice.take(7, 500), 100);
  assert.equal(slice.room(999), 3);
  slice.put(2, 100, 100, Infinity);
  assert.equal(slice.room(999), 5, "put back where it came from");
  assert.equal(slice.room(1_000), 3);
  assert.deepEqual([slice.holds(100, 1_000), slice.holds(140, 1_000)], [false, true]);
  const given: number[][] = [];
  slice.drain(1_500, false, (place, units) => given.push([place, units]));
  assert.deepEqual(given, [[100, 2]]);
});

test("what a process has spent is known window by window, and in any span", () => {
  const fixed = new LocalCount("fixed", 1_000);
  fixed.add(5, 0, 41, 42);
  fixed.add(3, 0, 42, 42);
  assert.deepEqual([fixed.used(0, 41, 41), fixed.used(0, 41, 42), fixed.used(0, 43, 43)], [5, 8, 0]);

  const sliding = new LocalCount("sliding", 1_000);
  const steps = [{ at: 0, add: 5, used: 5 }, { at: 500, add: 2, used: 7 }, { at: 1_000, add: 0, used: 7 }, { at: 1_025, add: 0, used: 2 }, { at: 1_600, add: 0, used: 0 }];
  for (const { at, add, used } of steps) {
    sliding.add(add, at, 0, 0);
    assert.equal(sliding.used(at, 0, 0), used, `at ${at}`);
  }
});

test("the store counts as away after failures over some time, or at once where the connection is gone; and is back after two good answers", () => {
  const seen: string[] = [];
  const mode = new Mode("closed", 50, (to) => seen.push(to));
  const missed = new StoreError("timeout", "");
  mode.beaten();
  mode.back();
  for (const at of [0, 10, 20, 30, 400]) mode.failed(missed, at);
  assert.equal(mode.current, "shared", "all of them within one busy moment");
  mode.succeeded();
  for (const at of [500, 700, 900]) mode.failed(missed, at);
  assert.equal(mode.current, "shared");

  assert.equal(mode.failed(missed, 1_001), true, "time for a new connection");
  assert.equal(mode.current, "closed");
  assert.deepEqual([mode.beaten(), mode.failed(missed, 1_100), mode.beaten(), mode.beaten()], [false, false, false, true]);
  mode.back();
  mode.failed(new StoreError("disconnected", ""), 1_200);

  assert.deepEqual(seen, ["shared", "closed", "shared", "closed"]);
});

test("an answer is believed only where it is whole, and to this call", () => {
  const { text, sha } = script("return 1");
  assert.match(text, /sha1hex/);
  assert.equal(sha.length, 40);
  assert.notEqual(signed(["a"], ["b", "c"])[0], signed(["a", "b"], ["c", ""])[0]);
  const body = "id ok 5";
  const answer = `${body} ${createHash("sha1").update(body).digest("hex").slice(0, 10)}`;
  assert.deepEqual(readReply(answer, "id"), ["ok", "5"]);
  assert.deepEqual(readReply(Buffer.from(answer), "id"), ["ok", "5"]);
  assert.equal(readReply(answer, "ie"), undefined, "to another call");
  assert.equal(readReply(answer.replace("5 ", "6 "), "id"), undefined);
  assert.equal(readReply("id damaged 5", "id"), undefined);
  assert.equal(readReply(null, "id"), undefined);
});

test("a slow answer is remembered for a while", () => {
  const trips = new Trips();
  const steps = [{ at: 0, ms: 30, longest: 30 }, { at: 9_000, ms: 10, longest: 30 }, { at: 15_000, ms: 5, longest: 30 }, { at: 24_000, ms: 2, longest: 30 }, { at: 26_000, ms: 2, longest: 5 }, { at: 60_000, ms: 1, longest: 1 }];
  for (const { at, ms, longest } of steps) {
    trips.learn(ms, at);
    assert.equal(trips.longest(at), longest, `at ${at}`);
  }
});

test("what a script was told is known by its first word, whatever the server puts around it", () => {
  const at = "ERR Error running script (call to f_e9ca64ec0f226167f8c0c57ac1107341b05c8596): @user_script:33: @user_script: 33: ";
  const cases: [string, string, string][] = [
    ["OOM command not allowed when used memory > 'maxmemory'. script: 89766684eaa7f12c1d892e6f69b04fbaf80297d5, on @user_script:17.", "full", "OOM command not allowed when used memory > 'maxmemory'."],
    [`${at}-OOM command not allowed when used memory > 'maxmemory'.   `, "full", "OOM command not allowed when used memory > 'maxmemory'."],
    [`${at}-READONLY You can't write against a read only replica. `, "read-only", "READONLY You can't write against a read only replica."],
    [`${at}-WRONGTYPE Operation against a key holding the wrong kind of value `, "prefix", "WRONGTYPE Operation against a key holding the wrong kind of value"],
    ["ERR The user executing the script can't run this command or subcommand script: 89766684eaa7f12c1d892e6f69b04fbaf80297d5, on @user_script:17.", "password", "The store of the shared limits refuses this user or password, or what that user may do (ERR The user executing the script can't run this command or subcommand)."],
  ];
  for (const [message, kind, said] of cases) {
    const fault = faultOf(new Error(message), []);
    assert.deepEqual([fault.kind, fault.message], [kind, said]);
  }
  assert.equal(faultOf(new Error("ERR The user executing the script can't run this command"), ["p"]).kind, "password", "whatever the secret is");
  const old = faultOf(new Error(`${at}Write commands not allowed after non deterministic commands. Call redis.replicate_commands() at the start of your script`), []);
  assert.equal(old.kind, "too-old");
  assert.match(old.message, /^The store is older than Redis 5\.0/);
});

test("versions and policies are read from what a server says of itself", () => {
  assert.match(String(tooOld("# Server\r\nredis_version:4.0.9\r\n")), /4\.0\.9/);
  for (const info of ["redis_version:5.0.0", "redis_version:7.2.4\r\nvalkey_version:8.0.1", "", undefined]) assert.equal(tooOld(info), undefined);
  assert.match(String(mayEvict("maxmemory:100\r\nmaxmemory_policy:volatile-lru\r\n")), /volatile-lru/);
  for (const info of ["maxmemory:0\r\nmaxmemory_policy:allkeys-lru", "maxmemory:100\r\nmaxmemory_policy:noeviction", undefined]) assert.equal(mayEvict(info), undefined);
});
