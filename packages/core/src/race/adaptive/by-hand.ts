import type { WorthOrder } from "../../lease/worth-order.ts";
import type { Job } from "../job.ts";

/**
 * An exit for a lease by hand or a slot, or -1: the most worth, and where none is worth it any that may be used, those of which
 * nothing is known before those that have failed. It carries no test and waits for none: what its holder does with it, and
 * when, is not known before it is settled. Nor does it wait for an outage to pass.
 */
export function chooseByHand(job: Job, worth: WorthOrder, avoided: readonly number[], mayProxy: boolean, now: number): number {
  worth.any = true;
  try {
    return job.target.desk.choose(job.demand, now, avoided, mayProxy);
  } finally {
    worth.any = false;
  }
}
