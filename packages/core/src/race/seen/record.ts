import type { VerdictKind } from "../../model/verdict.ts";
import { channels } from "../../observe/channels.ts";
import { announceEnd, announceRace, announceRequeue, announceTask } from "./announce.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";
import { REQUEUED } from "./tally.ts";

/** So many attempts are kept for an error; `maxAttempts` may be Infinity. */
const MOST_NOTED = 50;

// What becomes of requests: counted, told where somebody listens, remembered where somebody wants to know.

/** @param queued it has found no exit at once */
export function recordCreated(job: Job, queued: boolean, now: number): void {
  if (channels.taskCreated.hasSubscribers) announceTask(job, queued);
  if (queued) job.engine.decisions?.waits(job, now);
}

export function recordAnswered(job: Job, now: number): void {
  const { engine, target } = job;
  engine.traffic.answeredAt(now, now - job.createdAt);
  job.kind.completed++;
  target.tally.answered(job.legs.length);
  if (engine.timings !== undefined) engine.timings.decided(job, now);
  engine.decisions?.decided(job, "answered", now);
  if (channels.taskSettled.hasSubscribers) announceEnd(job, "answered");
  if (job.legs.length > 1 && channels.raceSettled.hasSubscribers) announceRace(job, job.winner);
}

export function recordUnanswered(job: Job, outcome: "failed" | "aborted", now: number, error: unknown): void {
  const { engine, target } = job;
  engine.traffic.failed++;
  job.kind.failed++;
  target.tally.unanswered(outcome);
  if (engine.timings !== undefined) engine.timings.decided(job, now);
  engine.decisions?.decided(job, outcome, now);
  if (channels.taskSettled.hasSubscribers) announceEnd(job, outcome, error);
  if (outcome === "failed" && job.legs.length > 1 && channels.raceSettled.hasSubscribers) announceRace(job, undefined);
}

/** All legs of a round have failed, and another round follows. */
export function recordRoundLost(job: Job): void {
  job.target.tally.counts[REQUEUED]++;
  if (channels.taskRequeued.hasSubscribers) announceRequeue(job);
  if (job.legs.length > 1 && channels.raceSettled.hasSubscribers) announceRace(job, undefined);
}

/** One more line for the error that ends a request. */
export function noteAttempt(job: Job, leg: Leg, verdict: VerdictKind): void {
  const ms = Math.round(job.engine.clock.now() - leg.startedAt);
  if (job.history !== undefined && job.history.length >= MOST_NOTED) job.history.shift();
  (job.history ??= []).push(leg.reason === undefined ? { exit: leg.exit.id, verdict, ms } : { exit: leg.exit.id, verdict, reason: leg.reason, ms });
}
