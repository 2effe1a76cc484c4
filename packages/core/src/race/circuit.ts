import { CircuitOpenError, MultihomeError, noExitError } from "../errors.ts";
import type { BreakerChange } from "../breaker/breaker.ts";
import { channels } from "../observe/channels.ts";
import type { VerdictKind } from "../model/verdict.ts";
import type { Job } from "./job.ts";
import { OPENED } from "./seen/tally.ts";
import type { Target } from "./target.ts";

/** The breaker as the engine uses it: its changes are told, and its alarm is the target's own. */

/**
 * Has the breaker a word in whether the request may go? Not where all that the target lacks is an exit, and a lease pins the request to one:
 * that one's own rest decides. Nor on what is sent on the lease that is the probe.
 */
export function asksBreaker({ lender, pin, target }: Job): boolean {
  const { breaker } = target;
  if (breaker.closed) return false;
  return pin < 0 || (breaker.reason !== "no-exits" && !(lender?.job.probe === true && lender.job.target === target));
}

/** Is it the breaker that it waits for, and not an exit of its own? */
export function waitsForBreaker(job: Job, now: number): boolean {
  return asksBreaker(job) && (!job.picky || job.target.breaker.reason !== "no-exits") && isShut(job.target, now);
}

/** May the request be offered an exit now? Makes it the probe where the breaker lets one through. */
export function admitted(job: Job, now: number): boolean {
  const { breaker } = job.target;
  if (breaker.closed) return true;
  // A lease by hand may never say what came of it: not a thing to find out by.
  // A slot's worker tells by the requests that it makes; where it makes none, its lease is given back and the next one asks.
  // Nor is there anything to find out where all that was missing is an exit, and one is back: else who only takes leases would be refused for ever.
  if (job.single && !job.way.exclusive) return !isShut(job.target, now);
  const { reason, waiting } = breaker;
  const answer = breaker.admit(now);
  if (answer === "refuse") return false;
  if (waiting && reason !== undefined) tell(job.target, { from: "open", to: "half-open", reason, nextProbeAt: undefined }, now);
  job.probe = answer === "probe";
  if (job.probe) job.width = 1;
  return true;
}

/** There was no exit for the probe after all, or none any more. @returns was it the probe? */
export function notSent(job: Job): boolean {
  if (!job.probe) return false;
  job.probe = false;
  job.target.breaker.probeAbandoned();
  return true;
}

/** One request, one vote. @param verdict "aborted" where nobody can say what would have become of it */
export function vote(job: Job, verdict: VerdictKind, now: number): void {
  // Nearly every vote, and it changes nothing.
  if (verdict !== "success" || job.probe || job.lender !== undefined || !job.target.breaker.calm) count(job, verdict, now);
}

function count(job: Job, verdict: VerdictKind, now: number): void {
  const { target, lender } = job;
  // What is sent on a slot's lease speaks for the slot; one that says nothing leaves it to the next.
  const probe = job.probe ? job : lender?.job.probe === true && lender.job.target === target ? lender.job : undefined;
  if (probe !== undefined && verdict === "aborted") {
    if (probe === job) notSent(job);
    pumpSoon(target);
    return;
  }
  // Where everything fails that should succeed, it is the target whatever the failures look like.
  const blamed = target.health.blamed && (verdict === "blocked" || verdict === "exit-error");
  const change = target.breaker.voted(blamed ? "target-error" : verdict, now, probe !== undefined);
  if (probe !== undefined) probe.probe = false;
  if (change === undefined) return;
  tell(target, change, now);
  pumpSoon(target);
}

/** Those who wait go, or learn when to ask again. In a microtask: its caller is in the middle of an answer. */
function pumpSoon(target: Target): void {
  queueMicrotask(() => target.engine.pump(target));
}

