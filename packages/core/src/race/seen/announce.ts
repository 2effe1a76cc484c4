import type { VerdictKind } from "../../model/verdict.ts";
import { channels } from "../../observe/channels.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";

// Messages are made only where somebody listens: each caller asks its channel first, so that nothing is allocated otherwise.

export function announceLease(leg: Leg): void {
  const { engine, job } = leg;
  channels.leaseAcquired.publish({
    pool: engine.name,
    at: leg.startedAt,
    task: job.id,
    exit: leg.exit.id,
    localAddress: leg.localAddress,
    target: leg.target,
    weight: leg.weight,
    mode: leg.mode,
    kind: job.hints?.kind,
    batchId: job.hints?.batchId,
    attempt: job.rounds,
    waitedMs: leg.startedAt - job.createdAt,
    byHand: job.single,
  });
}

export function announceSettled(leg: Leg, verdict: VerdictKind): void {
  const { engine, job } = leg;
  const at = engine.clock.now();
  channels.leaseSettled.publish({
    pool: engine.name,
    at,
    task: job.id,
    exit: leg.exit.id,
    target: leg.target,
    verdict,
    reason: leg.reason,
    durationMs: at - leg.startedAt,
    latencyMs: leg.headAt > 0 ? leg.headAt - leg.startedAt : undefined,
    kind: job.hints?.kind,
    batchId: job.hints?.batchId,
  });
}

export function announceTask(job: Job, queued: boolean): void {
  channels.taskCreated.publish({ pool: job.engine.name, at: job.createdAt, task: job.id, target: job.target.name, kind: job.hints?.kind, batchId: job.hints?.batchId, queued });
}

export function announceRequeue(job: Job): void {
  const { engine } = job;
  channels.taskRequeued.publish({
    pool: engine.name,
    at: engine.clock.now(),
    task: job.id,
    target: job.target.name,
    reason: job.history?.at(-1)?.reason ?? "no answer",
    legs: job.legs.length,
    attempt: job.rounds,
    maxAttempts: engine.rules.maxAttempts,
    kind: job.hints?.kind,
    batchId: job.hints?.batchId,
  });
}

/** @param error what its caller is given, where it failed */
export function announceEnd(job: Job, outcome: "answered" | "failed" | "aborted", error?: unknown): void {
  const { engine } = job;
  const { code } = (typeof error === "object" && error !== null ? error : {}) as { code?: unknown };
  const at = engine.clock.now();
  channels.taskSettled.publish({
    pool: engine.name,
    at,
    task: job.id,
    target: job.target.name,
    outcome,
    exit: job.winner?.exit.id,
    reason: outcome === "answered" ? job.winner?.reason : job.history?.at(-1)?.reason,
    code: typeof code === "string" ? code : undefined,
    attempts: job.rounds,
    maxAttempts: engine.rules.maxAttempts,
    legs: job.legs.length,
    durationMs: at - job.createdAt,
    kind: job.hints?.kind,
    batchId: job.hints?.batchId,
  });
}

/** @param winner `undefined`: none of the legs has brought an answer to hand over */
export function announceRace(job: Job, winner: Leg | undefined): void {
  const { engine } = job;
  channels.raceSettled.publish({
    pool: engine.name,
    at: winner?.headAt ?? engine.clock.now(),
    task: job.id,
    target: job.target.name,
    legs: job.legs.length,
    winner: winner?.exit.id,
    localAddress: winner?.localAddress,
    latencyMs: winner === undefined ? undefined : winner.headAt - winner.startedAt,
  });
}

/** Whoever was refused keeps away for a while. */
export function announcePause(leg: Leg, reason: "rate-limited" | "banned" | "timeout", cooldownMs: number, from: "healthy" | "cooldown"): void {
  const { engine } = leg;
  channels.exitChanged.publish({
    pool: engine.name,
    at: engine.clock.now(),
    exit: leg.exit.id,
    target: leg.target,
    from,
    to: reason === "banned" ? "banned" : "cooldown",
    reason,
    cooldownMs: Math.round(cooldownMs),
    consecutiveFails: undefined,
  });
}

export function announceRefusal(leg: Leg, verdict: "rate-limited" | "banned", scope: "exit" | "account" | "target", limit: string | undefined, cooldownMs: number): void {
  const { engine } = leg;
  channels.requestRefused.publish({ pool: engine.name, at: engine.clock.now(), task: leg.job.id, exit: leg.exit.id, target: leg.target, verdict, scope, limit, cooldownMs: Math.round(cooldownMs) });
}
