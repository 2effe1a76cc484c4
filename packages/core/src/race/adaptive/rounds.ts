import type { WorthOrder } from "../../lease/worth-order.ts";
import type { Job } from "../job.ts";
import { ATTEMPTS } from "./budget.ts";

/** A round is as many legs as a race would have, side by side or one after another. */
export function legsOfRound({ engine, target, width }: Job): number {
  return target.rules.raceMode === "adaptive" ? Math.max(1, Math.min(ATTEMPTS, width, engine.table.size)) : 1;
}

/** So many have been spent on it. */
export function attemptsOf({ excused, started }: Job): number {
  return started - excused;
}

/**
 * May its next attempt be spent on finding out? As long as an exit is worth it, its last round is for such exits; where it has
 * only one, all of it but the first attempt.
 */
export function hasAttemptsToSpare(job: Job, worth: WorthOrder): boolean {
  if (!worth.some) return true;
  const legs = legsOfRound(job);
  const all = job.maxAttempts * legs;
  return all - attemptsOf(job) > Math.max(1, Math.min(legs, all - 1));
}
