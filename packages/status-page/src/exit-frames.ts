import type { ExitDetails, ExitPool } from "@multihome/core";
import type { ExitFrame } from "./wire.ts";

/** So many are looked at closely at once: as many as are shown one by one. */
const MOST = 100;
/** Targets of one exit, the busiest. */
const MOST_TARGETS = 50;

export function exitFrame(pool: ExitPool, id: string): ExitFrame | undefined {
  const details = pool.inspect(id);
  return details === undefined ? undefined : frameOf(details);
}

/** The first exits of the pool, as many as are asked for but at most a hundred. */
export function exitFrames(pool: ExitPool, ids: readonly string[]): ExitFrame[] {
  return ids.slice(0, MOST).flatMap((id) => exitFrame(pool, id) ?? []);
}

function frameOf({ exit, targets }: ExitDetails): ExitFrame {
  const all = Object.entries(targets).sort(([, a], [, b]) => b.success + b.fail - (a.success + a.fail));
  return {
    id: exit.id,
    kind: exit.kind,
    ...(exit.address === undefined ? {} : { address: exit.address }),
    targets: all.slice(0, MOST_TARGETS).map(([name, { score, cause, status, untilMs, limits, success, fail, warnings, avgLatencyMs, consecutiveFails, inflight, outcomes, sinceSuccessMs, carries, belief }]) => ({
      name,
      status,
      ...(untilMs === undefined ? {} : { untilMs }),
      limits,
      success,
      fail,
      warnings,
      avgLatencyMs,
      consecutiveFails,
      inflight,
      outcomes,
      score: score.total,
      ...(sinceSuccessMs === undefined ? {} : { sinceSuccessMs }),
      ...(carries === undefined ? {} : { carries }),
      ...(belief === undefined ? {} : { belief: belief.words }),
      ...(cause === undefined ? {} : { cause: { agoMs: cause.agoMs, reason: cause.reason, request: cause.request } }),
    })),
  };
}
