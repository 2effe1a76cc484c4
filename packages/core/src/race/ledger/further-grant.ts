import type { Bookkeeper } from "./bookkeeper.ts";
import type { Job } from "../job.ts";

/**
 * May a further leg of the request leave by that exit, as far as a ledger is asked? Where it can say only later, the leg is
 * sent then, if the request still wants it.
 */
export function mayAlso(job: Job, exit: number, now: number): "now" | "later" | "never" {
  const { demand, engine, target } = job;
  const { books } = engine;
  const { quota } = target;
  if (books === undefined || demand === undefined || quota === undefined || demand.limits.length === 0) return "now";
  const counters = books.countersOf(target, quota.limits, demand, engine.table.egress[exit]);
  const answer = books.tryReserve(counters, now);
  if (answer === "unknown") {
    const round = job.rounds;
    books.reserve(counters, new AbortController(), (later) => {
      if (later?.ok !== true) return;
      job.grant = { token: later.token, counters };
      sendOrGiveBack(books, job, exit, round);
    });
    return "later";
  }
  // Races pay from what is spare: one that is refused is not asked for elsewhere.
  if (answer?.ok !== true) return "never";
  job.grant = { token: answer.token, counters };
  return "now";
}

function sendOrGiveBack(books: Bookkeeper, job: Job, exit: number, round: number): void {
  const { demand, engine, target } = job;
  const { grant } = job;
  const now = engine.clock.now();
  const wanted = !job.done && job.live > 0 && job.rounds === round && job.legs.length < job.width && job.legs.every((leg) => leg.exitIndex !== exit);
  const free = wanted && engine.gate.spare > 0 && target.inFlight < target.rules.backendLimit && target.health.restsUntil(exit) <= now && target.desk.chooseExit(exit, demand, now);
  if (free) {
    job.begin(engine.leases.out(job, exit, now));
    return;
  }
  job.grant = undefined;
  if (grant !== undefined) books.giveBack(grant);
}
