import { squeezeOf } from "../../lease/explorer.ts";
import type { WorthOrder } from "../../lease/worth-order.ts";
import type { Job } from "../job.ts";
import type { Target } from "../target.ts";
import type { AdaptivePolicy } from "./policy.ts";

/** New ones of a host that are looked at for one test: most of them may be tested at once. */
const NEW_ONES = 16;
/** As many exits as may be tested at once for a target that has none. */
const SHORT_LIST = 100;
/** Targets that wait for a place and are asked whether an unknown exit had better be tested there. */
const OTHERS = 8;

/**
 * An exit that is worth a test, carried by this request; or -1. First those that work elsewhere and are new to this host; then by
 * turns one that has worked before and one that never has.
 *
 * @param squeeze how much of their rest a request that has no exit takes from those that are to be tested later
 */
export function testFor(policy: AdaptivePolicy, job: Job, worth: WorthOrder, squeeze: number, now: number): number {
  const fresh = newHere(policy, job, worth, now);
  if (fresh >= 0) return fresh;
  const knownFirst = policy.random() < 0.5;
  if (knownFirst) {
    const known = knownOne(policy, job, worth, squeeze, now);
    if (known >= 0) return known;
  }
  const unknown = unknownOne(policy, job, squeeze, now);
  return unknown >= 0 || knownFirst ? unknown : knownOne(policy, job, worth, squeeze, now);
}

/**
 * Of a list so short that all of it is being tested, the exit with fewest attempts out: nobody knows yet that it does not work, and
 * there is no other to wait for. Or -1.
 */
export function besideTests({ beliefs, engine }: AdaptivePolicy, job: Job, now: number): number {
  const { inFlight, length } = engine.table;
  if (length > SHORT_LIST) return -1;
  let best = -1;
  for (let exit = 0; exit < length; exit++) {
    if (!beliefs.isTesting(exit) || beliefs.missed(exit) > 0 || (best >= 0 && inFlight[exit] >= inFlight[best]) || !mayUse(job, exit, now)) continue;
    best = exit;
  }
  return best;
}

/** How much of their rest the request takes from exits, while its target has none: nothing as long as it has one. */
export function squeezeFor({ createdAt }: Job, worth: WorthOrder, now: number): number {
  return worth.size > 0 ? 0 : squeezeOf(now - createdAt);
}

function newHere(policy: AdaptivePolicy, job: Job, worth: WorthOrder, now: number): number {
  const { untested } = worth;
  const { beliefs } = job.target.health;
  for (let left = Math.min(NEW_ONES, untested.length); left > 0; left--) {
    const exit = untested.shift() as number;
    beliefs.unlist(exit);
    if (!beliefs.isUntested(exit) || !policy.beliefs.isUp(exit) || worth.takesTurns(exit)) continue;
    if (policy.beliefs.isTesting(exit) || policy.beliefs.isOut(exit) || !mayUse(job, exit, now)) {
      beliefs.list(exit);
      untested.push(exit);
      continue;
    }
    return exit;
  }
  return -1;
}

function knownOne(policy: AdaptivePolicy, job: Job, worth: WorthOrder, squeeze: number, now: number): number {
  const { beliefs } = job.target.health;
  return policy.explorer.known(squeeze, (exit) => {
    const ln = beliefs.lnPotential(exit, worth.lnLimit);
    if (worth.takesTurns(exit)) return 0;
    // Where nothing is usable anything is better, whatever is sent elsewhere.
    return (ln < policy.lnLevel && worth.size > 0) || !mayUse(job, exit, now) ? 0 : Math.exp(ln);
  });
}

function unknownOne(policy: AdaptivePolicy, job: Job, squeeze: number, now: number): number {
  const next = policy.explorer.nextUnknown(squeeze);
  if (next < 0 || betterElsewhere(policy, job.target, next)) return -1;
  return policy.explorer.unknown(squeeze, (exit) => freeInMs(job, exit, now));
}

/** A host that shuts most exits out is no place to find out about one. */
function betterElsewhere(policy: AdaptivePolicy, target: Target, exit: number): boolean {
  const here = target.health.beliefs.worthOfTest(exit);
  const { waiting } = policy.engine.gate;
  for (let i = 0; i < Math.min(OTHERS, waiting.length); i++) {
    const { beliefs } = waiting[i].health;
    if (waiting[i] !== target && waiting[i].worth !== undefined && beliefs.worthOfTest(exit) > here * 1.01) return true;
  }
  return false;
}

/** When the request could leave by it, whatever is believed of it: 0 now, `Infinity` when an attempt has ended, NaN where it is gone. */
export function freeInMs(job: Job, exit: number, now: number): number {
  if (job.engine.table.exits[exit] === undefined) return Number.NaN;
  return mayUse(job, exit, now) ? 0 : Math.max(1, job.target.desk.wakeAt - now);
}

export function mayUse(job: Job, exit: number, now: number): boolean {
  const { demand, engine, target } = job;
  const { desk } = target;
  desk.wakeAt = Infinity;
  const { exits, held, retiring } = engine.table;
  if (exits[exit] === undefined || retiring.has(exit) || desk.isFull(exit, now) || (desk.forSlot && held[exit] === 1)) return false;
  for (const leg of job.legs) if (leg.exitIndex === exit) return false;
  return desk.chooseExit(exit, demand, now);
}
