// Rule: a mistake is answered with what was given and what is allowed, where it is made; never with "cannot read properties of undefined".
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { axiosAdapter } from "@multihome/axios-adapter";
import { createExitPool, MultihomeError, type ExitPool, type ExitPoolOptions, type RequestInfo } from "@multihome/core";
import { registerMetrics } from "@multihome/core/metrics";
import { ManualClock, noopTransport } from "@multihome/core/testing";
import { binanceSpot, binanceUsdm, builtInTable, deribit, okx } from "@multihome/core/venues";
import { gotHooks } from "@multihome/got-hooks";
import { redisLedger } from "@multihome/redis-ledger";
import { startStatusServer, statusHandler } from "@multihome/status-page";
import { ExitDispatcher } from "@multihome/undici-dispatcher";

const CONFIG = "MH_ERR_CONFIG";
const NO_POOL = undefined as unknown as ExitPool;

function refused(options: unknown, message: RegExp): void {
  assert.throws(() => createExitPool(options as ExitPoolOptions), { code: CONFIG, message });
}

test("an option that does not exist is answered with those that there are", () => {
  refused({ exit: {} }, /\n {2}exit: got an option of that name, expected no option but exits, targets, defaults, /);
  refused({ targets: { a: { host: "x" } } }, /\n {2}targets\.a\.host: got .*, expected no option but hosts, spacing, limits, /);
  refused({ queue: { size: 3 } }, /expected no option but capacity, maxAttempts, timeout, onOpen$/);
  refused({ kinds: { orders: { prio: 1 } } }, /expected no option but priority, weight, reserve$/);
  refused({ targets: { a: { limits: [{ name: "m", unit: "request", limit: 1, per: "1m", window: 3 }] } } }, /limits\[0\]\.window: .* expected no option but name, unit, limit, per, align, scope$/);
});

test("of a limit each part that is missing is asked for by itself", () => {
  refused({ targets: { a: { limits: [{ name: "m", unit: "request" }] } } }, /limits\[0\]\.limit: got undefined, expected a number above 0\n.*limits\[0\]\.per: got undefined, expected a duration such as/);
});

test("a span of addresses is answered with how ranges are written; null is no options", () => {
  refused({ exits: { local: ["192.0.2.1-20"] } }, /exits\.local\[0\]: got "192\.0\.2\.1-20", expected .*write a CIDR range/);
  refused({ exits: { local: ["192.0.2.1 - 192.0.2.20"] } }, /write a CIDR range/);
  refused(null, /options: got null, expected an object/);
});

test("a promise and a list are no options: they would leave out everything, and the program would leave by its own addresses", async () => {
  refused(Promise.resolve({ exits: { proxies: ["socks5://127.0.0.1:1080"] } }), /options: got a promise, expected an object$/);
  refused([{ exits: {} }], /options: got an option of that name|expected an object/);
  refused({ exits: Promise.resolve({}) }, /exits: got a promise, expected an object$/);
  refused({ targets: [binanceSpot()] }, /targets: got .*, expected an object of targets by name$/);
  refused({ kinds: ["orders"] }, /kinds.*expected an object/);
  refused({ targets: { a: [] } }, /targets\.a: got \[\], expected an object$/);
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  for (const change of [Promise.resolve({}), undefined, null, [], "auto"]) assert.throws(() => pool.update(change as ExitPoolOptions), { code: CONFIG, message: /options: got .*, expected an object$/ });
});

test("a proxy that is no string is named by its place, and what it holds is not shown", () => {
  refused({ exits: { proxies: ["socks5://127.0.0.1:1080", new URL("socks5://joe:sesame@127.0.0.1:1080")] } }, /exits\.proxies\[1\]: got "a value of type object", expected a proxy such as .* \(not a string\)$/);
});

test("a ledger, metrics and a map with nothing to work on say what they want", async () => {
  assert.throws(() => redisLedger("redis://:sesame@127.0.0.1" as unknown as object), { code: CONFIG, message: 'redisLedger expects an object of options, such as { url: "redis://127.0.0.1:6379" }, got a string.' });
  assert.throws(() => redisLedger(undefined as unknown as object), { code: CONFIG, message: /expects an object of options/ });
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  assert.throws(() => registerMetrics(pool, undefined as never), { name: "TypeError", message: /^Expected a registry as the second argument of `registerMetrics`, .* got undefined\.$/ });
  assert.throws(() => pool.map([1], undefined as never), { name: "TypeError", message: /^Expected a function that is called with each item, got undefined\.$/ });
  assert.throws(() => pool.map(7 as never, async () => 1), { name: "TypeError", message: /^Expected an array or another iterable, .* got number\.$/ });
});

test("a request without an exit says what became of those that were named, as ready does", async () => {
  await using own = createExitPool({ exits: { local: ["203.0.113.1"] } });
  const unbound = "203.0.113.1 (cannot be bound: EADDRNOTAVAIL, no such address on this machine).";
  await assert.rejects(own.ready(), { code: "MH_ERR_NO_EXIT", message: `There is no exit to leave by: ${unbound}` });
  await assert.rejects(own.acquire({ method: "GET", url: "https://api.test/" }), { code: "MH_ERR_NO_EXIT", message: `There is no exit to reach api.test by: ${unbound}` });

  let list: string[] = [];
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const clock = new ManualClock();
  await using listed = createExitPool({ clock, logger: quiet, exits: { sources: [{ name: "mine", read: async () => list }] } });
  await assert.rejects(listed.ready(), { code: "MH_ERR_NO_EXIT", message: "There is no exit to leave by: mine (is empty)." });
  await assert.rejects(listed.acquire({ method: "GET", url: "https://api.test/" }), { message: "There is no exit to reach api.test by: mine (is empty)." });
  list = ["socks5://127.0.0.1:1080"];
  while (listed.status().exits.total === 0) await clock.advance(60_000);
  (await listed.acquire({ method: "GET", url: "https://api.test/" })).release();
});

