import type { Leg } from "../leg.ts";

/** Why a leg leaves by its exit, in a few words. */
export function whyThis({ exitIndex, job }: Leg): string {
  const { target } = job;
  if (job.pin >= 0) return "pinned by a lease";
  if (job.probe) return "the breaker's probe: the best of those that rest";
  if (job.shared) return "the fewest connections";
  const further = job.live > 0 ? (target.rules.raceMode === "hedge" ? "hedge, " : "further leg, ") : "";
  switch (target.strategy) {
    case "adaptive":
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
