import type { Explanation, WeightReport } from "../model/pool.ts";
import type { Hints, RequestInfo } from "../model/request.ts";
import { Job } from "./job.ts";
import { LeaseDriver } from "./lease-driver.ts";
import type { Engine } from "./engine.ts";
import { refusalByExit } from "./refusal.ts";
import type { Target } from "./target.ts";
import { weigh } from "./weigh.ts";

/** Exits that are explained one by one. */
const MOST_EXPLAINED = 1_000;

/** Why a request would wait, and by which exits it could leave now. Looks at every exit: for people, not for programs that send. */
export function explain(engine: Engine, target: Target, request: RequestInfo, hints: Hints | undefined, weight: WeightReport): Explanation {
  const now = engine.clock.now();
  const { table } = engine;
  const nobody = new LeaseDriver(
    () => {},
    () => {},
  );
  // Weighed as a request would be, and never sent.
  const job = new Job(engine, target, request, nobody, engine.kinds.of(hints?.kind), 0, now, Infinity);
  const impossible = weigh(job, hints) !== undefined;
  const exits: Explanation["exits"] = [];
  let wouldWaitMs = Infinity;
  for (let exit = 0; exit < Math.min(table.length, MOST_EXPLAINED); exit++) {
    const known = table.exits[exit];
    if (known === undefined) continue;
    const refusal = impossible ? { reason: "over-quota", retryAfterMs: Infinity } : refusalByExit(engine, target, job.demand, exit, now);
    const carries = target.desk.carry.mostOf(exit, now);
    const held = carries === Infinity ? {} : { carries };
    if (refusal === undefined) exits.push({ id: known.id, usable: true, ...held, score: target.health.score(exit) });
    else exits.push({ id: known.id, usable: false, reason: refusal.reason, ...(Number.isFinite(refusal.retryAfterMs) ? { retryAfterMs: Math.round(refusal.retryAfterMs) } : {}), ...held, score: target.health.score(exit) });
    wouldWaitMs = Math.min(wouldWaitMs, refusal === undefined ? 0 : refusal.retryAfterMs);
  }
  return { target: target.name, weight, breaker: target.breaker.state(now), queued: target.waiting, exits, wouldWaitMs };
}
