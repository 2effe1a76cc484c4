import type { Decision } from "../../model/decision.ts";
import type { ExplainedExit, Explanation, WeightReport } from "../../model/pool.ts";
import type { Hints, RequestInfo } from "../../model/request.ts";
import { accountLabel, ownerLabel } from "../../quota/owner-label.ts";
import { beliefOf } from "./belief.ts";
import { DecisionRing } from "./decision-ring.ts";
import { Job } from "../job.ts";
import { LeaseDriver } from "../by-hand/lease-driver.ts";
import type { Engine } from "../engine.ts";
import { refusalByExit, type Refusal } from "../by-hand/refusal.ts";
import type { Target } from "../target.ts";
import { PLAIN } from "../way.ts";
import { weigh } from "../weigh.ts";
import { awaited, wishOf } from "../wish.ts";

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
  const job = new Job(engine, target, request, nobody, PLAIN, hints, now, Infinity);
  const impossible = weigh(job, hints === undefined ? undefined : engine.hintCheck.usable(hints)) !== undefined;
  const exits: ExplainedExit[] = [];
  let wouldWaitMs = Infinity;
  target.quota?.catchUp(now);
  for (let exit = 0; exit < table.length && exits.length < MOST_EXPLAINED; exit++) {
    if (table.exits[exit] === undefined) continue;
    const refusal = impossible ? { reason: "over-quota", retryAfterMs: Infinity } : refusalByExit(engine, target, job.demand, exit, now);
    exits.push(explainExit(job, exit, refusal, now));
    wouldWaitMs = Math.min(wouldWaitMs, refusal === undefined ? 0 : refusal.retryAfterMs);
  }
  const own = ownExit(job, hints, now);
  const forMs = Math.round(target.pauses.wholeUntil - now);
  const cause = forMs > 0 ? target.causes.of(undefined, now) : undefined;
  const common = commonCounters(job, now);
  const account = job.demand?.account;
  const accountMs = account === undefined ? 0 : Math.round(target.pauses.untilOfAccount(account) - now);
  return {
    target: target.name,
    weight,
    breaker: target.breaker.state(now),
    queued: target.waiting,
    exits,
    wouldWaitMs,
    ...(account !== undefined && accountMs > 0 ? { pausedAccount: { label: accountLabel(account), forMs: accountMs } } : {}),
    ...(common.length === 0 ? {} : { common }),
    ...(own === undefined ? {} : { affinity: own }),
    ...(forMs > 0 ? { paused: { forMs, ...(cause === undefined ? {} : { cause }) } } : {}),
  };
}

/** What the request takes of counters that no other exit helps with: its account's, and everybody's. */
function commonCounters({ target, demand }: Job, now: number): NonNullable<Explanation["common"]> {
  const { quota } = target;
  if (quota === undefined || demand === undefined) return [];
  return demand.limits.flatMap((index, i) => {
    const limit = quota.limits[index];
    const { name, scope, meter } = limit;
    if (scope === "exit") return [];
    const row = limit.rowOf(-1, demand.account, demand.keys[i], now);
    const of = ownerLabel({ ...(scope === "account" && demand.account !== undefined ? { account: demand.account } : {}), ...(demand.keys[i] === undefined ? {} : { key: demand.keys[i] }) });
    return [{ name, of, needs: demand.units[i], used: meter.used(row, now), limit: meter.limit, resetsInMs: Math.max(0, Math.round(meter.resetsAt(row, now) - now)) }];
  });
}

/** The exit of the request's key, and why the request waits for it. */
function ownExit(job: Job, hints: Hints | undefined, now: number): Explanation["affinity"] {
  const { engine, target } = job;
  if (hints?.affinity === undefined || hints.affinity === "avoid-previous") return undefined;
  job.wish = wishOf(target, hints, now, Infinity);
  const exit = awaited(job, now);
  // Every exit is away: any other will do.
  if (exit < 0) return undefined;
  const refusal = refusalByExit(engine, target, job.demand, exit, now);
  const told = { id: engine.table.exits[exit]?.id ?? "", usable: refusal === undefined };
  if (refusal === undefined) return told;
  return { ...told, reason: refusal.reason, ...(Number.isFinite(refusal.retryAfterMs) ? { retryAfterMs: Math.round(refusal.retryAfterMs) } : {}) };
}

function explainExit({ demand, engine, target }: Job, exit: number, refusal: Refusal | undefined, now: number): ExplainedExit {
  const { table } = engine;
  const { desk, health, quota } = target;
  const carries = desk.carry.mostOf(exit, now);
  const told: ExplainedExit = { id: table.exits[exit]?.id ?? "", usable: refusal === undefined, inflight: table.inFlight[exit] + table.shared[exit], score: health.score(exit) };
  if (carries !== Infinity) told.carries = carries;
  const belief = beliefOf(engine, target, exit, now);
  if (belief !== undefined) told.belief = belief;
  if (quota !== undefined && demand !== undefined) {
    told.limits = demand.limits.flatMap((index, i) => {
      const limit = quota.limits[index];
      if (limit.scope !== "exit") return [];
      const row = limit.rowOf(table.egress[exit], demand.account, demand.keys[i], now);
      return [{ name: limit.name, needs: demand.units[i], used: limit.meter.used(row, now), limit: limit.meter.limit, resetsInMs: Math.max(0, Math.round(limit.meter.resetsAt(row, now) - now)) }];
    });
  }
  if (refusal === undefined) return told;
  told.reason = refusal.reason;
  if (Number.isFinite(refusal.retryAfterMs)) told.retryAfterMs = Math.round(refusal.retryAfterMs);
  if (refusal.reason !== "cooldown" && refusal.reason !== "banned" && refusal.reason !== "dead") return told;
  const cause = target.causes.of(exit, now) ?? (target.pauses.wholeUntil > now ? target.causes.of(undefined, now) : undefined);
  if (cause !== undefined) told.cause = cause;
  return told;
}

/** @param live explains the request of a task that is not decided yet */
export function explainTask(engine: Engine, task: string, live: (request: RequestInfo, hints: Hints | undefined) => Explanation): Decision | undefined {
  const ring = (engine.decisions ??= new DecisionRing());
  const decision = ring.of(task, engine.clock.now());
  const job = decision?.state === "waiting" ? ring.jobOf(task) : undefined;
  return decision === undefined || job === undefined ? decision : { ...decision, now: live(job.request, job.hints) };
}

export function decisionsOf(engine: Engine): Decision[] {
  return (engine.decisions ??= new DecisionRing()).read(engine.clock.now());
}
