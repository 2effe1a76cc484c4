import { familyOf } from "../exits/family.ts";
import { chooseProbe, chooseShared } from "../lease/rare-choices.ts";
import { admitted, circuitWakeAt, noticeGone, notSent } from "./circuit.ts";
import { hostName, hostOf } from "./hosts.ts";
import type { Job } from "./job.ts";
import { lends, rides } from "./leases.ts";
import { ANY, avoided, wished } from "./wish.ts";

/** An exit for the request by what is known in this process, or -1; then the desk's `wakeAt` says when to ask again. */
export function choose(job: Job, now: number): number {
  const { engine, target } = job;
  const { desk, rules } = target;
  const { gate } = engine;
  desk.wakeAt = Infinity;
  if (job.pin >= 0) {
    if (target.inFlight >= rules.backendLimit && !rides(job)) return -1;
    return lends(job) || desk.chooseExit(job.pin, job.demand, now) ? job.pin : -1;
  }
  if (!job.shared && !gate.open) {
    gate.wait(target);
    return -1;
  }
  if (target.inFlight >= rules.backendLimit) {
    // Others wait for an answer, which comes; a long-lived connection may keep its place for days.
    if (job.shared) target.sayFull();
    return -1;
  }
  return job.exclusive ? chooseForSlot(job, now) : chooseAny(job, now);
}

/** One that serves no other slot. */
function chooseForSlot(job: Job, now: number): number {
  const { engine, target } = job;
  const { desk } = target;
  if (engine.holds.full) return -1;
  desk.forSlot = true;
  try {
    return chooseAny(job, now);
  } finally {
    desk.forSlot = false;
  }
}

function chooseAny(job: Job, now: number): number {
  const { engine, target } = job;
  const { desk } = target;
  const { gate } = engine;
  if (!admitted(job, now)) {
    desk.wakeAt = circuitWakeAt(target, now);
    return -1;
  }
  if (job.probe) {
    const probe = chooseProbe(desk, job.demand, now, job.tried);
    if (probe < 0) notSent(job);
    return probe;
  }
  const { wish } = job;
  if (wish?.key !== undefined) {
    const own = wished(job, wish.key, wish.patientUntil, now);
    if (own !== ANY) return own >= 0 && desk.forSlot && engine.table.held[own] === 1 ? -1 : own;
  }
  if (job.shared) return chooseShared(desk, job.demand, now, wish?.previous?.exit ?? -1);
  const tried = wish === undefined ? job.tried : avoided(job);
  const exit = inFamily(job, engine.policy.choose(job, tried, now), tried, now);
  if (exit >= 0) return exit;
  if (!gate.mayProxy) gate.wait(target);
  const { wakeAt } = desk;
  if (!engine.policy.testsTheGone || !engine.rules.queueWhenOpen) noticeGone(target, now);
  if (!target.breaker.closed) desk.wakeAt = Math.min(wakeAt, circuitWakeAt(target, now));
  return -1;
}

/** A target of names and addresses may be asked for one that the exit cannot reach: then one that can, where there is one. */
function inFamily(job: Job, exit: number, tried: readonly number[], now: number): number {
  const { engine, request, target } = job;
  if (exit < 0 || target.desk.rules.family !== "mixed" || engine.table.isProxy[exit]) return exit;
  const family = familyOf(hostName(request.host ?? hostOf(request)));
  if (family === 0 || engine.table.reaches(exit, family)) return exit;
  const { table, gate } = engine;
  const others = [...tried];
  let some = false;
  for (let other = 0; other < table.length; other++) {
    if (table.reaches(other, family)) some = true;
    else others.push(other);
  }
  // Where none can, the connection says so.
  if (!some) return exit;
  const better = target.desk.choose(job.demand, now, others, gate.mayProxy);
  return better >= 0 && table.reaches(better, family) ? better : -1;
}
