import type { Demand } from "./demand.ts";
import type { QuotaLimit } from "./limit.ts";
import type { Quota } from "./quota.ts";

/** More limits than any target has, so that a counter's row and its limit make one number. */
const MOST_LIMITS = 1_048_576;

/** Names a counter among all of a target's. */
export function counterId(limit: number, row: number): number {
  return row * MOST_LIMITS + limit;
}

/** Of a demand's limits that count an account's requests, or everybody's: where one of these has no room, no other exit helps. -1: all have. */
export function shortOfCommon(quota: Quota, demand: Demand, now: number): number {
  quota.catchUp(now);
  const { limits, units, keys, account, byHand, kept } = demand;
  for (let i = 0; i < limits.length; i++) {
    const limit = quota.limits[limits[i]];
    if (limit.scope !== "exit" && !limit.fits(limit.rowOf(-1, account, keys[i], now), now, units[i], byHand, kept)) return i;
  }
  return -1;
}

/** The counter that one of those limits is about. */
export function commonCounter(quota: Quota, { account, keys, limits }: Demand, i: number, now: number): number {
  return counterId(limits[i], quota.limits[limits[i]].rowOf(-1, account, keys[i], now));
}

/** How much room there has to be of one of the demand's limits. */
export function needAt(quota: Quota, { kept, limits, units }: Demand, i: number): number {
  return units[i] + quota.limits[limits[i]].kept(kept);
}

/** The same of a limit by its index, on each exit's own counter; 0 where the demand does not count on it. */
export function needOf(quota: Quota, demand: Demand, limit: number): number {
  const { keys, limits } = demand;
  for (let i = 0; i < limits.length; i++) if (limits[i] === limit && keys[i] === undefined) return needAt(quota, demand, i);
  return 0;
}

/** The limit that this demand could never fit in, even when nothing else is sent. */
export function impossible(quota: Quota, demand: Demand): QuotaLimit | undefined {
  for (let i = 0; i < demand.limits.length; i++) {
    const limit = quota.limits[demand.limits[i]];
    if (demand.units[i] > limit.meter.limit - limit.kept(demand.kept)) return limit;
  }
  return undefined;
}

/** How long whoever is too heavy for a limit lets lighter ones pass. */
export function patienceOf({ align, meter }: QuotaLimit): number {
  return align === "fixed" ? Infinity : meter.perMs;
}
