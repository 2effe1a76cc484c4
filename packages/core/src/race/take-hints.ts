import { MultihomeError } from "../errors.ts";
import type { Hints } from "../model/request.ts";
import type { Job } from "./job.ts";
import { Leg } from "./leg.ts";
import { wishOf } from "./wish.ts";

/** Which exits the caller's hints leave to choose from, written into the job. Answers with the reason where it is none. */
export function takeHints(job: Job, hints: Hints): MultihomeError | undefined {
  const { engine, target } = job;
  const { lease } = hints;
  if (lease === undefined) {
    if (hints.affinity !== undefined) job.wish = wishOf(target, hints, job.createdAt, job.timeoutMs);
    return undefined;
  }
  job.pin = engine.table.indexOf(lease.exit.id) ?? -1;
  if (lease instanceof Leg) job.lender = lease;
  return job.pin >= 0 ? undefined : new MultihomeError("MH_ERR_NO_EXIT", `The exit ${lease.exit.id} of the given lease is not one of this pool's.`, { target: target.name });
}
