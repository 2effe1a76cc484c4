import { MultihomeError } from "../errors.ts";
import type { Job } from "./job.ts";
import type { Leg } from "./leg.ts";
import type { Target } from "./target.ts";

/** The exit of its lease, or the target, is banned for longer than it may wait, and no other exit is its to take. */
export function bannedFor(job: Job, now: number): MultihomeError | undefined {
  if (job.pin < 0) return undefined;
  const { deadline, demand, pin, target, timeoutMs } = job;
  const { until, ofAll } = banOf(target, pin, demand?.account);
  if (until <= now || until <= (deadline === Infinity ? now + timeoutMs : deadline)) return undefined;
  return bannedError(target, pin, ofAll, until - now, ", longer than the request may wait");
}

/** The same of what is sent by the agents of a lease: nothing can make it wait. */
export function bannedNow({ exit, exitIndex, engine, job: { demand, target } }: Leg): MultihomeError | undefined {
  // Its agents may be held for longer than the pool names the exit.
  if (engine.table.exits[exitIndex] !== exit) return undefined;
  const now = engine.clock.now();
  const { until, ofAll } = banOf(target, exitIndex, demand?.account);
  return until <= now ? undefined : bannedError(target, exitIndex, ofAll, until - now, "");
}

function banOf({ engine, pauses }: Target, exit: number, account: string | undefined): { until: number; ofAll: boolean } {
  const egress = engine.table.egress[exit];
  const own = pauses.reasonOf(egress) === "banned" ? pauses.untilOf(egress) : 0;
  const all = pauses.reasonForAll(account) === "banned" ? pauses.untilForAll(account) : 0;
  return { until: Math.max(own, all), ofAll: all >= own };
}

function bannedError({ engine, name }: Target, exit: number, ofAll: boolean, forMs: number, more: string): MultihomeError {
  const who = ofAll ? `${name} has banned the account or several exits, and nothing is sent there` : `${name} has banned ${engine.table.exits[exit]?.id ?? "the exit"}, the exit of the given lease,`;
  return new MultihomeError("MH_ERR_BANNED", `${who} for another ${Math.ceil(forMs / 1_000)} s${more}; the request was not sent.`, { target: name, retryAfterMs: forMs });
}
