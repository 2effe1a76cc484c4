import type { Demand } from "./demand.ts";
import type { QuotaLimit } from "./limit.ts";
import type { Outcome } from "./meter.ts";

/** Takes the fullest counter of the exit for full. @returns until when; 0 where none is */
export function refuse(limits: readonly QuotaLimit[], demand: Demand, egress: number, told: boolean, outcome: Outcome): number {
  let fullest: QuotaLimit | undefined;
  let fullestRatio = -1;
  for (let i = 0; i < demand.limits.length; i++) {
    const limit = limits[demand.limits[i]];
    if (limit.scope !== "exit" || (limit.unit !== "weight" && limit.unit !== "request")) continue;
    const ratio = limit.meter.used(limit.rowOf(egress, demand.account, demand.keys[i], outcome.now), outcome.now) / limit.meter.limit;
    if (ratio <= fullestRatio) continue;
    fullest = limit;
    fullestRatio = ratio;
  }
  if (fullest === undefined) return 0;
  const row = fullest.rowOf(egress, demand.account, undefined, outcome.now);
  fullest.refused(row, outcome);
  if (told || fullest.align !== "fixed") return 0;
  fullest.meter.observe(row, fullest.meter.limit, outcome);
  return fullest.meter.resetsAt(row, outcome.now);
}
