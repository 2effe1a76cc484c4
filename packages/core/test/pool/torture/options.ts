import type { ExitPoolOptions, Hints, RequestInfo } from "../../../src/index.ts";
import type { TargetOptions } from "../../../src/model/options.ts";
import type { FlakyLedger } from "./flaky-ledger.ts";
import { costOf, egressOf, HOSTS } from "./server.ts";
import type { SpinClock } from "./spin-clock.ts";
import type { Asks, LimitSpec, World } from "./world.ts";
import { seededRandom } from "../../../src/testing/index.ts";

export function exitsOf(locals: number, proxies: number, from = 1): string[] {
  return [...Array.from({ length: locals }, (_, i) => `127.0.1.${i + from}`), ...Array.from({ length: proxies }, (_, i) => `socks5://192.0.2.${i + from}:1080`)];
}

export function limitsOf(specs: readonly LimitSpec[]): NonNullable<TargetOptions["limits"]> {
  return specs.map(({ unit, align, scope, perMs, limit }, i) => ({ name: `${unit}-${i}`, unit, align, scope, per: perMs, limit }));
}

export function raceOf(race: World["race"]): NonNullable<TargetOptions["race"]> {
  return race === undefined ? {} : { mode: race.mode, width: race.width, ...(race.delayMs === undefined ? {} : { delay: race.delayMs }) };
}

export const KINDS = { orders: { priority: 1, reserve: 0.3 }, data: { weight: 3 } };
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export function optionsOf(world: World, clock: SpinClock, ledger: FlakyLedger | undefined): ExitPoolOptions {
  const { locals, proxies, strategy, race, limits, spacingMs, backendLimit, threshold, onBan } = world;
  const rules: TargetOptions = {
    weights: (request) => costOf(request).weight,
    account: (request) => costOf(request).account,
    race: raceOf(race),
    breaker: { threshold, probeEvery: "10s" },
    onBan,
    ...(spacingMs === undefined ? {} : { spacing: spacingMs }),
    ...(backendLimit === undefined ? {} : { backendLimit }),
  };
  const all = exitsOf(locals, proxies);
  return {
    exits: { ...exitOptions(all), ...(strategy === undefined ? {} : { strategy }), ...(world.shareEgress ? { egress: ({ id }) => egressOf(id) } : {}) },
    targets: { [HOSTS[0]]: { ...rules, ...(limits.length === 0 ? {} : { limits: limitsOf(limits) }) } },
    defaults: { race: raceOf(race), ...(spacingMs === undefined ? {} : { spacing: spacingMs }) },
    queue: { capacity: world.capacity, maxAttempts: world.maxAttempts, timeout: world.timeoutMs, onOpen: world.onOpen },
    health: { deadAfterSamples: world.deadAfter, cooldownAfter: world.cooldownAfter },
    perExitInFlight: world.perExit ?? null,
    ...(world.maxInFlight === undefined ? {} : { maxInFlight: world.maxInFlight }),
    ...(world.attemptMs === undefined ? {} : { attemptTimeout: world.attemptMs }),
    ...(world.kinds ? { kinds: KINDS } : {}),
    ...(ledger === undefined ? {} : { ledger }),
    logger: SILENT,
    summaryEvery: false,
    clock,
    random: seededRandom(world.random),
  };
}

export function exitOptions(all: readonly string[]): { local: string[] | false; proxies: string[] } {
  const local = all.filter((exit) => !exit.includes("://"));
  return { local: local.length === 0 ? false : local, proxies: all.filter((exit) => exit.includes("://")) };
}

export function requestOf({ host, method, weight, key }: Asks): RequestInfo {
  const path = `/w${weight}`;
  return { method, url: `http://${HOSTS[host]}${path}`, host: HOSTS[host], path, ...(key === 0 ? {} : { headers: { "x-key": `key-${key}` } }), ...(method === "POST" ? { body: "x" } : {}) };
}

export function hintsOf({ kind, affinity, race, priority }: Asks): Hints {
  return { ...(kind === undefined ? {} : { kind }), ...(affinity === undefined ? {} : { affinity }), ...(race === undefined ? {} : { race }), ...(priority === undefined ? {} : { priority }) };
}
