import type { BreakerChanged, ExitChanged, TaskRequeued, TaskSettled } from "./channels.ts";

/** The figures of a pool that its summary line shows. */
export interface Summary {
  readonly perSecond: number;
  /** `undefined`: nothing was tried, which is neither well nor unwell. */
  readonly successRate: number | undefined;
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
  return `throughput=${perSecond.toFixed(1)}/s | success=${successRate === undefined ? "-" : `${Math.round(successRate * 100)}%`} | pool: ${healthy} healthy / ${cooldown} cooldown${shut} / ${dead} dead | tasks: ${pending} pending | breakers: ${troubled.length === 0 ? "(none)" : troubled.join(", ")}`;
}

export function taskLine({ target, outcome, exit, reason, code, attempts, maxAttempts, legs, durationMs }: TaskSettled): string {
  const attempt = `${attempts}/${maxAttempts}`;
  // An answer that is handed on although it is no success: what it was is the point of the line.
  const bad = reason === undefined ? "" : ` | last_error=${reason}`;
  if (outcome === "answered") return `task done | host=${target} | race=${legs} | winner=${exit} | latency=${seconds(durationMs)} | attempt=${attempt}${bad}`;
  if (outcome === "aborted") return `task aborted | host=${target} | attempt=${attempt}`;
  return `task abandoned | host=${target} | reason=${whyAbandoned(code, attempts, maxAttempts)} | last_error=${reason ?? "none"}`;
}

function whyAbandoned(code: string | undefined, attempts: number, maxAttempts: number): string {
  // Ours says why; what a client throws is the last error itself.
  if (code?.startsWith("MH_ERR_") === true && code !== "MH_ERR_MAX_ATTEMPTS") return code.slice("MH_ERR_".length).toLowerCase();
  return attempts >= maxAttempts ? `max_attempts(${maxAttempts})` : "not_tried_again";
}

export function requeueLine({ target, reason, legs, attempt, maxAttempts }: TaskRequeued): string {
  return `task requeued | host=${target} | reason=${legs > 1 ? `all ${legs} proxies failed` : reason} | attempt=${attempt}/${maxAttempts}`;
}

export function breakerLine({ target, to, reason }: BreakerChanged): string {
  return `circuit ${to === "open" ? "OPEN" : to} | host=${target} | reason=${reason}`;
}

export function exitLine({ exit, target, from, to, reason, cooldownMs, consecutiveFails }: ExitChanged): string {
  const rest = cooldownMs === undefined ? "" : ` | for=${seconds(cooldownMs)}`;
  const why = consecutiveFails === undefined ? `reason=${reason}${rest}` : `consecutive_fails=${consecutiveFails}`;
  return `${exit.includes("://") ? "proxy" : "exit"} ${exit} |${target === undefined ? "" : ` (${target})`} ${from} → ${to} | ${why}`;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`;
}
