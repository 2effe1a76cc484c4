import type { CounterOverview } from "../../model/overview.ts";
import type { NamedCounter } from "../../quota/counter-owner.ts";
import type { QuotaLimit } from "../../quota/limit.ts";
import { ownerLabel } from "../../quota/owner-label.ts";

/** As many as a person looks at: accounts come from outside, and there may be thousands of them. */
export const MOST_NAMED = 8;
/** Share of a limit at which a counter counts as used up. */
export const USED_UP_AT = 0.99;

export interface NamedCounters {
  readonly named: number;
  readonly usedUp: number;
  readonly mean: number;
  readonly most: number;
  readonly turnsAt: number;
  readonly fullest: readonly CounterOverview[];
}

/** What a limit of accounts, or of the target as a whole, has counted. */
export function namedCounters(limit: QuotaLimit, now: number): NamedCounters {
  const all = [...limit.named(now)];
  const of = limit.meter.limit;
  let sum = 0;
  let usedUp = 0;
  let turnsAt = Infinity;
  for (const { used, resetsAt } of all) {
    sum += used;
    if (used / of >= USED_UP_AT) usedUp++;
    if (used > 0) turnsAt = Math.min(turnsAt, resetsAt);
  }
  all.sort((a, b) => b.used - a.used || b.pausedUntil - a.pausedUntil);
  return {
    named: all.length,
    usedUp,
    mean: all.length === 0 ? 0 : sum / all.length / of,
    most: (all[0]?.used ?? 0) / of,
    turnsAt,
    fullest: all.slice(0, MOST_NAMED).map((counter) => shown(counter, now)),
  };
}

function shown({ owner, used, resetsAt, pausedUntil }: NamedCounter, now: number): CounterOverview {
  return { label: ownerLabel(owner), used, resetsInMs: Math.max(0, Math.round(resetsAt - now)), pausedForMs: Math.max(0, Math.round(pausedUntil - now)) };
}
