import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationMs } from "../../src/time/duration.ts";
import { builtInTable, compileTable } from "../../src/weights/index.ts";
import { vectors, withQuery, type Params } from "./vectors.ts";

interface DeribitVector {
  id: string;
  method: string;
  path: string;
  rpcMethod: string;
  params: Params;
  body?: object;
  cost: number;
  bucket: string;
  scope: string;
}
interface Pool {
  id: string;
  maxCredits?: number | null;
  refillPerSecond?: number | null;
  sustainedPerSecond?: number;
  windows?: { count: number; windowMs: number }[];
  tiers?: { tier: number; sustainedPerSecond: number; burst: number }[];
}
interface Behaviour {
  id: string;
  given: { pool: string; credits?: number; tokens?: number };
  when: { requestsAtOnce?: number; waitMs?: number };
  then: { creditsLeft?: number; admits?: number; admitted?: number; nextWaitMs?: number; allAdmitted?: boolean };
}

const file = vectors<{ vectors: DeribitVector[]; behaviours: Behaviour[]; limits: { pools: Pool[] } }>("limits-deribit");
const deribit = compileTable(builtInTable("deribit"));
const signed = { Authorization: "Bearer token" };
const limitOf = (name: string | undefined) => deribit.limits.find((limit) => limit.name === name);

describe("Deribit limits", () => {
  for (const { id, method, path, rpcMethod, params, body, cost: units, bucket, scope } of file.vectors) {
    const sent = (headers: Record<string, string>) =>
      deribit.cost(method, withQuery(path, params), body === undefined && method !== "GET" ? JSON.stringify({ jsonrpc: "2.0", id: 1, method: rpcMethod }) : body === undefined ? null : JSON.stringify(body), headers);

    it(`${id}: ${method} ${rpcMethod} takes ${units} from ${bucket}`, () => {
      const cost = sent(signed);
      assert.equal(cost.known, true);
      assert.deepEqual(cost.charges?.[0], { limit: bucket, units });
      assert.equal(limitOf(bucket)?.scope, "account");
    });

    if (scope.startsWith("ip")) {
      it(`${id}: ${rpcMethod} takes it from the address when nobody has signed`, () => {
        assert.deepEqual(sent({}).charges, [{ limit: `${bucket}_ip`, units }]);
        assert.equal(limitOf(`${bucket}_ip`)?.scope, "exit");
      });
    }
  }

  it("pools hold and refill what is documented", () => {
    for (const pool of file.limits.pools) {
      const limit = limitOf(pool.id);
      const perSecond = limit === undefined ? 0 : (limit.limit * 1_000) / durationMs(limit.per);
      if (pool.maxCredits !== undefined && pool.maxCredits !== null) {
        assert.equal(limit?.align, "bucket");
        assert.equal(limit?.limit, pool.maxCredits, pool.id);
        assert.equal(perSecond, pool.refillPerSecond, pool.id);
      }
      const tier = pool.tiers?.at(-1);
      if (tier !== undefined) assert.deepEqual([limit?.limit, perSecond], [tier.burst, tier.sustainedPerSecond]);
      if (pool.maxCredits === undefined && pool.sustainedPerSecond !== undefined) assert.equal(perSecond, pool.sustainedPerSecond, pool.id);
    }
    const moves = deribit.cost("GET", "/api/v2/private/move_positions", null, signed).charges?.map(({ limit }) => [limitOf(limit)?.limit, limitOf(limit)?.per]);
    assert.deepEqual(moves, file.limits.pools.find(({ id }) => id === "custom_move_positions")?.windows?.map(({ count, windowMs }) => [count, windowMs]));
  });

  for (const { id, given, when, then } of file.behaviours) {
    it(`${id}: a pool with the table's numbers behaves as documented`, () => {
      const limit = limitOf(given.pool);
      assert.ok(limit !== undefined);
      const each = file.vectors.find(({ bucket }) => bucket === given.pool)?.cost ?? 1;
      const before = given.credits ?? given.tokens ?? 0;
      const after = Math.min(limit.limit, before + ((when.waitMs ?? 0) * limit.limit) / durationMs(limit.per));
      const admitted = Math.min(when.requestsAtOnce ?? Infinity, Math.floor(after / each));
      if (then.allAdmitted === true) assert.equal(admitted, when.requestsAtOnce);
      if (then.admits !== undefined) assert.equal(admitted, then.admits);
      if (then.admitted !== undefined) assert.equal(admitted, then.admitted);
      if (then.creditsLeft !== undefined) assert.equal(after - (when.requestsAtOnce ?? 0) * each, then.creditsLeft);
      if (then.nextWaitMs !== undefined) assert.equal((each * durationMs(limit.per)) / limit.limit, then.nextWaitMs);
    });
  }

  it("a method that is not listed costs the default, by its own group", () => {
    assert.deepEqual(deribit.cost("GET", "/api/v2/private/something_new", null, signed).charges, [{ limit: "non_matching", units: 500 }]);
    assert.deepEqual(deribit.cost("GET", "/api/v2/public/something_new").charges, [{ limit: "non_matching_ip", units: 500 }]);
    assert.equal(deribit.cost("POST", "/api/v2", "no json").known, false);
  });

  it("a token among the parameters is a signature too", () => {
    assert.equal(deribit.cost("GET", "/api/v2/public/ticker?access_token=x").charges?.[0].limit, "non_matching");
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "public/ticker", params: { access_token: "x" } });
    assert.equal(deribit.cost("POST", "/api/v2", body).charges?.[0].limit, "non_matching");
  });

  it("methods that sources count differently draw on both pools", () => {
    assert.deepEqual(deribit.cost("GET", "/api/v2/private/create_combo", null, signed).charges, [{ limit: "matching_engine", units: 1 }, { limit: "non_matching", units: 500 }]);
  });
});
