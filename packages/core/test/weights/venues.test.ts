import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMultihomeError } from "../../src/errors.ts";
import type { TargetOptions } from "../../src/model/options.ts";
import type { ResponseInfo } from "../../src/model/response.ts";
import { headerLookup } from "../../src/testing/headers.ts";
import { binanceSpot, binanceUsdm, builtInTable, deribit, okx, overrideTable } from "../../src/venues.ts";
import { compileTable } from "../../src/weights/index.ts";
import { vectors } from "./vectors.ts";

const clock = { wallTime: () => Date.UTC(2026, 10, 20, 0, 1, 48) };
const answer = (status: number, body?: unknown, headers: Record<string, string> = {}): ResponseInfo => ({
  status,
  header: headerLookup(headers),
  ...(body === undefined ? {} : { body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) }),
});
const judge = (target: TargetOptions, response: ResponseInfo, path = "/", method = "GET", headers: Record<string, string> = {}) =>
  target.classify?.judge(response, { method, url: `https://example.com${path}`, path, headers });

describe("venues as options", () => {
  const venues = { binanceSpot: binanceSpot(), binanceUsdm: binanceUsdm(), okx: okx(), deribit: deribit() };
  for (const [name, target] of Object.entries(venues)) {
    it(`${name} is plain data whose parts can be replaced`, () => {
      const own: TargetOptions = { ...target, hosts: "127.0.0.1", limits: [{ name: "weight-1m", unit: "weight", limit: 5, per: "1m" }] };
      assert.equal(own.classify, target.classify);
      assert.equal(own.weights, target.weights);
      assert.ok(Array.isArray(target.hosts) && target.hosts.length > 0);
      assert.equal(target.limits, undefined, "the table brings them");
      assert.ok(compileTable(target.weights as object).limits.length > 0);
      assert.equal(structuredClone(target.weights) === target.weights, false, "data through and through");
    });
  }

  it("have no host in common", () => {
    const hosts = Object.values(venues).flatMap(({ hosts: own }) => own as string[]);
    assert.equal(new Set(hosts).size, hosts.length);
    for (const host of vectors<{ spot: { hosts: string[] } }>("limits-binance").spot.hosts) assert.ok(hosts.includes(host.split(" ")[0]), host);
  });

  it("take a day and a table of the user's own", () => {
    const past = compileTable(binanceSpot({ asOf: "2023-10-01" }).weights as object);
    assert.equal(past.cost("GET", "/api/v3/depth?limit=500").weight, 10);
    assert.equal(past.report("GET", "/api/v3/depth").rule?.asOf, "2023-10-01");
    const table = overrideTable(builtInTable("binance-spot"), [{ method: "GET", path: "/api/v3/ping", weight: 9 }]);
    assert.equal(compileTable(binanceSpot({ table }).weights as object).cost("GET", "/api/v3/ping").weight, 9);
    assert.throws(() => binanceSpot({ table: {} }), (error) => isMultihomeError(error) && error.code === "MH_ERR_CONFIG");
    assert.throws(() => binanceSpot({ asOf: "long ago" }), (error) => isMultihomeError(error) && error.code === "MH_ERR_CONFIG");
  });

  it("name an account by its key's header in any case, and never by the key itself", () => {
    const account = (target: TargetOptions, headers: Record<string, string | string[]>): string | undefined => target.account?.({ method: "GET", url: "/", headers });
    const name = account(venues.binanceSpot, { "X-MBX-APIKEY": "secret-key" });
    assert.match(name ?? "", /^[0-9a-f]{16}$/);
    assert.equal(account(venues.binanceSpot, { "x-mbx-apikey": ["secret-key"] }), name);
    assert.equal(account(venues.binanceUsdm, { "X-Mbx-Apikey": "secret-key" }), name);
    assert.notEqual(account(venues.binanceSpot, { "x-mbx-apikey": "other" }), name);
    assert.equal(account(venues.binanceSpot, {}), undefined);
    assert.equal(account(venues.binanceSpot, { "x-mbx-apikey": "" }), undefined);
    assert.equal(account(venues.okx, { "ok-access-key": "secret-key" }), name);
    const signed = (ts: number): string | undefined => account(venues.deribit, { authorization: `deri-hmac-sha256 id=client,ts=${ts},sig=${ts * 7},nonce=${ts}` });
    assert.equal(signed(1), signed(2), "the client's id in a signature that changes each time");
    assert.notEqual(signed(1), account(venues.deribit, { authorization: "deri-hmac-sha256 id=somebody,ts=1,sig=7,nonce=1" }));
  });
});

