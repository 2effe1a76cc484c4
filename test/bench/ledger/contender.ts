// One process that takes of a shared budget as fast as it may: node contender.js <engine> <store's port>; told over IPC when to end
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Counter } from "@multihome/core";
import { redisLedger } from "@multihome/redis-ledger";
import { LANES, WEIGHTS, WINDOWS, type ContenderReport } from "./budget.ts";

const [engine, port] = process.argv.slice(2);
const log: [at: number, weight: number][] = [];
const waits: number[] = [];
let errors = 0;

/** Takes so much, or says how long to wait. */
type Take = (weight: number) => Promise<number>;

const ENGINES: Record<string, () => Promise<{ take: Take; end?: () => Promise<unknown> }>> = {
  async multihome() {
    const ledger = redisLedger({ url: `redis://127.0.0.1:${port}`, onUnavailable: "closed" });
    await ledger.ready();
    const counters = (weight: number): Counter[] => WINDOWS.map(({ perMs, limit }) => ({ key: `exit:10.0.0.1|api|${perMs}`, units: weight, limit, perMs, align: "sliding" }));
    return {
      async take(weight) {
        const wanted = counters(weight);
        const now = ledger.tryReserve(wanted, performance.now());
        const answer = now === "unknown" ? await ledger.reserve(wanted) : now;
        if (!answer.ok) return answer.retryAfterMs;
        log.push([Date.now(), weight]);
        ledger.settle(answer.token, wanted.map(({ units }) => units), true);
        return 0;
      },
      end: () => ledger.close(),
    };
  },
  async "rate-limiter-flexible"() {
    const [{ RateLimiterRedis }, { createClient }] = await Promise.all([import("rate-limiter-flexible"), import("redis")]);
    const storeClient = createClient({ url: `redis://127.0.0.1:${port}` });
    storeClient.on("error", () => errors++);
    await storeClient.connect();
    const limiters = WINDOWS.map(({ perMs, limit }) => new RateLimiterRedis({ storeClient, useRedisPackage: true, points: limit, duration: perMs / 1_000, keyPrefix: `rlf${perMs}` }));
    return {
      async take(weight) {
        for (const limiter of limiters) {
          try {
            await limiter.consume("budget", weight);
          } catch (error) {
            if (error instanceof Error) {
              errors++;
              return 5;
            }
            return (error as { msBeforeNext: number }).msBeforeNext || 1;
          }
        }
        log.push([Date.now(), weight]);
        return 0;
      },
      end: () => storeClient.close(),
    };
  },
  async bottleneck() {
    const [{ default: Bottleneck }, ioredis] = await Promise.all([import("bottleneck"), import("ioredis")]);
    const [short] = WINDOWS;
    const limiter = new Bottleneck({
      id: "budget", datastore: "ioredis", clearDatastore: false, clientOptions: { port: Number(port) }, Redis: ioredis.Redis,
      reservoir: short.limit, reservoirRefreshAmount: short.limit, reservoirRefreshInterval: short.perMs,
    });
    limiter.on("error", () => errors++);
    await limiter.ready();
    return {
      async take(weight) {
        await limiter.schedule({ weight, expiration: 2_000 }, async () => void log.push([Date.now(), weight]));
        return 0;
      },
      end: () => limiter.disconnect(false),
    };
  },
};

const { take, end: stop } = await ENGINES[engine]();
process.send?.("ready");
const end = await new Promise<number>((resolve) => process.once("message", (message) => resolve(Number(message))));

async function lane(seed: number): Promise<void> {
  for (let x = seed; Date.now() < end; ) {
    x = (x * 1_103_515_245 + 12_345) & 0x7f_ff_ff_ff;
    const began = performance.now();
    const late = sleep(Math.max(1, end - Date.now() + 200), 1_000);
    const wait = await Promise.race([take(WEIGHTS[x % WEIGHTS.length]), late]).catch(() => {
      errors++;
      return 5;
    });
    waits.push(performance.now() - began);
    if (wait > 0) await sleep(Math.min(wait, Math.max(1, end - Date.now())));
  }
}

await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i * 7_919 + process.pid)));
const report: ContenderReport = { log, waits, errors };
await Promise.race([stop?.(), sleep(500)]);
process.send?.(report, () => process.exit(0));
