import { MultihomeError } from "../../errors.ts";
import type { Demand } from "../../quota/demand.ts";
import { circuitError, noneReaches, waitsForBreaker } from "../circuit.ts";
import type { Engine } from "../engine.ts";
import type { Job } from "../job.ts";
import type { Target } from "../target.ts";
import { awaited } from "../wish.ts";

/** After so long a ledger that was asked has often answered. */
const ASK_AGAIN_MS = 5;

export interface Refusal {
  reason: string;
  retryAfterMs: number;
}

/** So many exits are asked one by one for their reason; of more than that the rest waits no differently. */
const MOST_ASKED = 1_000;

/** Why no exit can take the request now, and when the soonest could: for `tryAcquire`, which is refused before anybody waits. */
export function refusalOf(engine: Engine, target: Target, answer: Job | MultihomeError): Refusal {
  if (answer instanceof MultihomeError) return { reason: answer.code === "MH_ERR_OVER_QUOTA" ? "over-quota" : "no-exit", retryAfterMs: Infinity };
  const { demand } = answer;
  if (noneReaches(target)) return { reason: "no-exit", retryAfterMs: Infinity };
  const now = engine.clock.now();
  if (waitsForBreaker(answer, now)) return { reason: "circuit-open", retryAfterMs: circuitError(target, now).retryAfterMs ?? 0 };
  if (answer.pending) return { reason: "ledger-pending", retryAfterMs: ASK_AGAIN_MS };
  if (!engine.gate.open || target.inFlight >= target.rules.backendLimit) return { reason: "in-flight", retryAfterMs: 0 };
  const only = awaited(answer, now);
  if (only >= 0) return refusalByExit(engine, target, demand, only, now) ?? { reason: "in-flight", retryAfterMs: 0 };
  let soonest: Refusal | undefined;
  for (let exit = 0; exit < Math.min(engine.table.length, MOST_ASKED); exit++) {
    const refusal = refusalByExit(engine, target, demand, exit, now);
    if (refusal !== undefined && (soonest === undefined || refusal.retryAfterMs < soonest.retryAfterMs)) soonest = refusal;
  }
  return soonest ?? { reason: "in-flight", retryAfterMs: 0 };
}

/** Why this exit cannot take it; `undefined` where it could. */
export function refusalByExit(engine: Engine, target: Target, demand: Demand | undefined, exit: number, now: number): Refusal | undefined {
  const { table } = engine;
  const { desk, pauses, quota } = target;
  if (!desk.mayUse(exit)) return { reason: "no-exit", retryAfterMs: Infinity };
  const egress = table.egress[exit];
  const forAll = pauses.untilForAll(demand?.account);
  const own = pauses.untilOf(egress);
  if (Math.max(forAll, own) > now) {
    const banned = own >= forAll ? pauses.reasonOf(egress) === "banned" : pauses.reasonForAll(demand?.account) === "banned";
    return { reason: banned ? "banned" : "cooldown", retryAfterMs: Math.max(forAll, own) - now };
  }
  const rests = desk.rests.restsUntil(exit);
  if (rests > now) return rests === Infinity ? { reason: "dead", retryAfterMs: Infinity } : { reason: "cooldown", retryAfterMs: rests - now };
  const spaced = desk.spacedUntil(exit);
  if (spaced > now) return { reason: "spacing", retryAfterMs: spaced - now };
  if (desk.isFull(exit, now)) return { reason: "in-flight", retryAfterMs: 0 };
  if (quota === undefined || demand === undefined) return undefined;
  const short = quota.shortOf(demand, egress, now);
  if (short < 0) return undefined;
  const at = quota.freeAt(demand, egress, now);
  return { reason: `limit:${quota.limits[demand.limits[short]].name}`, retryAfterMs: at === Infinity ? 0 : Math.max(0, at - now) };
}