describe("what Binance's refusals mean", () => {
  const target = binanceSpot({ clock });
  const byId = (id: string) => {
    const found = vectors<{ vectors: { id: string; when: { status?: number; headers?: Record<string, string>; body?: unknown } }[] }>("limits-binance").vectors.find((vector) => vector.id === id);
    assert.ok(found !== undefined);
    return answer(found.when.status ?? 200, found.when.body, found.when.headers);
  };

  it("a 429 or 418 with Retry-After is the default's affair", () => {
    assert.equal(judge(target, byId("bl-06")), undefined);
    assert.equal(judge(target, byId("bl-07")), undefined);
    assert.equal(judge(target, answer(418, { code: -1003, msg: "Way too much request weight used; IP banned until 1660090423228. Please" }, { "Retry-After": "120" })), undefined);
    assert.equal(judge(target, answer(429, { code: -1003, msg: "Too much request weight used; current limit is 6000 request weight per 1 MINUTE." })), undefined);
  });

  it("without Retry-After a ban lasts as long as its message says, on the server's clock", () => {
    const until = 1_659_146_400_000;
    const response = byId("bl-08");
    const date = new Date(until - 300_000).toUTCString();
    assert.deepEqual(judge(target, { ...response, header: (name) => (name.toLowerCase() === "date" ? date : undefined) }), {
      kind: "banned", scope: "exit", retryAfterMs: 300_000, reason: "banned until a time in the message (-1003)",
    });
    const soon = clock.wallTime() + 90_000;
    assert.equal((judge(target, answer(418, { code: -1003, msg: `IP banned until ${soon}.` })) as { retryAfterMs: number }).retryAfterMs, 90_000, "our clock where the answer has no date");
  });

  it("unreadable Retry-After counts as none", () => {
    const soon = clock.wallTime() + 60_000;
    for (const value of ["soon", "-1", "1e3", ""]) {
      assert.equal((judge(target, answer(418, { code: -1003, msg: `IP banned until ${soon}.` }, { "retry-after": value })) as { retryAfterMs: number }).retryAfterMs, 60_000, value);
    }
  });

  it("a ban that is over by its message is still a ban, of the shortest kind", () => {
    assert.deepEqual(judge(target, byId("bl-08")), { kind: "banned", scope: "exit", reason: "banned until a time in the message (-1003)" });
  });

  it("a message that was cut short says nothing about the time", () => {
    for (const message of ["IP banned until ", "IP banned until 16600904", "IP banned until 1660090423228"]) {
      assert.equal(judge(target, answer(418, `{"code":-1003,"msg":"${message}`)), undefined, message);
    }
  });

  it("too many orders stop that account's order limit and nothing else", () => {
    assert.deepEqual(judge(target, byId("bl-09")), { kind: "rate-limited", scope: "account", limit: "orders-10s", reason: "too many orders (-1015)" });
    const daily = answer(429, { code: -1015, msg: "Too many new orders; current limit is 160000 orders per 1 DAY." }, { "retry-after": "35" });
    assert.deepEqual(judge(target, daily), { kind: "rate-limited", scope: "account", limit: "orders-1d", retryAfterMs: 35_000, reason: "too many orders (-1015)" });
    const limits = compileTable(target.weights as object).limits.map(({ name }) => name);
    assert.ok(limits.includes("orders-10s") && limits.includes("orders-1d"));
  });

  it("403 is the firewall's: the address backs off, whatever its page says, and it is no ban", () => {
    for (const response of [answer(403, "<html>banned until 9999999999999 </html>"), answer(403, { code: -1003 }), answer(403)]) {
      assert.deepEqual(judge(target, response), { kind: "blocked", scope: "exit", reason: "refused by the firewall (403)" });
    }
  });

  it("5xx, mistakes of the caller and every success are the default's affair", () => {
    for (const response of [answer(200, { code: -1015 }), answer(503), answer(400, { code: -1121, msg: "Invalid symbol." }), answer(409, { code: -2021 }), answer(429), answer(418), answer(429, "no json")]) {
      assert.equal(judge(target, response), undefined);
    }
  });

  it("futures read the same", () => {
    assert.equal((judge(binanceUsdm(), byId("bl-09")) as { limit: string }).limit, "orders-10s");
  });
});

