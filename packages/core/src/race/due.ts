import { lastAttempt, MultihomeError } from "../errors.ts";
import type { Job } from "./job.ts";
import type { Leg } from "./leg.ts";
import { waitReason } from "./seen/wait-reason.ts";

/** The attempt has brought no head in time: it is given up, and the request goes on without it. */
export function attemptIsLate(leg: Leg, now: number): void {
  const { engine, exitIndex, job } = leg;
  const { target } = job;
  const ms = Math.round(now - leg.startedAt);
  const limitMs = engine.table.isProxy[exitIndex] ? engine.rules.proxyAttemptTimeoutMs : engine.rules.attemptTimeoutMs;
  // A pool that closes lets end what runs: there will be no other exit, and nobody waits for its place.
  if (engine.closing && ms < limitMs) {
    engine.timers.set(leg, now, leg.startedAt + limitMs);
    return;
  }
  // Without a stack: with many bad proxies this is made all the time, and the stack would be that of a timer.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new MultihomeError("MH_ERR_TIMEOUT", `No answer from ${target.name} through ${leg.exit.id} within ${ms} ms (${ms < limitMs ? "given up for another exit" : "attemptTimeout"}).`, { target: target.name, elapsedMs: ms });
  Error.stackTraceLimit = stackTraceLimit;
  leg.reason = "timeout";
  leg.late = true;
  // A local address whose packets get lost on the way rests for a moment; proxies have their health for that.
  if (!engine.table.isProxy[exitIndex]) target.pauses.pauseExit(engine.table.egress[exitIndex], "timeout", undefined, now);
  leg.stopped = true;
  engine.leases.back(leg, "exit-error", true);
  job.driver.stop(leg, error);
  job.failed(leg, error, true, "exit-error");
  engine.served(job);
}

/** Why it has no exit now, as far as that can be said in a few words; `pool.explain` says all of it. */
function whyNone(job: Job, now: number): string {
  const { pauses } = job.target;
  const account = job.demand?.account;
  const pausedMs = pauses.untilForAll(account) - now;
  if (pausedMs > 0) return `; no exit was free: ${pauses.wholeUntil - now >= pausedMs ? "the whole target" : "this account"} is paused for another ${Math.ceil(pausedMs / 1_000)} s (${pauses.reasonForAll(account)})`;
  const reason = waitReason(job, now);
  return reason === "queue" ? "; no exit was free" : `; no exit was free (${reason})`;
}

/** How far it has come. */
function whereItStood(job: Job, now: number): string {
  if (job.started === 0) return whyNone(job, now);
  const tried = `${lastAttempt(job.history)}${job.queued ? whyNone(job, now) : ""}`;
  const out = job.legs.find((leg) => !leg.over && !leg.stopped);
  return out === undefined ? tried : `${tried}; an answer through ${out.exit.id}${job.live > 1 ? ` and ${job.live - 1} more` : ""} was still awaited`;
}

/** The request's deadline has passed, wherever it stands. */
export function requestIsLate(job: Job, now: number): void {
  const { target } = job;
  const ms = Math.round(now - job.createdAt);
  job.expire(
    new MultihomeError("MH_ERR_TIMEOUT", `${job.way.single ? "No lease for" : "No answer from"} ${target.name} within ${ms} ms (${job.way.single ? "timeout" : "queue.timeout"})${whereItStood(job, now)}.`, {
      target: target.name,
      elapsedMs: ms,
      attempts: job.history ?? [],
    }),
  );
}
