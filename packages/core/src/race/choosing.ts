import { familyOf } from "../exits/family.ts";
import { chooseProbe, chooseShared } from "../lease/rare-choices.ts";
import { admitted, circuitWakeAt, noticeGone, notSent } from "./circuit.ts";
import { hostName, hostOf } from "./hosts.ts";
import type { Job } from "./job.ts";
import { choosePinned } from "./pinned.ts";
import { ANY, avoided, wished } from "./wish.ts";

/** An exit for the request by what is known in this process, or -1; then the desk's `wakeAt` says when to ask again. */
export function choose(job: Job, now: number): number {
  const { engine, target } = job;
  const { desk, rules } = target;
  const { gate } = engine;
  desk.wakeAt = Infinity;
  desk.lack = undefined;
  if (job.pin >= 0) return choosePinned(job, now);
  if (!job.shared && !gate.open) {
    gate.wait(target);
    return -1;
  }
  if (target.inFlight >= rules.backendLimit) {
    // Others wait for an answer, which comes; a long-lived connection may keep its place for days.
    if (job.shared) target.sayFull();
    return -1;
  }
  return job.way.exclusive ? chooseForSlot(job, now) : chooseAny(job, now);
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
  const { target } = job;
  if (!target.breaker.closed && !admitted(job, now)) {
    target.desk.wakeAt = circuitWakeAt(job, now);
    return -1;
  }
  if (job.probe) return probeBy(job, now);
  if (job.wish !== undefined || job.shared) return chooseAsWished(job, now);
  return chooseByPolicy(job, job.tried, now);
}

/** The breaker lets it through alone. */
function probeBy(job: Job, now: number): number {
  const probe = chooseProbe(job.target.desk, job.demand, now, job.tried);
  if (probe < 0) notSent(job);
  return probe;
}

function chooseAsWished(job: Job, now: number): number {
  const { engine, target, wish } = job;
  const { desk } = target;
  if (wish?.key !== undefined) {
    const own = wished(job, wish.key, wish.patientUntil, now);
    if (own !== ANY) return own >= 0 && desk.forSlot && engine.table.held[own] === 1 ? -1 : own;
  }
  if (job.shared) return chooseShared(desk, job.demand, now, wish?.previous?.exit ?? -1);
  return chooseByPolicy(job, wish === undefined ? job.tried : avoided(job), now);
}

function chooseByPolicy(job: Job, tried: readonly number[], now: number): number {
  const chosen = job.engine.policy.choose(job, tried, now);
  const exit = chosen >= 0 && job.target.desk.rules.family === "mixed" ? inFamily(job, chosen, tried, now) : chosen;
  return exit >= 0 ? exit : notFound(job, now);
}

/** What follows from there being none, and when to ask again. */
function notFound(job: Job, now: number): -1 {
  const { engine, target } = job;
  const { desk } = target;
  const { gate } = engine;
  if (!gate.mayProxy) gate.wait(target);
  const { wakeAt } = desk;
  if (!engine.policy.testsTheGone || !engine.rules.queueWhenOpen) noticeGone(target, now);
  if (!target.breaker.closed) desk.wakeAt = Math.min(wakeAt, circuitWakeAt(job, now));
  return -1;
}

/** A target of names and addresses may be asked for one that the exit cannot reach: then one that can, where there is one. */
function inFamily(job: Job, exit: number, tried: readonly number[], now: number): number {
  const { engine, request, target } = job;
  if (engine.table.isProxy[exit]) return exit;
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
