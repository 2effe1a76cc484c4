import type { Leg } from "../leg.ts";
import { repeatable } from "../retry.ts";
import type { AdaptivePolicy } from "./policy.ts";

/** Between these shares of the places in use the cut goes from none to what scarcity asks for. */
const SCARCE = { from: 0.5, to: 0.95 };
/** One normal attempt in 25 runs uncut, so that late answers stay observed. */
const UNCUT_SHARE = 0.04;
/** A test of an exit that has never worked is given up after so many typical times, one in four after twice as many: finds the quick ones cheaply. */
const TEST_CUT = { usual: 1.5, long: 3, longShare: 0.25 };
/** Until so many answers have come nobody knows what is typical: one test in three runs as long as any attempt may. */
const FIRST = { answers: 20, uncutShare: 1 / 3 };
/** No attempt is given up sooner: connections and timers take as long. */
const LEAST_CUT_MS = 50;

/**
 * How long the attempt may take to its head. Where there are fewer places than requests, no longer than an answer is worth waiting
 * for; where places are free, as long as any attempt may, with further legs beside it. Between the two it goes smoothly over.
 */
export function limitOf(policy: AdaptivePolicy, leg: Leg): number {
  const { beliefs, blackout, engine } = policy;
  const { gate, rules, table } = engine;
  const { exitIndex, job } = leg;
  const { worth } = job.target;
  if (!table.isProxy[exitIndex]) return rules.attemptTimeoutMs;
  const most = rules.proxyAttemptTimeoutMs;
  if (worth === undefined || !repeatable(job)) return most;
  if (blackout.standing) return blackout.limitMs(leg, most);
  const unknown = leg.test && !beliefs.hasWorked(exitIndex);
  // Without any exit that is known to work, waiting for one guess keeps the next from being made.
  const weight = unknown && policy.isStarving(job.target) && policy.explorer.nextUnknown(0) >= 0 ? 1 : Math.min(1, (gate.usedShare - SCARCE.from) / (SCARCE.to - SCARCE.from));
  // The last attempt that it has may take its time. It is not counted as started yet.
  if (!(weight > 0) || (job.rounds >= job.maxAttempts && !policy.roundGoesOn(job, 1))) return most;
  const cut = unknown ? testCutMs(policy) : policy.random() < UNCUT_SHARE ? Infinity : job.target.health.beliefs.cutMs(exitIndex, worth.lnLimit);
  if (cut >= most) return most;
  return Math.min(most, Math.max(LEAST_CUT_MS, weight === 1 ? cut : cut ** weight * most ** (1 - weight)));
}

function testCutMs({ beliefs, random }: AdaptivePolicy): number {
  if (beliefs.times.successes < FIRST.answers && random() < FIRST.uncutShare) return Infinity;
  return (random() < TEST_CUT.longShare ? TEST_CUT.long : TEST_CUT.usual) * Math.exp(beliefs.times.m0);
}
