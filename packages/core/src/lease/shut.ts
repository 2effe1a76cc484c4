import type { Demand } from "../quota/demand.ts";
import { commonCounter, shortOfCommon } from "../quota/needs.ts";
import type { Desk } from "./desk.ts";
import { later } from "./places.ts";

/** Is the target or the request's account paused, or a limit without room that counts whichever exit it leaves by? Then the desk says until when, and what it lacks. */
export function isShutFor(desk: Desk, demand: Demand | undefined, now: number): boolean {
  const { pauses, quota } = desk;
  const shut = pauses.untilForAll(demand?.account);
  if (shut > now) {
    desk.wakeAt = shut;
    if (pauses.wholeUntil <= now) desk.lack = `account ${demand?.account}`;
    return true;
  }
  if (demand === undefined || !demand.common || quota === undefined) return false;
  const at = shortOfCommon(quota, demand, now);
  if (at < 0) return false;
  desk.wakeAt = later(now, quota.freeAt(demand, -1, now, true));
  desk.lackAt = at;
  desk.lack = commonCounter(quota, demand, at, now);
  return true;
}
