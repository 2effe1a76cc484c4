import type { Reserved } from "../quota/demand.ts";
import { heldOf } from "./by-hand/held.ts";
import type { Job } from "./job.ts";
import type { Leg } from "./leg.ts";

/** Has the lease that pins the request a reservation left that covers it? */
export function lends({ lender, target, weight, demand }: Job): boolean {
  if (lender === undefined || lender.over || lender.counted || lender.job.target !== target || lender.weight < weight) return false;
  const { quota } = target;
  return demand === undefined || quota === undefined || lender.reserved?.demand.covers(demand, (limit) => quota.limits[limit].scope === "account") === true;
}

/** Does the request travel on the place that its lease takes up in `backendLimit`? One at a time does. */
export function rides({ lender, target }: Job): boolean {
  return lender !== undefined && !lender.over && lender.rider === undefined && lender.job.target === target;
}

/** Is it sent on the lease of a slot that works at this target? */
export function onSlot({ lender, target }: Job): boolean {
  return lender?.job.way.exclusive === true && lender.job.target === target;
}

/** The lease has spent what it had reserved; its holder's further requests pay for themselves. */
export function lend(job: Job, lender: Leg): Reserved | undefined {
  const { reserved } = lender;
  lender.reserved = undefined;
  job.grant = lender.grant;
  lender.grant = undefined;
  lender.counted = true;
  return reserved;
}

export function takeGrant(job: Job, leg: Leg): void {
  leg.grant = job.grant;
  job.grant = undefined;
}

/** The place in `backendLimit` that two share: whoever comes back last gives it back. */
export function getOff({ carrier, rider }: Leg): void {
  if (rider !== undefined) rider.carrier = undefined;
  else if (carrier !== undefined) carrier.rider = undefined;
}

/** It leaves on another lease: with its place in `backendLimit`, where nobody else does, and held to it. */
export function sendOn(lender: Leg, leg: Leg, lent: boolean): void {
  const { job } = leg;
  leg.longLived = job.shared || (lent && lender.job.shared);
  if (rides(job)) {
    leg.carrier = lender;
    lender.rider = leg;
  } else {
    job.target.inFlight++;
  }
  heldOf(lender)?.begin();
}
