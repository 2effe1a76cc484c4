import { allGone } from "./circuit.ts";
import { mayAlso } from "./ledger/further-grant.ts";
import { furtherExit, hedge } from "./hedge.ts";
import type { Engine } from "./engine.ts";
import type { Job } from "./job.ts";
import type { Leg } from "./leg.ts";
import type { Policy } from "./policy.ts";

/**
 * Does what the options ask for: the next exit of the order that `strategy` names; races and hedges of a fixed width; as long as
 * `attemptTimeout` lets an attempt take. With `strategy: "score"` and `race: { mode: "race" }` it is the documents' policy.
 */
export class AskedPolicy implements Policy {
  readonly requeueTo = "tail";
  readonly testsTheGone = false;
  readonly limitsVary = false;
  readonly blackout = undefined;
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  moment(): void {}

  choose(job: Job, avoided: readonly number[], now: number): number {
    return job.target.desk.choose(job.demand, now, avoided, this.engine.gate.mayProxy);
  }

  exitBefore(job: Job, now: number): boolean {
    const { desk } = job.target;
    if (desk.choose(job.demand, now, job.tried, true) >= 0) return true;
    if (toldAtOnce(job, now)) return false;
    return desk.wakeAt <= job.deadline || (desk.wakeAt === Infinity && job.target.inFlight > 0);
  }

  /** A race is one round, whatever comes after it is another. */
  roundGoesOn(): boolean {
    return false;
  }

  launch(job: Job, first: Leg, now: number): void {
    if (job.width === 1) job.begin(first);
    else launchAsAsked(job, first, now);
  }

  leased(): void {}

  limitMs({ exitIndex }: Leg): number {
    const { rules, table } = this.engine;
    return table.isProxy[exitIndex] ? rules.proxyAttemptTimeoutMs : rules.attemptTimeoutMs;
  }

  heard(): void {}

  ended(): void {}

  over(): void {}

  /** The one that has waited for longest. */
  nextOf(): number {
    return 0;
  }

  idle(): void {}
}

/** As new requests are refused where every exit rests, so is this one told what it has met: half a minute later it would be no wiser. */
export function toldAtOnce(job: Job, now: number): boolean {
  return !job.way.strict && !job.engine.rules.queueWhenOpen && allGone(job.target, now);
}

/** All legs of the race at once, or further ones after a delay, as the target's rules have it. */
export function launchAsAsked(job: Job, first: Leg, now: number): void {
  const { engine, target } = job;
  if (job.width === 1) {
    job.begin(first);
  } else if (target.rules.raceMode === "hedge") {
    job.begin(first);
    hedge(job, now);
  } else {
    for (const leg of furtherLegs(job, first, now)) {
      if (job.done) engine.finish(leg, "aborted", false);
      else job.begin(leg);
    }
  }
}

function furtherLegs(job: Job, first: Leg, now: number): Leg[] {
  const legs = [first];
  const used = [first.exitIndex];
  while (used.length < job.width) {
    const next = furtherExit(job, used, now);
    const may = next < 0 ? "never" : mayAlso(job, next, now);
    if (may === "never") break;
    used.push(next);
    if (may === "now") legs.push(job.engine.leases.out(job, next, now));
  }
  return legs;
}
