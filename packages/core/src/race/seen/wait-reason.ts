import { asksBreaker } from "../circuit.ts";
import type { Job } from "../job.ts";
import { refusalByExit } from "../by-hand/refusal.ts";

/** Exits that are asked, spread over all of them: a request that waits must not cost a look at each. */
const MOST_ASKED = 16;

/** What a request waits for, as far as a few looks can tell. `pool.explain` asks every exit. */
export function waitReason(job: Job, now: number): string {
  const { engine, target } = job;
  const { table } = engine;
  if (!engine.ready) return "not-ready";
  if (table.size === 0) return "no-exit";
  if (job.ask !== undefined || job.pending) return "ledger-pending";
  if (asksBreaker(job) && (!job.picky || target.breaker.reason !== "no-exits")) return "circuit-open";
  if (!engine.gate.open || target.inFlight >= target.rules.backendLimit) return "in-flight";
  let reason: string | undefined;
  let soonest = Infinity;
  const step = job.pin >= 0 ? 1 : Math.max(1, Math.ceil(table.length / MOST_ASKED));
  for (let exit = Math.max(0, job.pin); exit < (job.pin >= 0 ? job.pin + 1 : table.length); exit += step) {
    if (table.exits[exit] === undefined) continue;
    const refusal = refusalByExit(engine, target, job.demand, exit, now);
    // Some exit could: it waits for those before it.
    if (refusal === undefined) return "queue";
    if (reason !== undefined && refusal.retryAfterMs >= soonest) continue;
    reason = refusal.reason;
    soonest = refusal.retryAfterMs;
  }
  return reason ?? "queue";
}
