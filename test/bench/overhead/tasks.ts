import type { Driver, ExitPool, RequestInfo, ResponseInfo } from "@multihome/core";
import { noopTransport } from "@multihome/core/testing";
import Bottleneck from "bottleneck";
import { circuitBreaker, ConsecutiveBreaker, handleAll, retry, wrap } from "cockatiel";
import PQueue from "p-queue";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { poolOf, TWO_WINDOWS } from "./pools.ts";
import type { Contestant } from "./sampler.ts";

const REQUEST: RequestInfo = { method: "GET", host: "api.example.com", path: "/", url: "http://api.example.com/" };
const ANSWER: ResponseInfo = { status: 200, header: () => undefined };
const DONE = Promise.resolve(ANSWER);
const task = (): Promise<ResponseInfo> => DONE;

const DRIVER: Driver = {
  start(leg) {
    leg.respond(ANSWER);
    leg.end();
  },
  stop() {},
  deliver() {},
  reject(error) {
    throw error;
  },
};

/** One promise for each task, one after the other, of a task that does nothing. */
function each(name: string, burst: number, run: () => Promise<unknown>): Contestant {
  return {
    name,
    burst,
    async run(requests) {
      for (let i = 0; i < requests; i++) await run();
    },
  };
}

function byRun(name: string, pool: ExitPool): Contestant {
  const transport = noopTransport();
  return each(name, 20_000, () => pool.run(REQUEST, transport));
}

function byDrive(name: string, pool: ExitPool): Contestant {
  return {
    name,
    burst: 50_000,
    run(requests) {
      for (let i = 0; i < requests; i++) pool.drive(REQUEST, DRIVER);
    },
  };
}

/** `run` and `drive` over pools of three sizes, beside what programs put around their requests today. */
export async function tasks(): Promise<{ contestants: Contestant[]; pools: ExitPool[] }> {
  const [one, some, many, limited] = [await poolOf(1), await poolOf(250), await poolOf(20_000), await poolOf(250, TWO_WINDOWS)];
  const queue = new PQueue({ concurrency: 100 });
  const bottleneck = new Bottleneck({ maxConcurrent: 100 });
  const policy = wrap(retry(handleAll, { maxAttempts: 5 }), circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }));
  const limiter = new RateLimiterMemory({ points: 1_000_000_000, duration: 60 });
  const contestants = [
    each("bare: await", 100_000, task),
    byRun("run, 1 exit", one),
    byRun("run, 250 exits", some),
    byRun("run, 20,000 exits", many),
    byRun("run, 250 exits with two windows each", limited),
    byDrive("drive, 1 exit", one),
    byDrive("drive, 250 exits", some),
    byDrive("drive, 20,000 exits", many),
    each("p-queue", 5_000, () => queue.add(task)),
    each("cockatiel: retry around a breaker", 20_000, () => policy.execute(task)),
    each("rate-limiter-flexible in memory", 20_000, () => limiter.consume("key").then(task)),
    each("bottleneck", 100, () => bottleneck.schedule(task)),
  ];
  return { contestants, pools: [one, some, many, limited] };
}
