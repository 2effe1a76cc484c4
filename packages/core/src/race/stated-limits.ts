import type { LimitChange } from "../model/pool.ts";
import { statedLimits } from "../quota/exchange-info.ts";
import type { Target } from "./target.ts";

/** Lowers the target's limits to what the exchange says; says where it allows more. */
export function takeStatedLimits(target: Target, exchangeInfo: unknown, warn: (message: string, fields: object) => void): LimitChange[] {
  const changes: LimitChange[] = [];
  for (const { unit, perMs, limit } of statedLimits(exchangeInfo)) {
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
