import type { BreakerChanged, ExitChanged, TaskRequeued, TaskSettled } from "./channels.ts";

/** The figures of a pool that its summary line shows. */
export interface Summary {
  readonly perSecond: number;
  readonly successRate: number;
  readonly healthy: number;
  readonly cooldown: number;
  readonly banned: number;
  readonly dead: number;
  readonly pending: number;
  readonly breakers: Readonly<Record<string, "closed" | "open" | "half-open">>;
}

export function summaryLine({ perSecond, successRate, healthy, cooldown, banned, dead, pending, breakers }: Summary): string {
  const troubled = Object.entries(breakers).filter(([, state]) => state !== "closed").map(([target, state]) => `${target} ${state}`);
  const shut = banned === 0 ? "" : ` / ${banned} banned`;
  return `throughput=${perSecond.toFixed(1)}/s | success=${Math.round(successRate * 100)}% | pool: ${healthy} healthy / ${cooldown} cooldown${shut} / ${dead} dead | tasks: ${pending} pending | breakers: ${troubled.length === 0 ? "(none)" : troubled.join(", ")}`;
}

export function taskLine({ target, outcome, exit, reason, attempts, maxAttempts, legs, durationMs }: TaskSettled): string {
  const attempt = `${attempts}/${maxAttempts}`;
  if (outcome === "answered") return `task done | host=${target} | race=${legs} | winner=${exit} | latency=${seconds(durationMs)} | attempt=${attempt}`;
  if (outcome === "aborted") return `task aborted | host=${target} | attempt=${attempt}`;
  return `task abandoned | host=${target} | reason=${attempts >= maxAttempts ? `max_attempts(${maxAttempts})` : "gave_up"} | last_error=${reason ?? "none"}`;
}

export function requeueLine({ target, reason, legs, attempt, maxAttempts }: TaskRequeued): string {
  return `task requeued | host=${target} | reason=${legs > 1 ? `all ${legs} proxies failed` : reason} | attempt=${attempt}/${maxAttempts}`;
}

export function breakerLine({ target, to, reason }: BreakerChanged): string {
  return `circuit ${to === "open" ? "OPEN" : to} | host=${target} | reason=${reason}`;
}

export function exitLine({ exit, target, from, to, reason, consecutiveFails }: ExitChanged): string {
  const why = consecutiveFails === undefined ? `reason=${reason}` : `consecutive_fails=${consecutiveFails}`;
  return `proxy ${exit} |${target === undefined ? "" : ` (${target})`} ${from} → ${to} | ${why}`;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`;
}
