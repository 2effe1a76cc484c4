import type { VerdictKind } from "../model/verdict.ts";
import type { Job } from "./job.ts";

/** Methods that ask and change nothing (RFC 9110, 9.2.1), as far as clients send them. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * May the request be sent again after its last leg brought `verdict`? Policy: docs/adr and the guarantees page.
 *
 * @param sent false: it is certain that no byte left and the body was not touched
 */
export function mayRetry(job: Job, verdict: VerdictKind, sent: boolean): boolean {
  const { engine } = job;
  if (engine.closing) return false;
  // A lease pins its exit: whoever holds it decides what comes next.
  if (job.single || job.pin >= 0 || (job.rounds >= job.maxAttempts && !engine.policy.roundGoesOn(job))) return false;
  const now = engine.clock.now();
  if (now >= job.deadline) return false;
  const proxied = job.legs.some((leg) => engine.table.isProxy[leg.exitIndex]);
  if (!allowed(job, verdict, sent, proxied)) return false;
  if (sent && !replayable(job)) return false;
  // "Come back later" from a server in trouble does not say that it has done nothing: only 429 and 418 refuse before processing.
  if (!SAFE.has(job.request.method) && job.legs.some((leg) => leg.status >= 500)) return false;
  // A refusal is handed on at once where no exit would be free before the deadline.
  if (!engine.policy.exitBefore(job, now)) return false;
  // Last, because it counts: a failing target must not be hit harder for it.
  return proxied || engine.retries.tryRetry(now);
}

function allowed(job: Job, verdict: VerdictKind, sent: boolean, proxied: boolean): boolean {
  switch (verdict) {
    case "rate-limited":
    case "banned":
      // Refused before it was processed: nothing has happened yet.
      return true;
    case "blocked":
    case "exit-error":
      return !sent || SAFE.has(job.request.method);
    case "target-error":
      // Once more at most: another proxy may see another machine of the target; another address of ours sees the same one.
      return proxied && SAFE.has(job.request.method) && (job.history ?? []).filter((attempt) => attempt.verdict === "target-error").length <= 1;
    case "success":
    case "aborted":
      return false;
    default: {
      const never: never = verdict;
      throw new TypeError(`Unknown verdict ${String(never)}.`);
    }
  }
}

/** Nothing is lost when an attempt of it is given up, or sent beside another: it asks and changes nothing. */
export function repeatable(job: Job): boolean {
  return SAFE.has(job.request.method) && replayable(job) && !job.single && job.pin < 0;
}

function replayable({ request }: Job): boolean {
  return request.replayable ?? (request.body == null || typeof request.body === "string" || request.body instanceof Uint8Array);
}