test("of many entries that are no exits an error names ten", async () => {
  await using pool = createExitPool({ exits: { local: Array.from({ length: 14 }, (_, index) => `203.0.113.${index + 1}`) }, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  await assert.rejects(pool.ready(), { message: /203\.0\.113\.10 \([^)]*\) and 4 more\.$/ });
});

test("a request without a method or a URL is refused with how one looks, a relative one without its query", async () => {
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  await pool.ready();
  const calls: ((request: RequestInfo) => unknown)[] = [(request) => pool.weigh(request), (request) => pool.explain(request), (request) => pool.tryAcquire(request), (request) => pool.tryAcquireAll([request])];
  for (const call of calls) {
    for (const wrong of [undefined, null, {}, { url: "https://api.test/" }, { method: "GET" }] as unknown as RequestInfo[]) assert.throws(() => call(wrong), { name: "TypeError", message: /^Expected a request with its method and an absolute URL/ });
    assert.throws(() => call({ method: "GET", url: "/depth?signature=abc" }), { name: "TypeError", message: 'Expected an absolute URL, such as "https://api.example.com/path", got `/depth`.' });
  }
  await assert.rejects(pool.acquire({ method: "GET" } as RequestInfo), { name: "TypeError", message: /absolute URL/ });
  assert.equal(pool.status().inflight, 0);
  assert.throws(() => pool.on("multihome:request.refused", undefined as never), { name: "TypeError", message: /Expected a function/ });
});

test("null in place of a call's options is named, and what `with` lacks", async () => {
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  await pool.ready();
  const request: RequestInfo = { method: "GET", url: "https://api.test/" };
  const none = null as never;
  const saying = (method: string) => ({ name: "TypeError", message: `Expected the options of \`${method}\` to be an object, got null.` });
  await assert.rejects(pool.acquire(request, none), saying("acquire"));
  await assert.rejects(pool.run(request, noopTransport(), none), saying("run"));
  await assert.rejects(pool.submit(request, noopTransport(), none), saying("submit"));
  assert.throws(() => pool.tryAcquire(request, none), saying("tryAcquire"));
  assert.throws(() => pool.with(none, () => 1), { name: "TypeError", message: "Expected `with` to be given hints, such as { priority: 10 }, and a function, got null in place of the hints." });
  assert.throws(() => pool.with({ priority: 1 }, none), { name: "TypeError", message: /got null in place of the function\.$/ });
  assert.equal(pool.status().inflight, 0);
});

test("adapters say that they want a pool, built-in tables which there are", async () => {
  for (const make of [() => axiosAdapter(NO_POOL), () => gotHooks(NO_POOL), () => new ExitDispatcher(NO_POOL), () => statusHandler(NO_POOL)]) assert.throws(make, { code: CONFIG, message: /expects the pool that createExitPool has made/ });
  await assert.rejects(startStatusServer(NO_POOL), { code: CONFIG });
  assert.throws(() => builtInTable("binance" as "okx"), { code: CONFIG, message: /binance-spot, .*loadTable/ });
  assert.throws(() => builtInTable("../weights.schema" as "okx"), { code: CONFIG });
});

test("adapters and venues answer an option that does not exist with those that there are", async () => {
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  const wrong = (name: string): object => ({ [name]: 1 });
  const calls: [() => unknown, RegExp][] = [
    [() => new ExitDispatcher(pool, wrong("allowHttp2")), /^ExitDispatcher has no option `allowHttp2`; there are lease, allowH2, agent, dispatcherFor, webSocket, eventSource\.$/],
    [() => gotHooks(pool, wrong("moed")), /^gotHooks has no option `moed`; there are mode\.$/],
    [() => axiosAdapter(pool, wrong("client")), /^axiosAdapter has no option `client`; there are axios, adapter\.$/],
    [() => binanceSpot(wrong("asof")), /^binanceSpot has no option `asof`; there are asOf, table, clock\.$/],
    [() => binanceUsdm(wrong("weights")), /^binanceUsdm has no option `weights`/],
    [() => okx(wrong("asOf")), /^okx has no option `asOf`; there are table\.$/],
    [() => deribit(wrong("x")), /^deribit has no option `x`/],
    [() => redisLedger(wrong("urls")), /urls: there is no such option; there are url, client/],
    [() => binanceSpot("2023-10-01" as unknown as object), /^binanceSpot expects an object of options, got a string\.$/],
  ];
  for (const [call, message] of calls) assert.throws(call, { code: CONFIG, message });
});

test("a status page with a misspelt token or a port that is none does not open", async () => {
  await using pool = createExitPool({ exits: { local: ["127.0.1.1"] } });
  await assert.rejects(startStatusServer(pool, { tokne: "secret" } as object), { code: CONFIG, message: /no option `tokne`; there are token and/ });
  await assert.rejects(startStatusServer(pool, { port: "http" as unknown as number }), { code: CONFIG, message: /`port`/ });
  assert.throws(() => statusHandler(pool, { allowedHosts: "status.test" as unknown as string[] }), { code: CONFIG, message: /list of names/ });
});

test("an error that is printed shows only what it has", () => {
  assert.deepEqual(Object.keys(new MultihomeError("MH_ERR_CLOSED", "x", { target: "api" })), ["code", "target"]);
  assert.doesNotMatch(inspect(new MultihomeError("MH_ERR_CONFIG", "x")), /undefined/);
});