/** No exit was found: is it because none can be used at all? Then the target is shut until one is back. */
export function noticeGone(target: Target, now: number): void {
  const { breaker, desk, engine } = target;
  if (!breaker.closed || !desk.empty || engine.table.size === 0) return;
  const until = goneUntil(target, now);
  if (until <= now) return;
  const change = breaker.exitsGone(now);
  if (change !== undefined) tell(target, change, now);
}

/** Is an exit back that was all that was missing? */
export function noticeBack(target: Target, now: number): void {
  const { breaker } = target;
  if (breaker.closed || breaker.reason !== "no-exits" || goneUntil(target, now) > now) return;
  const change = breaker.exitsBack(now);
  if (change !== undefined) tell(target, change, now);
}

/**
 * Is the target shut for leases by hand? Not where it was so for want of an exit alone, and one is back; nor once a probe is due and
 * nobody is there to be it: else who only takes leases would be refused for ever.
 */
export function isShut(target: Target, now: number): boolean {
  const { breaker } = target;
  if (breaker.closed) return false;
  if (breaker.reason !== "no-exits") return !breaker.isDue(now);
  noticeBack(target, now);
  return goneUntil(target, now) > now;
}

/** When the next probe may go, or an exit is back. */
export function circuitWakeAt({ single, target, way }: Job, now: number): number {
  const { breaker } = target;
  if (breaker.closed) return Infinity;
  // A lease by hand is no probe: that one is due says nothing to it while there is no exit, or where it lacks something else.
  if (single && !way.exclusive) {
    if (!isShut(target, now)) return Infinity;
    if (breaker.reason === "no-exits") return goneUntil(target, now);
  }
  const probeAt = breaker.nextProbeAt ?? Infinity;
  // While a probe is out nobody goes, whoever is back: its end is what wakes the target.
  if (probeAt === Infinity) return Infinity;
  return breaker.reason === "no-exits" ? Math.min(probeAt, Math.max(now, goneUntil(target, now))) : probeAt;
}

export function circuitError(target: Target, now: number): MultihomeError {
  const until = goneUntil(target, now);
  const retryAfterMs = target.breaker.reason === "no-exits" && until !== Infinity ? Math.max(0, until - now) : target.breaker.retryAfterMs(now);
  return new CircuitOpenError(target.name, retryAfterMs, target.breaker.reason === "no-exits" ? "every exit rests, is banned or dead" : "it failed again and again, through whatever exit");
}

/** Every exit rests, is banned or dead. */
export function allGone(target: Target, now: number): boolean {
  return target.desk.empty && goneUntil(target, now) > now;
}

function goneUntil(target: Target, now: number): number {
  const { engine, health, pauses } = target;
  return health.goneUntil(now, (exit) => {
    const egress = engine.table.egress[exit];
    return pauses.reasonOf(egress) === "banned" ? pauses.untilOf(egress) : 0;
  });
}

function tell(target: Target, change: BreakerChange, now: number): void {
  if (change.to === "open") target.tally.counts[OPENED]++;
  if (!channels.breakerChanged.hasSubscribers) return;
  const reason = change.reason === "no-exits" ? "zero_available_proxies" : "target_errors";
  channels.breakerChanged.publish({ pool: target.engine.name, at: now, target: target.name, from: change.from, to: change.to, reason });
}

/** Is there no exit at all, or none that could ever reach the target? */
export function noneReaches({ engine: { table }, desk }: Target): boolean {
  const { family } = desk.rules;
  if (family === 0 || family === "mixed" || table.size === 0 || table.proxies > 0) return table.size === 0;
  for (let exit = 0; exit < table.length; exit++) if (desk.mayUse(exit)) return false;
  return true;
}

export function noWayError(target: Target): MultihomeError {
  const { desk, engine, name } = target;
  const { family } = desk.rules;
  if (engine.table.size === 0 || family === 0) return noExitError(name, engine.table.absence());
  const other = family === 4 ? 6 : 4;
  return new MultihomeError("MH_ERR_NO_EXIT", `There is no exit to reach ${name} by: it is an IPv${family} address, and all of this pool's are IPv${other}.`, { target: name });
}
