import type { Job } from "./job.ts";
import type { Leg } from "./leg.ts";
import { isSet } from "./waiting-room.ts";

/** An exit for the request, or -1. Sees to it that the target is served again when that can change. */
export function offer(job: Job, now: number): number {
  const { engine, target } = job;
  const { desk, rules } = target;
  const { gate } = engine;
  desk.wakeAt = Infinity;
  if (!job.shared && !gate.open) {
    gate.wait(target);
    return -1;
  }
  if (target.inFlight >= rules.backendLimit) return -1;
  if (job.pin >= 0) return desk.chooseExit(job.pin, job.demand, now) ? job.pin : -1;
  if (job.shared) return desk.chooseShared(job.demand, now);
  const exit = desk.choose(job.demand, now, job.tried, gate.mayProxy);
  if (exit < 0 && !gate.mayProxy) gate.wait(target);
  return exit;
}

/** The round begins: the exit is leased, and those of further legs. */
export function launch(job: Job, exit: number, now: number): void {
  const { engine } = job;
  job.rounds++;
  if (job.rounds === 1) engine.retries.request(now);
  setDeadline(job, exit, now);
  const first = engine.leases.out(job, exit, now);
  // Granted: from here on a lease by hand is its holder's.
  if (job.single) job.done = true;
  if (job.width === 1) {
    job.begin(first);
    return;
  }
  for (const leg of furtherLegs(job, first, now)) {
    if (job.done) engine.finish(leg, "aborted", false);
    else job.begin(leg);
  }
}

/** On local exits it covers the waiting alone: once there is an exit, it is the client's own timeout that counts. */
function setDeadline(job: Job, exit: number, now: number): void {
  const { timers, table } = job.engine;
  if (job.deadline === Infinity) return;
  if (job.single || !table.isProxy[exit]) timers.remove(job);
  else if (!isSet(job)) timers.add(job, now, job.timeoutMs);
}

/** Races pay from what is spare: no further leg while somebody waits. */
function furtherLegs(job: Job, first: Leg, now: number): Leg[] {
  const { engine, target } = job;
  const legs = [first];
  while (legs.length < job.width && target.line.size === 0 && engine.gate.spare > 0 && target.inFlight < target.rules.backendLimit) {
    const used = legs.map((leg) => leg.exitIndex);
    const next = target.desk.choose(job.demand, now, [...job.tried, ...used], engine.gate.mayProxy);
    if (next < 0 || used.includes(next)) break;
    legs.push(engine.leases.out(job, next, now));
  }
  return legs;
}
