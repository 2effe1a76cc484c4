import { FAMILIES as F, OTHER } from "../../observe/metrics/families.ts";
import type { Sink } from "../../observe/metrics/readings.ts";
import type { QuotaLimit } from "../../quota/limit.ts";
import type { Engine } from "../engine.ts";
import type { ShownExits } from "./shown-exits.ts";
import type { Target } from "../target.ts";

/** Counters of exits without series of their own that one reading looks at, some 2 ms; the fullest of them is shown where they are no more. */
const MOST_LOOKED_AT = 20_000;

/** How full the limits of the shown targets are. Never an account's or an instrument's name: it may be a key. */
export function readLimits(sink: Sink, engine: Engine, targets: readonly Target[], shown: ShownExits, now: number): void {
  let looked = 0;
  for (const target of targets) {
    const { quota, name } = target;
    if (quota === undefined) continue;
    quota.catchUp(now);
    for (const limit of quota.current) {
      sink.value(F.limitUnits, [name, limit.name, limit.scope], limit.meter.limit);
      if (limit.scope !== "exit") {
        write(sink, name, limit, "", limit.fullestNamed(now));
        continue;
      }
      for (const exit of shown.places) if (exit >= 0) write(sink, name, limit, engine.table.exits[exit]?.id, usedBy(limit, engine.table.egress[exit], now));
      if (!shown.partial) continue;
      const rows = Math.min(engine.table.length, limit.meter.rows);
      if (looked + rows > MOST_LOOKED_AT) continue;
      looked += rows;
      write(sink, name, limit, OTHER, fullestOfTheRest(engine, limit, shown, now));
    }
  }
}

function fullestOfTheRest({ table }: Engine, limit: QuotaLimit, shown: ShownExits, now: number): number {
  let most = 0;
  for (let exit = 0; exit < table.length; exit++) if (table.exits[exit] !== undefined && !shown.has(exit)) most = Math.max(most, usedBy(limit, table.egress[exit], now));
  return most;
}

function usedBy(limit: QuotaLimit, egress: number, now: number): number {
  const row = limit.rowOf(egress, undefined, undefined, now);
  // Asking for a row would make room for it.
  return row < limit.meter.rows ? limit.meter.used(row, now) : 0;
}

function write(sink: Sink, target: string, limit: QuotaLimit, exit: string | undefined, used: number): void {
  if (exit === undefined) return;
  sink.value(F.limitUsed, [target, limit.name, exit], used);
  sink.value(F.limitRatio, [target, limit.name, exit], used / limit.meter.limit);
}
