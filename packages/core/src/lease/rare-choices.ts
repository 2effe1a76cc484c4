import type { Demand } from "../quota/demand.ts";
import type { Desk } from "./desk.ts";
import { later } from "./places.ts";

// Choices that are few and may look at every exit; what is chosen for each request does not.

/**
 * The exit for a long-lived connection, or -1: the one with the fewest of them. It goes on serving requests, so neither what is
 * in flight nor spacing matters.
 *
 * @param avoided an exit that is only taken where no other is there; -1: none
 */
export function chooseShared(desk: Desk, demand: Demand | undefined, now: number, avoided = -1): number {
  const { table, pauses, quota, rests } = desk;
  let best = -1;
  desk.wakeAt = Infinity;
  for (let exit = 0; exit < table.length; exit++) {
    if (!table.isUsable(exit) || !desk.mayUse(exit)) continue;
    const egress = table.egress[exit];
    const short = demand !== undefined && quota !== undefined && quota.shortOf(demand, egress, now) >= 0;
    const free = Math.max(pauses.untilForAll(demand?.account), pauses.untilOf(egress), rests.restsUntil(exit), short ? later(now, quota.freeAt(demand, egress, now)) : 0);
    if (free > now) desk.wakeAt = Math.min(desk.wakeAt, free);
    else if (best < 0 || best === avoided || (exit !== avoided && table.shared[exit] < table.shared[best])) best = exit;
  }
  return best;
}

/**
 * The exit for a breaker's probe, or -1: the best that is neither banned nor over a limit; one that rests will do where no
 * other is there.
 *
 * @param tried of those that do not rest, only taken where no other has room
 */
export function chooseProbe(desk: Desk, demand: Demand | undefined, now: number, tried: readonly number[] = []): number {
  const exit = desk.choose(demand, now, tried, true);
  if (exit >= 0) return exit;
  const { rests, table } = desk;
  let { wakeAt } = desk;
  let best = -1;
  for (let other = 0; other < table.length; other++) {
    if (!table.isUsable(other) || !desk.mayUse(other)) continue;
    const until = rests.restsUntil(other);
    if ((desk.forSlot && table.held[other] === 1) || until === Infinity || rests.trialOut(other)) continue;
    if (!desk.chooseExit(other, demand, now)) {
      // Each is asked anew: the first of them to be free again is the one to wake for.
      wakeAt = Math.min(wakeAt, desk.wakeAt);
      continue;
    }
    if (best < 0 || until < rests.restsUntil(best)) best = other;
  }
  if (best < 0) desk.wakeAt = wakeAt;
  return best;
}
