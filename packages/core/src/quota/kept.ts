import type { Demand } from "./demand.ts";
import type { Quota } from "./quota.ts";

/**
 * Has a request leave alone what is kept for requests of other kinds: the last `share` of each window, in whole units.
 *
 * It is not given back towards the end of a window, however little of it was used: whoever asked for it wants room at any
 * moment, and the one before the end is one of them.
 */
export function leaveKept(demand: Demand, quota: Quota, share: number): void {
  demand.kept = share;
  let least = Infinity;
  for (const index of demand.limits) {
    const limit = quota.limits[index];
    // Which exit is too full for whom is remembered by weight alone: the limit that counts it says what is kept in its units.
    if (limit.scope === "exit" && (limit.unit === "weight" || limit.unit === "request")) least = Math.min(least, limit.kept(share));
  }
  demand.keptUnits = least === Infinity ? 0 : least;
}
