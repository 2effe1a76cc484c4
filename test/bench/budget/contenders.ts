import { createExitPool } from "@multihome/core";
import { binanceSpot } from "@multihome/core/venues";
import { binanceSpotPrice, type ExchangeAnswer } from "@multihome/core/testing";
import Bottleneck from "bottleneck";
import PQueue from "p-queue";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Clock } from "@multihome/core";
import { meanWeight, type Asked } from "./requests.ts";
import { ADDRESSES, LIMIT, WINDOW_MS, type World } from "./world.ts";

/** Sends what it is given as fast as its rules allow; resolves when an answer has come, whatever it says. */
export type Send = (asked: Asked) => Promise<unknown>;

/** One life of a program. */
export interface Program {
  readonly send: Send;
  /** Before that nothing can be sent. */
  readonly ready?: Promise<void>;
  /** Ends in an orderly way; absent: it has nothing to remember. */
  close?(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** How many requests of a program wait or are under way at any time: enough that nobody is short of work. */
  readonly backlog: number;
  /** Everything that it has to know is made anew: a start, or a start after an end. @param stateFile what it may remember things in */
  start(world: World, clock: Clock, stateFile: string | undefined): Program;
}

export const OURS: Contender = {
  name: "multihome",
  backlog: 1_000,
  start(world, clock, stateFile) {
    const pool = createExitPool({
      clock,
      random: world.random,
      exits: { local: ADDRESSES },
      targets: { binance: binanceSpot({ clock }) },
      queue: { capacity: 5_000, timeout: false },
      summaryEvery: false,
      ...(stateFile === undefined ? {} : { state: { file: stateFile } }),
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    });
    const send: Send = (asked) =>
      pool.run<ExchangeAnswer>(
        { method: asked.method, url: `https://api.binance.com${asked.path}${asked.query === "" ? "" : `?${asked.query}`}`, host: "api.binance.com", path: `${asked.path}?${asked.query ?? ""}` },
        {
          send: (lease) => world.exchange(lease.exit.address ?? "", asked),
          inspect: ({ status, headers, body }) => ({ status, header: (name) => headers[name], body: Buffer.from(body) }),
          discard: ignore,
        },
      );
    return { send, ready: pool.ready(), close: () => pool.close() };
  },
};

function ignore(): void {}

/** The others know the weights just as well, and give every address a limiter of its own, in turn. */
function inTurn(world: World, limiterFor: (address: string) => (weight: number, send: () => Promise<unknown>) => Promise<unknown>): Program {
  const limiters = ADDRESSES.map(limiterFor);
  let turn = 0;
  const send: Send = (asked) => {
    const at = turn++ % ADDRESSES.length;
    const weight = binanceSpotPrice({ ...asked, address: "" })?.weight ?? 1;
    return limiters[at](weight, () => world.exchange(ADDRESSES[at], asked));
  };
  return { send };
}

const BOTTLENECK: Contender = {
  name: "bottleneck",
  backlog: 1_000,
  start: (world) =>
    inTurn(world, () => {
      const limiter = new Bottleneck({ reservoir: LIMIT, reservoirRefreshAmount: LIMIT, reservoirRefreshInterval: WINDOW_MS });
      return (weight, send) => limiter.schedule({ weight }, send);
    }),
};

/** As ccxt throttles: a bucket that leaks at the limit's rate, one request after another. */
const LEAKY: Contender = {
  name: "leaky bucket (as ccxt)",
  backlog: 1_000,
  start: (world, clock) =>
    inTurn(world, () => {
      let freeAt = clock.now();
      return async (weight, send) => {
        const at = Math.max(clock.now(), freeAt);
        freeAt = at + (weight * WINDOW_MS) / LIMIT;
        if (at > clock.now()) await new Promise<void>((resolve) => void clock.setTimeout(resolve, at - clock.now()));
        return send();
      };
    }),
};

/** It counts requests, not weights: as many as fit on average, less a tenth for chance. */
const P_QUEUE: Contender = {
  name: "p-queue",
  backlog: 1_000,
  start: (world) =>
    inTurn(world, () => {
      const queue = new PQueue({ interval: WINDOW_MS, intervalCap: Math.floor((0.9 * LIMIT) / meanWeight()) });
      return (_weight, send) => queue.add(send);
    }),
};

const FLEXIBLE: Contender = {
  name: "rate-limiter-flexible",
  backlog: 1_000,
  start: (world, clock) =>
    inTurn(world, () => {
      const limiter = new RateLimiterMemory({ points: LIMIT, duration: WINDOW_MS / 1_000 });
      return async (weight, send) => {
        for (;;) {
          try {
            await limiter.consume("address", weight);
            break;
          } catch (refusal) {
            const { msBeforeNext } = refusal as { msBeforeNext: number };
            await new Promise<void>((resolve) => void clock.setTimeout(resolve, Math.max(1, msBeforeNext)));
          }
        }
        return send();
      };
    }),
};

export const CONTENDERS: readonly Contender[] = [OURS, BOTTLENECK, LEAKY, P_QUEUE, FLEXIBLE];
