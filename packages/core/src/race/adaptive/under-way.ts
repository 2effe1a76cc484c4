import type { Job } from "../job.ts";
import type { Target } from "../target.ts";
import { armHedge, roomForLeg, testAlso } from "./hedging.ts";
import type { AdaptivePolicy } from "./policy.ts";

/** Requests under way that are asked whether they can carry a test. */
const MOST_LOOKED = 64;

/** Requests with legs in flight that may have more. */
export class UnderWay {
  readonly #policy: AdaptivePolicy;
  /** By target, in the order in which they were sent. */
  readonly #racing = new Map<Target, Set<Job>>();
  /** Sent while more requests waited than there were places, and so without a hedge. */
  readonly #unhedged = new Set<Job>();
  #busy = false;

  constructor(policy: AdaptivePolicy) {
    this.#policy = policy;
  }

  add(job: Job, hedged: boolean): void {
    const racing = this.#racing.get(job.target);
    if (racing === undefined) this.#racing.set(job.target, new Set([job]));
    else racing.add(job);
    if (!hedged) this.#unhedged.add(job);
  }

  delete(job: Job): void {
    const racing = this.#racing.get(job.target);
    if (racing?.delete(job) !== true) return;
    if (racing.size === 0) this.#racing.delete(job.target);
    if (this.#unhedged.size > 0) this.#unhedged.delete(job);
  }

  /** Nobody waits any more for want of a place: further legs for those that have been out for long, and tests as further legs. */
  idle(now: number): void {
    if (this.#busy || this.#racing.size === 0) return;
    this.#busy = true;
    const policy = this.#policy;
    try {
      if (this.#unhedged.size > 0) this.#hedgeAll(now);
      while (policy.mayTestNow() && this.#testBeside(now));
    } finally {
      this.#busy = false;
    }
  }

  /** What had no hedge because others waited gets it once nobody does: one that hangs would keep its request for as long as an attempt may take. */
  #hedgeAll(now: number): void {
    const late = [...this.#unhedged];
    this.#unhedged.clear();
    for (const job of late) {
      const last = job.legs.at(-1);
      if (last !== undefined && job.live > 0) armHedge(this.#policy, job, last.exitIndex, last.startedAt, now);
    }
  }

  /** @returns false where there is nothing to test, or nobody to carry it */
  #testBeside(now: number): boolean {
    this.#policy.moment(now);
    let looked = 0;
    for (const [target, jobs] of this.#racing) {
      if (target.worth === undefined) continue;
      for (const job of jobs) {
        if (++looked > MOST_LOOKED) return false;
        if (!roomForLeg(this.#policy, job)) continue;
        return testAlso(this.#policy, job, now);
      }
    }
    return false;
  }
}
