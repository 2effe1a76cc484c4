import { admitted, asksBreaker, circuitWakeAt, notSent } from "./circuit.ts";
import type { Job } from "./job.ts";
import { lends, rides } from "./lending.ts";
import type { Leg } from "./leg.ts";

/** The exit of the lease that a request is sent on, or -1; then the desk's `wakeAt` says when to ask again. */
export function choosePinned(job: Job, now: number): number {
  const { pin, target } = job;
  const { desk, rules } = target;
  if (target.inFlight >= rules.backendLimit && !rides(job)) return -1;
  if (asksBreaker(job) && !admitted(job, now)) {
    desk.wakeAt = circuitWakeAt(job, now);
    return -1;
  }
  if (lends(job) ? mayUseReserved(job, job.lender as Leg, now) : desk.chooseExit(pin, job.demand, now)) return pin;
  notSent(job);
  return -1;
}

/** Its room is reserved. But the lease may be older than a refusal: whoever sends all the same makes it a longer one. */
function mayUseReserved({ demand, engine, pin, target }: Job, lender: Leg, now: number): boolean {
  const { table } = engine;
  const { desk, pauses, quota } = target;
  const egress = table.egress[pin];
  let until = Math.max(pauses.untilForAll(demand?.account), pauses.untilOf(egress));
  if (quota !== undefined && demand !== undefined) {
    demand.limits.forEach((index, i) => {
      const limit = quota.limits[index];
      if (limit.pausedUntil.length > 0) until = Math.max(until, limit.pausedUntil[limit.rowOf(egress, demand.account, demand.keys[i], now)] ?? 0);
    });
  }
  // The distance to the send before it was kept by its lease; that to whoever has sent since is not.
  const spacingMs = table.isProxy[pin] ? desk.rules.proxySpacingMs : desk.rules.spacingMs;
  const spacedUntil = desk.spacedUntil(pin);
  if (spacedUntil > lender.startedAt + spacingMs) until = Math.max(until, spacedUntil);
  if (until <= now) return true;
  desk.wakeAt = until;
  return false;
}
