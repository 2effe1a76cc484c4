import type { Demand } from "../../quota/demand.ts";
import type { QuotaLimit } from "../../quota/limit.ts";
import type { Engine } from "../engine.ts";
import type { Target } from "../target.ts";
import { refusalByExit, type Refusal } from "./refusal.ts";

/** So many exits are counted as what they share; of more than that each is taken for one by itself. */
const MOST_COUNTED = 1_000;

interface Sum {
  readonly limit: QuotaLimit;
  readonly target: Target;
  readonly room: number;
  requests: number;
  units: number;
  least: number;
}

type Asking = readonly [Target, Demand | undefined];

/** Why a batch was refused for lack of room, all that it had taken being given back. @param at the one that found none */
export function batchRefusal(engine: Engine, asked: readonly Asking[], at: number, { reason, retryAfterMs }: Refusal): Refusal {
  if (neverTogether(engine, asked)) return { reason: "over-quota", retryAfterMs: Infinity };
  if (retryAfterMs > 0) return { reason, retryAfterMs };
  // What it waited for was the batch itself: worth asking again when an exit that is short without it has room.
  const [target, demand] = asked[at];
  const now = engine.clock.now();
  let soonestMs = Infinity;
  for (let exit = 0; exit < Math.min(engine.table.length, MOST_COUNTED); exit++) {
    const refusal = refusalByExit(engine, target, demand, exit, now);
    if (refusal !== undefined && refusal.retryAfterMs > 0) soonestMs = Math.min(soonestMs, refusal.retryAfterMs);
  }
  return { reason, retryAfterMs: soonestMs === Infinity ? 0 : soonestMs };
}

/**
 * Can so much never be had at one moment, however empty the windows are? Only then it is said: what fits by its sum and by its
 * number may still wait for long.
 */
function neverTogether(engine: Engine, demands: readonly Asking[]): boolean {
  const sums = new Map<string, Sum>();
  for (const [target, demand] of demands) {
    if (demand === undefined || target.quota === undefined) continue;
    for (let i = 0; i < demand.limits.length; i++) {
      const units = demand.units[i];
      if (units <= 0) continue;
      const limit = target.quota.limits[demand.limits[i]];
      const name = JSON.stringify([target.name, demand.limits[i], demand.keys[i], limit.scope === "account" ? demand.account : undefined]);
      let sum = sums.get(name);
      if (sum === undefined) sums.set(name, (sum = { limit, target, room: limit.meter.limit - limit.kept(demand.kept), requests: 0, units: 0, least: Infinity }));
      sum.requests++;
      sum.units += units;
      sum.least = Math.min(sum.least, units);
    }
  }
  for (const { limit, target, room, requests, units, least } of sums.values()) {
    const windows = limit.scope === "exit" ? windowsOf(engine, target) : 1;
    if (units > windows * room || requests > windows * Math.floor(room / least)) return true;
  }
  return false;
}

/** Exits that share an egress share its window. */
function windowsOf({ table }: Engine, { desk }: Target): number {
  if (table.size > MOST_COUNTED) return table.size;
  const seen = new Set<number>();
  for (let exit = 0; exit < table.length; exit++) if (desk.mayUse(exit)) seen.add(table.egress[exit]);
  return seen.size;
}
