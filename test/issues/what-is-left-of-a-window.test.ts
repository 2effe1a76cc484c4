// Rule: what is left of an exit's window is for whoever it is enough for. Where requests were weighed by charges alone, a light one
// once waited behind heavy ones that no exit had room for; and where a window of weight was used up, so did those that weigh nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type Charge, type ExitPool, type Limit, type RequestInfo } from "@multihome/core";
import { ManualClock, scriptedTransport } from "@multihome/core/testing";

const HOST = "api.test";

async function open(clock: ManualClock, limits: Limit[], weights: (request: RequestInfo) => number | Charge[], exits = ["127.0.1.1", "127.0.1.2"]): Promise<{ pool: ExitPool; send(path: string): void; sent(): string[] }> {
  const pool = createExitPool({ exits: { local: exits }, clock, random: () => 0.5, queue: { timeout: false }, targets: { [HOST]: { limits, weights } } });
  await pool.ready();
  const transport = scriptedTransport([{}], { clock });
  let seen = 0;
  return {
    pool,
    send(path) {
      void pool.run({ method: "GET", url: `http://${HOST}${path}`, host: HOST, path }, transport).catch(() => {});
    },
    sent() {
      const fresh = transport.sent.slice(seen).map(({ url }) => url.slice(`http://${HOST}`.length));
      seen += fresh.length;
      return fresh;
    },
  };
}

const unitsOf = ({ path = "" }: RequestInfo): number => Number(/\d+/.exec(path)?.[0] ?? 0);

test("a light request passes heavy ones where both are weighed by charges", async () => {
  const clock = new ManualClock();
  const { pool, send, sent } = await open(clock, [{ name: "m", unit: "weight", limit: 10, per: "1m", align: "fixed" }], (request) => [{ limit: "m", units: unitsOf(request) }]);
  for (const path of ["/7", "/7?b", "/5", "/4", "/2", "/3", "/1", "/1?b"]) {
    send(path);
    await clock.advance(0);
  }
  assert.deepEqual(sent(), ["/7", "/7?b", "/2", "/3", "/1"]);
  await pool.close({ drain: 0 });
});

test("of two limits it is the one that is short that decides who is light", async () => {
  const clock = new ManualClock();
  const limits: Limit[] = [
    { name: "a", unit: "weight", limit: 10, per: "1m", align: "fixed" },
    { name: "b", unit: "weight", limit: 10, per: "1m", align: "fixed" },
  ];
  const { pool, send, sent } = await open(clock, limits, ({ path = "" }) => [...path.matchAll(/([ab])(\d+)/g)].map(([, limit = "", units]) => ({ limit, units: Number(units) })), ["127.0.1.1"]);
  send("/a8b1");
  send("/a5b1");
  send("/a1b7");
  send("/a1b5");
  send("/b2");
  await clock.advance(0);
  assert.deepEqual(sent(), ["/a8b1", "/a1b7", "/b2"]);
  await pool.close({ drain: 0 });
});

for (const align of ["fixed", "sliding", "bucket"] as const) {
  test(`what weighs nothing goes while a ${align} window of weight is used up, by all exits in turn and no faster than its other limits allow`, async () => {
    const clock = new ManualClock();
    const limits: Limit[] = [
      { name: "weight", unit: "weight", limit: 10, per: "60s", align },
      { name: "count", unit: "request", limit: 4, per: "1s", align: "fixed" },
    ];
    const { pool, send, sent } = await open(clock, limits, unitsOf);
    send("/10");
    send("/10?b");
    await clock.advance(1_000);
    assert.equal(sent().length, 2);
    send("/1");
    for (let i = 0; i < 20; i++) send(`/free?${"x".repeat(i)}`);
    await clock.advance(0);
    assert.equal(sent().length, 8);
    await clock.advance(1_000);
    assert.equal(sent().length, 8);
    await clock.advance(1_000);
    assert.equal(sent().length, 4);
    await clock.advance(60_000);
    assert.deepEqual(sent(), ["/1"]);
    await pool.close({ drain: 0 });
  });
}