describe("what OKX's answers mean", () => {
  const target = okx();
  const code = (value: string, status = 200): ResponseInfo => answer(status, { code: value, msg: "x", data: [] });

  it("50011 with 200 or 429 rests the endpoint's own limit for one window", () => {
    const expected = { kind: "rate-limited", scope: "exit", limit: "GET /api/v5/market/ticker", retryAfterMs: 2_000, reason: "too many requests (50011)" };
    assert.deepEqual(judge(target, code("50011"), "/api/v5/market/ticker?instId=BTC-USDT"), expected);
    assert.deepEqual(judge(target, answer(429, '{"msg":"Too Many Requests","code":"50011"}'), "/api/v5/market/ticker"), expected);
    assert.deepEqual(judge(target, code("50011"), "/api/v5/account/balance"), { ...expected, scope: "account", limit: "GET /api/v5/account/balance" });
  });

  it("finds the endpoint by the url where no path is given", () => {
    const verdict = target.classify?.judge(code("50011"), { method: "GET", url: "https://www.okx.com/api/v5/market/books?instId=X" });
    assert.equal((verdict as { limit: string }).limit, "GET /api/v5/market/books");
  });

  it("50061 is the limit over all orders of a sub-account, in single answers and in batches", () => {
    const expected = { kind: "rate-limited", scope: "account", limit: "sub-account-orders", retryAfterMs: 2_000, reason: "too many orders of the sub-account (50061)" };
    assert.deepEqual(judge(target, code("50061"), "/api/v5/trade/order", "POST"), expected);
    assert.deepEqual(judge(target, answer(200, { code: "1", msg: "", data: [{ sCode: "50061", sMsg: "x" }] }), "/api/v5/trade/batch-orders", "POST"), expected);
  });

  it("50013 is the exchange's trouble, although it comes with 429", () => {
    assert.equal((judge(target, code("50013", 429)) as { kind: string }).kind, "target-error");
  });

  it("everything else is the default's affair", () => {
    const filler = { ts: "1", px: "50011" };
    for (const response of [
      code("0"), code("51000"), answer(200), answer(429), answer(200, "["), answer(200, { code: "1", data: [{ sCode: "51008" }] }),
      answer(200, { data: [{ code: "50011" }], msg: "\"code\":\"50011\"" }), answer(200, { msg: "", data: Array.from({ length: 300 }, () => filler), code: "50011" }),
      answer(200, '{"code":"5001'), answer(200, '{"code":50011'),
    ]) {
      assert.equal(judge(target, response, "/api/v5/market/ticker"), undefined);
    }
  });
});

describe("what Deribit's answers mean", () => {
  const target = deribit();
  const error = (code: number, status = 400): ResponseInfo => answer(status, { jsonrpc: "2.0", id: 42, error: { code, message: "x" }, usIn: 1, testnet: false });

  it("10028 rests the pool that the method draws on, whatever the status", () => {
    for (const status of [200, 400, 429]) {
      assert.deepEqual(judge(target, error(10_028, status), "/api/v2/private/buy?amount=1"), {
        kind: "rate-limited", scope: "account", limit: "matching_engine", retryAfterMs: 4_000, reason: "too_many_requests (10028)",
      });
    }
    assert.equal((judge(target, error(10_028), "/api/v2/public/ticker") as { scope: string }).scope, "exit");
    assert.equal((judge(target, error(10_028), "/api/v2/public/ticker", "GET", { authorization: "Bearer x" }) as { limit: string }).limit, "non_matching");
    assert.equal((judge(target, error(10_028), "/api/v2/public/get_instruments") as { retryAfterMs: number }).retryAfterMs, 10_000, "not the whole pool");
  });

  it("too many at once is ours, a full engine is theirs", () => {
    assert.equal((judge(target, error(10_066)) as { kind: string }).kind, "rate-limited");
    assert.equal((judge(target, error(10_047)) as { kind: string }).kind, "target-error");
  });

  it("everything else is the default's affair", () => {
    for (const response of [error(10_009), answer(429), answer(200, { jsonrpc: "2.0", result: { error: { code: 10_028 } } }), answer(200, { error: null }), answer(400, '{"error":{"message":"code":10028')]) {
      assert.equal(judge(target, response, "/api/v2/private/buy"), undefined);
    }
  });
});
