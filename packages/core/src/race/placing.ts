import { confirm } from "./ledger/asking.ts";
import { choose } from "./choosing.ts";
import type { Job } from "./job.ts";
import type { Leg } from "./leg.ts";
import { isSet } from "./waiting-room.ts";
import type { Wish } from "./wish.ts";

/** An exit for the request, or -1. Sees to it that the target is served again when that can change. */
export function offer(job: Job, now: number): number {
  const exit = choose(job, now);
  const { books } = job.engine;
  return books === undefined || exit < 0 ? exit : confirm(books, job, exit, now);
}

/** The round begins: the exit is leased, unless it is `held` already, and those of further legs. */
export function launch(job: Job, exit: number, now: number, held?: Leg): void {
  const { engine } = job;
  if (!engine.policy.roundGoesOn(job)) job.rounds++;
  if (job.started === 0) {
    engine.retries.request(now);
    if (engine.timings !== undefined) engine.timings.leased(job, now);
  }
  if (job.wish !== undefined) leavesBy(job.wish, exit);
  // From its line, or through a proxy: else there is none to end or to begin.
  if (isSet(job) || engine.table.isProxy[exit]) setDeadline(job, exit, now);
  if (held !== undefined) engine.leases.confirmed(held, now);
  const first = held ?? engine.leases.out(job, exit, now);
  // Granted: from here on a lease by hand is its holder's.
  if (job.single) job.done = true;
  engine.policy.launch(job, first, now);
}

/** Whoever avoids the previous one knows it by that. */
function leavesBy({ previous }: Wish, exit: number): void {
  if (previous !== undefined) previous.exit = exit;
}

/** On local exits it covers the waiting alone: once there is an exit, it is the client's own timeout that counts. */
function setDeadline(job: Job, exit: number, now: number): void {
  const { timers, table } = job.engine;
  if (job.deadline === Infinity) return;
  if (job.single || !table.isProxy[exit]) timers.remove(job);
  else if (!isSet(job)) timers.add(job, now, job.timeoutMs);
}
