import { MultihomeError } from "../errors.ts";
import type { Hints } from "../model/request.ts";
import { HandLease } from "./by-hand/hand-lease.ts";
import { neededFamily } from "./needed-family.ts";
import type { Job } from "./job.ts";
import { Leg } from "./leg.ts";
import { PinLease } from "./by-hand/pin-lease.ts";
import { wishOf } from "./wish.ts";

/** Which exits the caller's hints leave to choose from, written into the job. Answers with the reason where it is none. */
export function takeHints(job: Job, given: Hints): MultihomeError | undefined {
  const { engine, target } = job;
  const hints = engine.hintCheck.usable(given);
  job.hints = hints;
  if (hints === undefined) return undefined;
  const { lease } = hints;
  if (lease === undefined) {
    if (hints.affinity !== undefined) job.wish = wishOf(target, hints, job.createdAt, job.timeoutMs);
    return undefined;
  }
  const id = lease?.exit?.id;
  if (typeof id !== "string") return new MultihomeError("MH_ERR_CONFIG", `The hint \`lease\` expects a lease from acquire or tryAcquire; the request to ${target.name} was not sent.`, { target: target.name });
  if ((lease instanceof HandLease || lease instanceof Leg || lease instanceof PinLease) && lease.over) {
    return new MultihomeError("MH_ERR_LEASE_OVER", `The lease of ${id} was released; the request to ${target.name} was not sent on it.`, { target: target.name });
  }
  job.pin = engine.table.indexOf(id) ?? -1;
  if (job.pin < 0) return new MultihomeError("MH_ERR_NO_EXIT", `The exit ${id} of the given lease is not one of this pool's.`, { target: target.name });
  const family = neededFamily(job);
  if (!engine.table.reaches(job.pin, family)) {
    return new MultihomeError("MH_ERR_NO_EXIT", `The exit ${id} of the given lease cannot reach ${target.name}: the request is for an IPv${family} address; it was not sent.`, { target: target.name });
  }
  if (lease instanceof PinLease) lease.usedFor(target);
  else job.lender = lease instanceof Leg ? lease : HandLease.legOf(lease);
  return undefined;
}
