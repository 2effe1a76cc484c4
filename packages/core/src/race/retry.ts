import type { VerdictKind } from "../model/verdict.ts";
import { allGone } from "./circuit.ts";
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
  // A lease pins its exit: whoever holds it decides what comes next.
  if (job.single || job.pin >= 0 || job.rounds >= job.maxAttempts) return false;
  const now = engine.clock.now();
  if (now >= job.deadline) return false;
  const proxied = job.legs.some((leg) => engine.table.isProxy[leg.exitIndex]);
  if (!allowed(job, verdict, sent, proxied)) return false;
  if (sent && !replayable(job)) return false;
  // "Come back later" from a server in trouble does not say that it has done nothing: only 429 and 418 refuse before processing.
  if (!SAFE.has(job.request.method) && job.legs.some((leg) => leg.status >= 500)) return false;
  if (!exitBefore(job, now)) return false;
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

function replayable({ request }: Job): boolean {
  return request.replayable ?? (request.body == null || typeof request.body === "string" || request.body instanceof Uint8Array);
}

/** A refusal is handed on at once where no exit would be free before the deadline. */
function exitBefore(job: Job, now: number): boolean {
  const { desk } = job.target;
  if (desk.choose(job.demand, now, job.tried, true) >= 0) return true;
  // As new requests are refused then, so is this one told what it has met: half a minute later it would be no wiser.
  if (!job.strict && !job.engine.rules.queueWhenOpen && allGone(job.target, now)) return false;
  return desk.wakeAt <= job.deadline || (desk.wakeAt === Infinity && job.target.inFlight > 0);
}
