import type { Lack } from "../queue/lots.ts";
import { commonCounter, needAt, needOf, patienceOf } from "../quota/needs.ts";
import type { Job } from "./job.ts";
import { lends } from "./lending.ts";

/** What the request that was refused just now lacks, where no exit makes up for it: it need not stand in the others' way. */
export function lackOf(job: Job, now: number): Lack | undefined {
  const { ask, demand, engine, target, way } = job;
  const { desk, breaker, quota } = target;
  const { lack, lackAt } = desk;
  if (lack === undefined || ask !== undefined || desk.wakeAt <= now) return undefined;
  // Of each exit by itself: only where nothing else keeps it from exits that it has not been offered.
  if (typeof lack === "string" && lackAt >= 0 && (way.exclusive || !breaker.closed || !engine.gate.mayProxy)) return undefined;
  const counted = demand !== undefined && quota !== undefined && lackAt >= 0;
  if (quota !== undefined && quota.onMoved === undefined) quota.onMoved = (counter) => target.lots.stir(counter);
  return { key: lack, need: counted ? needAt(quota, demand, lackAt) : 0, until: desk.wakeAt, patienceMs: counted ? patienceOf(quota.limits[demand.limits[lackAt]]) : Infinity };
}

/** Has it to wait behind others who are parked, though there may be enough for it? Then what they lack. */
export function parkedBefore(job: Job, now: number): Lack | undefined {
  const { demand, target } = job;
  const { lots, quota } = target;
  if (lots.size === 0 || demand === undefined || quota === undefined || !demand.common) return undefined;
  // Its lease has reserved what it takes: what others wait for may be just that.
  if (lends(job)) return undefined;
  for (let i = 0; i < demand.limits.length; i++) {
    if (quota.limits[demand.limits[i]].scope === "exit") continue;
    const key = commonCounter(quota, demand, i, now);
    const need = needAt(quota, demand, i);
    if (lots.bars(key, need, job)) return { key, need, until: Infinity, patienceMs: Infinity };
  }
  return undefined;
}

/** One that has just come into the line. @param offered … and was refused. @returns may it, or one who is parked, be served all the same? */
export function parkNew(job: Job, offered: boolean, now: number): boolean {
  const { engine, target } = job;
  const lack = offered ? lackOf(job, now) : parkedBefore(job, now);
  const parked = lack !== undefined && job.queued;
  if (parked) engine.room.park(job, lack, now);
  // What the first in line is too heavy for may have room for this one.
  return target.lots.isDue(now) || (!parked && needsLess(job, target.line.first()));
}

/** Does it need less of an exit's own limits than the first in line, which may be too heavy for what is left? */
function needsLess({ demand, target }: Job, first: Job | undefined): boolean {
  const { quota } = target;
  if (quota === undefined || demand === undefined || first?.demand === undefined) return false;
  const { keys, limits } = first.demand;
  for (let i = 0; i < limits.length; i++) if (keys[i] === undefined && quota.limits[limits[i]].scope === "exit" && needOf(quota, demand, limits[i]) < needAt(quota, first.demand, i)) return true;
  return false;
}
