import type { Quota } from "./quota.ts";

// Exits come and go with the lists that name them. What is counted of one that is gone may be dropped once it no longer matters,
// so that the next exit finds its counters empty.

/** Is nothing counted of the egress, or paused, that a request would have to wait for? Where more is learnt than counts, the answer is no. */
export function mayForget(quota: Quota, egress: number, now: number): boolean {
  quota.catchUp(now);
  return quota.limits.every((limit) => {
    if (limit.scope !== "exit") return true;
    const row = limit.rowOf(egress, undefined, undefined, now);
    return limit.isPlain && !limit.isPaused(row, now) && (row >= limit.meter.rows || limit.meter.idle(row, now));
  });
}

/** After `mayForget` has said yes. */
export function forgetEgress(quota: Quota, egress: number, now: number): void {
  for (const limit of quota.limits) {
    if (limit.scope !== "exit") continue;
    const row = limit.rowOf(egress, undefined, undefined, now);
    if (row < limit.meter.rows) limit.meter.clear(row);
  }
}
