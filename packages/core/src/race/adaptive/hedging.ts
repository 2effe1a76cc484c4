import { Alarm } from "../../time/timer-queue.ts";
import { mayAlso } from "../ledger/further-grant.ts";
import { furtherExit } from "../hedge.ts";
import type { Job } from "../job.ts";
import type { AdaptivePolicy } from "./policy.ts";
import { testFor } from "./tests.ts";

/** Above this share of the places further legs would take what requests will need. */
const BUSY = 0.9;
/** A timer is not set for less. */
const LEAST_MS = 1;
/** Where there was nothing to send by, it is asked again after such a part of what has been waited so far: where answers take a millisecond, each of them would be looked at else. */
const AGAIN_AFTER = 1 / 4;

/**
 * A further leg when an answer takes longer than that of most: after `hedgeAt` of the answers of this exit would have come. The
 * first leg stays: with free places it may still be the first to answer.
 *
 * @param sentAt when the leg was sent that is waited for
 * @param leastMs not sooner than after so long
 */
export function armHedge(policy: AdaptivePolicy, job: Job, exit: number, sentAt: number, now: number, leastMs = LEAST_MS): void {
  const delayMs = policy.hedgeDelayMs(job.target, exit);
  const alarm = (job.hedge ??= new Alarm((at) => fire(policy, job, at)));
  policy.engine.timers.set(alarm, now, Math.max(now + leastMs, sentAt + delayMs));
}

/** May the request have one more leg? Counts those that are out, for a leg that has failed is one less that may answer. */
export function roomForLeg(policy: AdaptivePolicy, job: Job): boolean {
  const { engine, target } = job;
  if (job.done || job.queued || job.live === 0 || job.live >= job.width || policy.blackout.standing) return false;
  if (target.line.size > target.asking || engine.gate.usedShare >= BUSY || target.inFlight >= target.rules.backendLimit) return false;
  return job.rounds < job.maxAttempts || policy.roundGoesOn(job);
}

function fire(policy: AdaptivePolicy, job: Job, now: number): void {
  if (job.done || job.queued || job.live === 0) return;
  policy.moment(now);
  if (roomForLeg(policy, job)) {
    const exit = furtherExit(job, job.legs.map((leg) => leg.exitIndex), now);
    if (exit >= 0) sendAlso(policy, job, exit, now);
    // While hardly any exit is known, a further leg is a test.
    else if (policy.isStarving(job.target) || policy.mayTestNow()) testAlso(policy, job, now);
  }
  if (job.done || job.queued || job.live === 0) return;
  const last = job.legs.at(-1);
  armHedge(policy, job, last?.exitIndex ?? -1, now, now, Math.max(LEAST_MS, (now - (last?.startedAt ?? now)) * AGAIN_AFTER));
}

/** A test as a further leg. @returns false where there is nothing to test, or no room */
export function testAlso(policy: AdaptivePolicy, job: Job, now: number): boolean {
  const { worth } = job.target;
  if (worth === undefined || !roomForLeg(policy, job) || !policy.engine.gate.mayProxy) return false;
  const exit = testFor(policy, job, worth, 0, now);
  return exit >= 0 && sendAlso(policy, job, policy.willTest(exit), now);
}

/** A further leg, as far as limits and a ledger let it go. */
function sendAlso(policy: AdaptivePolicy, job: Job, exit: number, now: number): boolean {
  if (mayAlso(job, exit, now) !== "now") {
    policy.notSent();
    return false;
  }
  job.begin(policy.engine.leases.out(job, exit, now));
  return true;
}
