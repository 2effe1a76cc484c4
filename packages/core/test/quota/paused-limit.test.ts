import assert from "node:assert/strict";
import { test } from "node:test";
import { Quota } from "../../src/quota/quota.ts";
import { ServerClock } from "../../src/time/server-clock.ts";

test("a limit that an answer has paused is free when the pause ends, also while the server's clock is unknown", () => {
  const quota = new Quota([{ name: "minute", unit: "weight", limit: 1_000, per: "1m", align: "fixed" }], new ServerClock(), undefined);
  const demand = quota.demand({ weight: 1, orders: 0, charges: undefined }, undefined, false);
  const [limit] = quota.limits;
  limit.pause(limit.rowOf(0, undefined, undefined, 0), 5_000);
  assert.equal(quota.shortOf(demand, 0, 0), 0);
  assert.equal(quota.freeAt(demand, 0, 0), 5_000);
  assert.equal(quota.shortOf(demand, 0, 5_000), -1);
});
