import { commonCounter } from "../quota/needs.ts";
import type { Asked } from "./by-hand/acquire.ts";
import { LeaseDriver } from "./by-hand/lease-driver.ts";
import type { Engine } from "./engine.ts";
import { Job } from "./job.ts";
import type { Target } from "./target.ts";
import { PLAIN } from "./way.ts";
import { weigh } from "./weigh.ts";

/**
 * The first target whose queue has no room for all of its requests. `capacity` of them may wait for an exit, and as many beside those for
 * what no exit makes up for: these stand in nobody's way, and must not take the places of requests that could go.
 */
export function fullTarget(engine: Engine, asked: readonly Asked[]): Target | undefined {
  const { capacity } = engine.rules;
  const seen = new Set<Target>();
  for (const { target } of asked) {
    if (seen.has(target)) continue;
    seen.add(target);
    const its = asked.filter((one) => one.target === target);
    // Nearly always: wherever they will wait, there is room.
    if (its.length <= capacity - target.waiting) continue;
    const { line, lots, outside } = target;
    if (its.length > capacity - line.size - outside.size) return target;
    if (its.length <= capacity - lots.size) continue;
    if (its.filter((one) => waitsWithParked(engine, one)).length > capacity - lots.size) return target;
  }
  return undefined;
}

/** Does it count on what those lack who are parked? Then that is where it would wait. */
function waitsWithParked(engine: Engine, { hints, request, target }: Asked): boolean {
  const { lots, quota } = target;
  const now = engine.clock.now();
  const nobody = new LeaseDriver(
    () => {},
    () => {},
  );
  // Weighed as a request would be, and never sent.
  const job = new Job(engine, target, request, nobody, PLAIN, hints, now, Infinity);
  // What can never be sent is refused as it comes, and takes no place.
  if (weigh(job, hints === undefined ? undefined : engine.hintCheck.usable(hints)) !== undefined) return false;
  const { demand } = job;
  if (demand === undefined || quota === undefined) return lots.has(`account ${undefined}`);
  if (lots.has(`account ${demand.account}`)) return true;
  return demand.limits.some((limit, i) => lots.has(`${limit} ${demand.keys[i] ?? ""}`) || (quota.limits[limit].scope !== "exit" && lots.has(commonCounter(quota, demand, i, now))));
}
