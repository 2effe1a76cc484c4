import { MultihomeError } from "../errors.ts";
import type { Hints } from "../model/request.ts";
import type { RequestCost } from "../weights/index.ts";
import { impossible } from "../quota/needs.ts";
import { plainCredentials } from "./credentials.ts";
import type { Job } from "./job.ts";
import type { Target } from "./target.ts";

/**
 * What the request costs and how many legs it may have, written into the job. Answers with the reason where it can never be
 * sent.
 */
export function weigh(job: Job, hints: Hints | undefined): MultihomeError | undefined {
  const { target } = job;
  const { rules } = target;
  if (rules.raceMode !== "off") job.width = widthOf(job, hints);
  const { engine } = job;
  if (engine.table.sourced.size > 0 && !engine.rules.plainCredentials) {
    const refused = plainCredentials(job.request, target.name);
    if (refused !== undefined) return refused;
  }
  if (rules.cost !== undefined || target.desk.quota !== undefined) return charge(job, hints);
  // Nobody counts it.
  job.weight = hints?.weight ?? 1;
  return undefined;
}

/** Where the target has weights or limits. */
function charge(job: Job, hints: Hints | undefined): MultihomeError | undefined {
  const { request, target } = job;
  const { rules, quota } = target;
  const connects = job.shared || request.upgrade === true;
  let cost: RequestCost | undefined;
  try {
    cost = (connects ? rules.connectCost?.(request) : undefined) ?? rules.cost?.(request);
  } catch (error) {
    if (error instanceof MultihomeError) return error;
    return new MultihomeError("MH_ERR_CONFIG", `The function targets.${target.name}.weights threw; the request was not sent.`, { target: target.name, cause: error });
  }
  job.cost = cost;
  job.weight = hints?.weight ?? cost?.weight ?? 1;
  if (quota === undefined) return undefined;
  // A table's charges may be of limits that the user has left out; a function's are of a limit that he has misspelt.
  const unknown = cost?.charges === undefined || cost.rule !== undefined ? undefined : cost.charges.find(({ limit }) => quota.indexOf(limit) === undefined);
  if (unknown !== undefined) {
    return new MultihomeError("MH_ERR_CONFIG", `The function targets.${target.name}.weights charges "${unknown.limit}", which is none of the target's limits (${quota.current.map(({ name }) => name).join(", ")}); the request was not sent.`, { target: target.name });
  }
  const success = hints?.weight === undefined ? cost?.settleOnSuccess : undefined;
  job.demand = quota.demand(
    { weight: job.weight, orders: cost?.orders ?? 0, charges: cost?.charges, ...(success === undefined ? {} : { settleOnSuccess: success }) },
    rules.account?.(request),
    connects,
  );
  job.demand.byHand = job.single;
  job.demand.kept = job.kind.kept;
  if (hints?.weight === undefined) job.demand.source = cost;
  const over = impossible(quota, job.demand);
  if (over === undefined) return undefined;
  const kept = over.kept(job.demand.kept);
  return new MultihomeError("MH_ERR_OVER_QUOTA", `The request to ${target.name} costs more than its limit "${over.name}" (${over.meter.limit} in ${over.meter.perMs} ms${kept === 0 ? "" : `, ${kept} of them kept for other kinds`}) ever allows.`, { target: target.name });
}

/** Limits and weights may be others now: who waits is weighed anew, for limits that came meanwhile count on him as well. */
export function weighAnew({ line, lots, outside }: Target): void {
  const waiting = [...lots];
  for (const those of [line, outside]) for (let job = those.first(); job !== undefined; job = those.after(job)) waiting.push(job);
  for (const job of waiting) {
    // What a ledger is being asked for is what it was when it was asked.
    if (job.done || job.ask !== undefined) continue;
    const never = weigh(job, job.hints);
    if (never !== undefined) job.reject(never);
  }
}

/** Most legs: only for requests that may be sent more than once, and never for a lease, which is one exit's. */
function widthOf(job: Job, hints: Hints | undefined): number {
  const { request, target } = job;
  const { raceBodies, raceMethods, raceWidth } = target.rules;
  if (job.single || job.pin >= 0) return 1;
  // Legs of a race leave by several exits: a request with a key is raced only where it says so.
  const most = hints?.race === false ? 1 : (hints?.race ?? (job.wish?.key === undefined ? raceWidth : 1));
  return most > 1 && raceMethods.has(request.method) && (raceBodies || request.body == null) && request.replayable !== false ? most : 1;
}
