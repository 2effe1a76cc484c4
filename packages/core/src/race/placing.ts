import { chooseProbe, chooseShared } from "../lease/rare-choices.ts";
import { admitted, circuitWakeAt, noticeGone, notSent } from "./circuit.ts";
import { furtherExit, hedge } from "./hedge.ts";
import type { Job } from "./job.ts";
import { lends } from "./leases.ts";
import type { Leg } from "./leg.ts";
import { isSet } from "./waiting-room.ts";

/** An exit for the request, or -1. Sees to it that the target is served again when that can change. */
export function offer(job: Job, now: number): number {
  const { engine, target } = job;
  const { desk, rules } = target;
  const { gate } = engine;
  desk.wakeAt = Infinity;
  if (job.pin >= 0) return lends(job) || desk.chooseExit(job.pin, job.demand, now) ? job.pin : -1;
  if (!job.shared && !gate.open) {
    gate.wait(target);
    return -1;
  }
  if (target.inFlight >= rules.backendLimit) return -1;
  if (!admitted(job, now)) {
    desk.wakeAt = circuitWakeAt(target, now);
    return -1;
  }
  if (job.probe) {
    const probe = chooseProbe(desk, job.demand, now);
    if (probe < 0) notSent(job);
    return probe;
  }
  if (job.shared) return chooseShared(desk, job.demand, now);
  const exit = desk.choose(job.demand, now, job.tried, gate.mayProxy);
  if (exit >= 0) return exit;
  if (!gate.mayProxy) gate.wait(target);
  const { wakeAt } = desk;
  noticeGone(target, now);
  if (!target.breaker.closed) desk.wakeAt = Math.min(wakeAt, circuitWakeAt(target, now));
  return -1;
}

/** The round begins: the exit is leased, and those of further legs. */
export function launch(job: Job, exit: number, now: number): void {
  const { engine, target } = job;
  job.rounds++;
  if (job.rounds === 1) {
    engine.retries.request(now);
    job.kind.served++;
    job.kind.waitedMs += now - job.createdAt;
  }
  setDeadline(job, exit, now);
  const first = engine.leases.out(job, exit, now);
  // Granted: from here on a lease by hand is its holder's.
  if (job.single) job.done = true;
  if (target.rules.raceMode === "hedge" && job.width > 1) {
    job.begin(first);
    hedge(job, now);
    return;
  }
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

function furtherLegs(job: Job, first: Leg, now: number): Leg[] {
  const legs = [first];
  while (legs.length < job.width) {
    const next = furtherExit(job, legs, now);
    if (next < 0) break;
    legs.push(job.engine.leases.out(job, next, now));
  }
  return legs;
}
