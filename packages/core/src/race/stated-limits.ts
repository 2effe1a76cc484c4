import type { LimitChange } from "../model/pool.ts";
import { statedLimits } from "../quota/exchange-info.ts";
import type { Target } from "./target.ts";

/** Lowers the target's limits to what the exchange says; says where it allows more. */
export function takeStatedLimits(target: Target, exchangeInfo: unknown, warn: (message: string, fields: object) => void): LimitChange[] {
  const changes: LimitChange[] = [];
  const stated = statedLimits(exchangeInfo);
  if (stated.length === 0) warn(`What readLimits was given for ${target.name} states no limits: it takes the body of exchangeInfo, with its rateLimits.`, { target: target.name });
  for (const { unit, perMs, limit } of stated) {
    if (!target.quota?.current.some((known) => known.unit === unit && known.meter.perMs === perMs)) {
      warn(`${target.name} states a limit of ${limit} in ${perMs / 1_000} s, unit "${unit}", that the pool does not count: nothing keeps it.`, { target: target.name });
    }
    for (const known of target.quota?.current ?? []) {
      if (known.unit !== unit || known.meter.perMs !== perMs || known.meter.limit === limit) continue;
      const taken = limit < known.meter.limit;
      changes.push({ limit: known.name, pool: known.meter.limit, exchange: limit, taken });
      warn(`${target.name} states ${limit} for its limit "${known.name}"; the pool has ${known.meter.limit}.${taken ? " The smaller one holds from now on." : " That still holds."}`, { target: target.name, limit: known.name });
      if (taken) known.meter.limit = limit;
    }
  }
  return changes;
}
