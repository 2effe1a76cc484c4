import type { PoolOverview, TargetOverview } from "@multihome/core";
import { limitingOf } from "./limiting.ts";
import type { Frame, TargetFrame } from "./wire.ts";

/** Targets that are shown: those in trouble, those that are waited for, the busiest. */
const MOST_TARGETS = 40;
const MOST_SOURCES = 20;

type Given = Pick<Frame, "seq" | "revision" | "at" | "latency" | "refused" | "races" | "events" | "point"> & { readonly overview: PoolOverview };

export function frameOf({ overview, ...given }: Given): Frame {
  const { answered, targets, attempts1m, successRate1m } = overview;
  const chosen = new Set([...targets].sort((a, b) => urgency(b) - urgency(a)).slice(0, MOST_TARGETS));
  // Rows keep their places while numbers change: those in trouble first, in the pool's own order.
  const shown = targets.filter((target) => chosen.has(target)).sort((a, b) => trouble(b) - trouble(a));
  return {
    ...given,
    clock: overview.at,
    pool: overview.pool,
    exits: overview.exits,
    perSecond: { s1: mean(answered, 1), s10: mean(answered, 10), s60: mean(answered, 60) },
    success: attempts1m === 0 ? undefined : successRate1m,
    attempts1m,
    inflight: overview.inflight,
    waiting: overview.tasks.pending,
    completed: overview.tasks.completed,
    failed: overview.tasks.failed,
    limiting: limitingOf(overview),
    targets: shown.map(targetFrame),
    sources: overview.sources.slice(0, MOST_SOURCES).map(({ name, up, proxies, rejected, readAgoMs, trouble }) => ({ name, up, proxies, rejected, ...(readAgoMs === undefined ? {} : { readAgoMs }), ...(trouble === undefined ? {} : { trouble }) })),
    moreTargets: targets.length - shown.length,
  };
}

function targetFrame({ name, breaker, breakerReason, nextProbeInMs, waiting, inflight, pausedForMs, pausedBy, pausedAccounts, chosen, limits }: TargetOverview): TargetFrame {
  return {
    name,
    breaker,
    ...(breakerReason === undefined ? {} : { breakerReason }),
    ...(nextProbeInMs === undefined ? {} : { nextProbeInMs }),
    waiting,
    inflight,
    pausedForMs,
    ...(pausedBy === undefined ? {} : { pausedBy: { agoMs: pausedBy.agoMs, reason: pausedBy.reason, request: pausedBy.request } }),
    pausedAccounts,
    ...(chosen === undefined ? {} : { chosen }),
    limits: limits.map((limit) => ({ ...limit, mean: round(limit.mean), most: round(limit.most) })),
  };
}

function trouble({ breaker, pausedForMs, waiting }: TargetOverview): number {
  return breaker !== "closed" ? 3 : pausedForMs > 0 ? 2 : waiting > 0 ? 1 : 0;
}

function urgency({ breaker, waiting, inflight, limits }: TargetOverview): number {
  return (breaker === "closed" ? 0 : 1e9) + waiting * 1_000 + inflight + (limits.length > 0 ? 0.5 : 0);
}

function mean(answered: Uint32Array, seconds: number): number {
  let sum = 0;
  for (const some of answered.slice(-seconds)) sum += some;
  return sum / seconds;
}

function round(share: number): number {
  return Math.round(share * 1_000) / 1_000;
}
