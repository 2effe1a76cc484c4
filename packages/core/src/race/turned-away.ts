import type { MultihomeError } from "../errors.ts";
import { bannedFor } from "./banned.ts";
import { PinLease } from "./by-hand/pin-lease.ts";
import { circuitError, isShut, noneReaches, noWayError, waitsForBreaker } from "./circuit.ts";
import type { Job } from "./job.ts";

/** Why a request that has found no exit does not wait for one; `undefined`: it does. @param offered it was its turn */
export function turnedAway(job: Job, offered: boolean, now: number): MultihomeError | undefined {
  const { ask, engine, target } = job;
  if (offered && noneReaches(target)) return noWayError(target);
  if (!engine.ready || ask !== undefined) return undefined;
  const banned = bannedFor(job, now);
  if (banned !== undefined) return banned;
  // Above the queue, so that a broken target holds no place in it.
  return target.breaker.closed || engine.rules.queueWhenOpen || !atBreaker(job, now) ? undefined : circuitError(target, now);
}

function atBreaker(job: Job, now: number): boolean {
  // A connection that stays is waited for, and slots wait, as does what their workers send.
  if (job.shared || job.way.exclusive || onSlotsLease(job)) return false;
  if (job.picky) return waitsForBreaker(job, now);
  return !job.single || isShut(job.target, now);
}

function onSlotsLease({ hints, lender }: Job): boolean {
  return lender?.job.way.exclusive === true || hints?.lease instanceof PinLease;
}
