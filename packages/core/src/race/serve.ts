import { launch, offer } from "./placing.ts";
import type { Job } from "./job.ts";
import type { Target } from "./target.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** So many waiting requests are looked at for one that is light enough for what is left of a window … */
const LOOK_AHEAD = 64;
/** … and at least so many of each priority and kind. */
const LOOK_AHEAD_EACH = 4;

/** May it be offered an exit at once? Not before others that wait for the same; those that it goes before are not in its way. */
export function mayGoFirst(job: Job): boolean {
  const { line, outside } = job.target;
  if (job.picky || (line.size === job.target.asking && outside.size === 0)) return true;
  return job.kind.reserve > 0 || (line.outranks(job.priority) && outside.outranks(job.priority));
}

/** Serves whoever waits for the target, as far as there is room. @returns when it is worth asking again */
export function serve(target: Target, room: WaitingRoom, now: number): number {
  const { line } = target;
  let wakeAt = Infinity;
  let looked = 0;
  let lookedInRank = 0;
  for (let job = line.first(); job !== undefined && looked < LOOK_AHEAD; ) {
    const exit = job.ask === undefined ? offer(job, now) : -1;
    if (exit >= 0) {
      line.served(job, Math.max(1, job.weight));
      if (job.rounds === 0) job.kind.waitedMs += now - job.createdAt;
      room.leave(job);
      launch(job, exit, now);
      job = line.first();
      looked = lookedInRank = 0;
      continue;
    }
    if (job.ask !== undefined) {
      // Keeps its place while a ledger is asked: those behind it are served.
      const behind: Job | undefined = line.after(job);
      if (behind?.rank !== job.rank) lookedInRank = 0;
      job = behind;
      continue;
    }
    if (target.atGate) break;
    if (target.desk.wakeAt < wakeAt) wakeAt = target.desk.wakeAt;
    // Past the head only where requests differ in what they need, and not for ever.
    if (job.demand === undefined && target.picky === 0) break;
    looked++;
    const { rank } = job;
    const next = now - job.createdAt > (target.quota?.patienceMs ?? Infinity) ? behindPatient(job) : ++lookedInRank < eachRank(target) ? line.after(job) : line.afterRank(job);
    if (next?.rank !== rank) lookedInRank = 0;
    job = next;
  }
  return wakeAt;
}

function eachRank({ line }: Target): number {
  return line.busyRanks <= 1 ? LOOK_AHEAD : Math.max(LOOK_AHEAD_EACH, Math.floor(LOOK_AHEAD / line.busyRanks));
}

/** It has let lighter ones pass for long enough. Only what room is kept for takes none of what it waits for. */
function behindPatient(job: Job): Job | undefined {
  const { line, engine } = job.target;
  if (!engine.kinds.reserving) return undefined;
  let next = line.afterRank(job);
  while (next !== undefined && next.kind.reserve === 0) next = line.afterRank(next);
  return next;
}
