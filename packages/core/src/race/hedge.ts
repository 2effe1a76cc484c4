import { Alarm } from "../time/timer-queue.ts";
import { mayAlso } from "./ledger/further-grant.ts";
import type { Job } from "./job.ts";

/** Before enough answers have come to know how long they take. */
const FIRST_DELAY_MS = 1_000;
const ENOUGH_SAMPLES = 20;
/** Above this share of a limit what is left is for requests, not for further legs. */
const SPARE_SHARE = 0.8;

/**
 * An exit for one more leg of the request, or -1. Races pay from what is spare: none while somebody waits, none above 80 % of
 * a limit, and never the same exit twice.
 */
export function furtherExit(job: Job, used: readonly number[], now: number): number {
  const { engine, target } = job;
  if (target.line.size > 0 || engine.gate.spare <= 0 || target.inFlight >= target.rules.backendLimit) return -1;
  const exit = engine.policy.choose(job, [...job.tried, ...used], now);
  if (exit < 0 || used.includes(exit)) return -1;
  return isSpare(job, exit, now) ? exit : -1;
}

/** Sends a further leg each time that the answer has not come within the delay, until there are as many as may be. */
export function hedge(job: Job, now: number): void {
  const { engine, target } = job;
  const known = target.latencies.samples >= ENOUGH_SAMPLES ? target.latencies.quantile(0.95) : undefined;
  const delayMs = target.rules.hedgeDelayMs ?? known ?? FIRST_DELAY_MS;
  const round = job.rounds;
  const alarm = new Alarm((at) => {
    if (job.done || job.rounds !== round || job.queued || job.legs.length >= job.width) return;
    const exit = furtherExit(job, job.legs.map((leg) => leg.exitIndex), at);
    if (exit >= 0 && mayAlso(job, exit, at) === "now") job.begin(engine.leases.out(job, exit, at));
    if (!job.done && job.legs.length < job.width) engine.timers.add(alarm, at, delayMs);
  });
  job.hedge = alarm;
  engine.timers.add(alarm, now, delayMs);
}

function isSpare(job: Job, exit: number, now: number): boolean {
  const { demand, engine, target } = job;
  const { quota } = target;
  if (demand === undefined || quota === undefined) return true;
  return demand.limits.every((index, i) => {
    const limit = quota.limits[index];
    const row = limit.rowOf(engine.table.egress[exit], demand.account, demand.keys[i], now);
    return limit.meter.used(row, now) + demand.units[i] <= limit.meter.limit * SPARE_SHARE;
  });
}
