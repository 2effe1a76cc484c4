import type { Census } from "../../src/health/census.ts";
import { PoolHealth } from "../../src/health/pool-health.ts";
import { DEFAULT_HEALTH, type HealthRules } from "../../src/health/rules.ts";
import type { TargetHealth } from "../../src/health/target-health.ts";
import type { VerdictKind } from "../../src/model/verdict.ts";

export function census(proxies: number, locals = 0): Census {
  const isProxy = Array.from({ length: proxies + locals }, (_, exit) => exit < proxies);
  return { exits: isProxy.map((_, exit) => ({ id: `exit ${exit}` })), isProxy, proxies, locals };
}

export function poolOf(proxies: number, locals = 0, rules: Partial<HealthRules> = {}, mostCells?: number): PoolHealth {
  return new PoolHealth(census(proxies, locals), { ...DEFAULT_HEALTH, ...rules }, mostCells);
}

/** One attempt that begins and ends at `now`; what it changed, in words. */
export function attempt(target: TargetHealth, exit: number, kind: VerdictKind, now: number, latencyMs = 0): string[] {
  target.started(exit);
  return target.ended(exit, kind, latencyMs, now).map((change) => {
    switch (change.kind) {
      case "cooled":
        return `cooled ${change.exit} for ${change.forMs / 1_000} s`;
      case "spared":
        return `spared ${change.exit}`;
      case "recovered":
        return `recovered ${change.exit}${change.early ? " early" : ""}`;
      case "died":
        return `died ${change.exit}`;
      case "revived":
        return `revived ${change.exit}`;
      case "target-blamed":
        return "target blamed";
      case "target-cleared":
        return "target cleared";
      default: {
        const never: never = change;
        throw new TypeError(String(never));
      }
    }
  });
}

export function attempts(target: TargetHealth, exit: number, kind: VerdictKind, times: number, now: number): string[] {
  const all: string[] = [];
  for (let i = 0; i < times; i++) all.push(...attempt(target, exit, kind, now));
  return all;
}
