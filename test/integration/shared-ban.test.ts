import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, isMultihomeError, type ExitPool } from "@multihome/core";
import { nodeTransport } from "@multihome/core/node-http";
import { noRedis, RedisServer, startExchange } from "@multihome/core/testing";
import { ledgerText, redisLedger } from "@multihome/redis-ledger";

test("an exit that one process gets banned is left alone by the others, also by one that starts later", { skip: noRedis() }, async () => {
  const server = await RedisServer.start();
  const exchange = await startExchange({ weigh: () => 1 });
  const pools: ExitPool[] = [];
  const ledgers = new Map<ExitPool, ReturnType<typeof redisLedger>>();
  const start = async (): Promise<ExitPool> => {
    const ledger = redisLedger({ url: server.url, deadline: "2s", onUnavailable: "closed" });
    await ledger.ready();
    const pool = createExitPool({
      exits: { local: ["127.0.42.1", "127.0.42.2"] },
      ledger,
      queue: { timeout: "20s" },
      targets: { exchange: { hosts: `127.0.0.1:${exchange.port}`, limits: [{ name: "weight", unit: "weight", limit: 6_000, per: "60s", align: "fixed" }] } },
    });
    pools.push(pool);
    ledgers.set(pool, ledger);
    await pool.ready();
    return pool;
  };
  const send = async (pool: ExitPool): Promise<number | undefined> => {
    const response = await pool.run({ method: "GET", url: `${exchange.url}/api/v3/time` }, nodeTransport());
    response.resume();
    return response.statusCode;
  };
  try {
    const [a, b] = [await start(), await start()];
    exchange.intercept(({ address }) => (address === "127.0.42.1" ? { status: 418, headers: { "retry-after": "600" }, body: "{}" } : undefined));

    // Both exits are tried by the first process; one of them is banned for it.
    for (let i = 0; i < 6; i++) await send(a);
    assert.equal(exchange.books().addresses["127.0.42.1"].requests, 1);
    const late = await start();
    for (const pool of [b, late]) for (let i = 0; i < 6; i++) assert.equal(await send(pool), 200);

    assert.equal(exchange.books().addresses["127.0.42.1"].requests, 1, "nobody else has found out by himself");
    assert.match(ledgerText(ledgers.get(b)!), /^multihome_ledger_mode\{mode="shared"\} 1$/m);
  } catch (error) {
    assert.ok(!isMultihomeError(error), String(error));
    throw error;
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
    await exchange.close();
    await server.stop();
  }
});
