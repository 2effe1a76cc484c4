import type { Ending } from "../../health/bayes.ts";
import type { VerdictKind } from "../../model/verdict.ts";
import type { Leg } from "../leg.ts";
import type { AdaptivePolicy } from "./policy.ts";

/** What the end of an attempt says of exit, host and times. */
export function learn(policy: AdaptivePolicy, leg: Leg, ending: Ending | "success" | "neither", kind: VerdictKind, now: number): void {
  const { blackout, explorer } = policy;
  const { shape } = policy.beliefs;
  const { exitIndex, expected, job } = leg;
  const clean = expected?.clean === true;
  const { beliefs } = job.target.health;
  const elapsedMs = Math.max(0, (leg.headAt > 0 ? leg.headAt : now) - leg.startedAt);
  // A lease by hand takes as long as its holder likes.
  const timed = !job.single || leg.headAt > 0;
  const r = elapsedMs / Math.exp(leg.lnScale);
  const lost = blackout.isLost(leg);
  if (lost) job.excused++;
  if (leg.test) {
    policy.testing--;
    policy.beliefs.tested(exitIndex, ending !== "success" && ending !== "neither" && !lost && (timed || ending !== "silent"));
    if (ending !== "success" && !policy.beliefs.hasWorked(exitIndex)) explorer.missed(exitIndex);
  }
  // One by hand counts from here on, if it says anything: until now its exit was held, not tried.
  if (job.single && ending !== "neither" && ending !== "silent") beliefs.started(exitIndex);
  if (ending === "success") {
    if (clean && timed) shape.record(r, "success");
    beliefs.succeeded(exitIndex, timed ? elapsedMs : undefined);
    return;
  }
  if (ending === "neither" || lost || (!timed && ending === "silent")) return;
  const silent = ending === "silent";
  if (clean && timed) shape.record(r, silent ? "censored" : "failure");
  // What we have given up ourselves may have been about to answer.
  if (!leg.answered && kind !== "aborted") blackout.failed(leg, silent, now);
  beliefs.failed(exitIndex, ending, elapsedMs, silent);
}
