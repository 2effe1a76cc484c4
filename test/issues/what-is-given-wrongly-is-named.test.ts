// Rule: a mistake is answered with what was given and what is allowed, where it is made; never with "cannot read properties of undefined".
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { axiosAdapter } from "@multihome/axios-adapter";
import { createExitPool, MultihomeError, type ExitPool, type ExitPoolOptions, type RequestInfo } from "@multihome/core";
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
