import type { Limit, LimitScope } from "../model/limits.ts";
import type { LimiterEntry } from "./table.ts";

const SCOPE: Record<LimiterEntry["scope"], LimitScope> = { ip: "exit", account: "account", target: "target" };

/** A table's limiter as the pool knows limits. */
export function limitOf(entry: LimiterEntry): Limit {
  const seconds = entry.window === "bucket" ? entry.limit / (entry.refillPerSecond ?? 1) : entry.windowSeconds ?? 1;
  return { name: entry.id, unit: entry.unit ?? "weight", limit: entry.limit, per: seconds * 1_000, align: entry.window, scope: SCOPE[entry.scope] };
}
