import { LEAST_CHANCE } from "../../health/target-beliefs.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";
import { percent, seconds } from "./belief.ts";

/** Why a leg leaves by its exit, in a few words. */
export function whyThis({ exitIndex, job, test }: Leg): string {
  const { target } = job;
  if (job.pin >= 0) return "pinned by a lease";
  if (job.probe) return "the breaker's probe: the best of those that rest";
  if (job.shared) return "the fewest connections";
  const further = job.live > 0 ? (target.rules.raceMode === "hedge" ? "hedge, " : "further leg, ") : "";
  switch (target.strategy) {
    case "adaptive":
      return `${further}${byBeliefs(job, exitIndex, test)}`;
    case "score":
      return `${further}${target.strategy}: score ${target.health.score(exitIndex).total.toFixed(2)}`;
    case "rotate":
      return `${further}rotate: unused for longest`;
    case "random":
      return `${further}random`;
    case "failover":
      return `${further}failover: the first in order`;
    default: {
      const never: never = target.strategy;
      throw new TypeError(`Unknown strategy ${String(never)}.`);
    }
  }
}

/** What the adaptive policy had in mind, as it is believed at this moment. */
function byBeliefs({ engine, single, target }: Job, exit: number, test: boolean): string {
  const { beliefs } = target.health;
  const { pool } = beliefs;
  if (engine.policy.blackout?.standing === true && !single) return "to see whether the network is back";
  const up = `up with ${percent(pool.up(exit))} %`;
  if (test) {
    if (!pool.hasWorked(exit)) return pool.missed(exit) === 0 ? "a test: nothing is known of it yet" : `a test: has not worked yet, ${up}`;
    return beliefs.tries(exit) <= 1 && !beliefs.wasAccepted(exit) ? "a test: works elsewhere and is new to this host" : `a test: has worked before, ${up}`;
  }
  const chance = beliefs.chance(exit);
  const times = `typically ${seconds(Math.round(Math.exp(beliefs.lnScale(exit))))}`;
  if (target.worth?.takesTurns(exit) === true) return `own addresses take turns: unused for longest, ${times}`;
  if (chance >= LEAST_CHANCE) return `worth most of those that are free: ${percent(chance)} % of its attempts should succeed, ${times}`;
  return `none is worth more: ${percent(chance)} % of its attempts should succeed`;
}
