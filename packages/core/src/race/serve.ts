import { bannedFor } from "./banned.ts";
import { launch, offer } from "./placing.ts";
import type { Rank } from "../queue/line.ts";
import type { Job } from "./job.ts";
import { lends } from "./lending.ts";
import { lackOf, parkedBefore } from "./parking.ts";
import type { Target } from "./target.ts";
import type { WaitingRoom } from "./waiting-room.ts";
import { awaited } from "./wish.ts";

/** So many waiting requests are looked at for one that is light enough for what is left of a window … */
const LOOK_AHEAD = 64;
/** … and at least so many of each priority and kind. */
const LOOK_AHEAD_EACH = 4;

/** Requests that wait for exits of their own are in nobody's way: so many of them are asked about … */
const LOOK_AT_PICKY = 256;
/** … and so many of one exit are passed over once one of them has been refused. */
const PASS_OVER = 1_024;

/** So many scouts of those who are parked find out in one turn that something else is short. */
const MOST_SCOUTS = 256;

/** May it be offered an exit at once? Not before others that wait for the same; those that it goes before are not in its way. */
export function mayGoFirst(job: Job, now: number): boolean {
  const { line, lots, outside } = job.target;
  if (lots.size > 0 && (lots.isDue(now) || parkedBefore(job, now) !== undefined)) return false;
  if (line.size === 0 && outside.size === 0) return true;
  return goesBefore(job);
}

/** Does it go before those who wait, whoever of them has waited for how long? */
function goesBefore({ kind, picky, priority, target }: Job): boolean {
  const { asking, line, outside } = target;
  if (picky || (line.size <= asking + target.picky && outside.size === 0)) return true;
  return kind.reserve > 0 || (line.outranks(priority) && outside.outranks(priority));
}

/** It would go before those who wait: is it the turn of one of them? */
export function owesTurn(job: Job): boolean {
  const { line, outside } = job.target;
  return line.owesTurn && (line.size > 0 || outside.size > 0) && goesBefore(job);
}

/** Serves whoever waits for the target, as far as there is room. @returns when it is worth asking again */
export function serve(target: Target, room: WaitingRoom, now: number): number {
  const { desk, engine, line, lots } = target;
  let wakeAt = Infinity;
  let looked = 0;
  let lookedInRank = 0;
  let scouts = 0;
  if (lots.size > 0) {
    if (desk.stirred) lots.stirAll(true);
    lots.open(now);
  }
  desk.stirred = false;
  const banned: Job[] = [];
  const refused = target.picky === 0 && lots.size === 0 ? undefined : new RefusedExits();
  for (let job = line.first(); job !== undefined && looked < LOOK_AHEAD; ) {
    if (refused !== undefined && job.picky && job.ask === undefined && refused.has(job, now)) {
      if (bannedFor(job, now) !== undefined) banned.push(job);
      const behind: Job | undefined = refused.exhausted ? undefined : pass(job);
      if (behind?.rank !== job.rank) lookedInRank = 0;
      job = behind;
      continue;
    }
    let lack = job.ask === undefined ? parkedBefore(job, now) : undefined;
    const exit = job.ask === undefined && lack === undefined ? offer(job, now) : -1;
    if (exit >= 0) {
      line.served(job, Math.max(1, job.weight));
      if (job.rounds === 0) job.kind.waitedMs += now - job.createdAt;
      room.leave(job);
      launch(job, exit, now);
      job = line.first();
      looked = lookedInRank = 0;
      refused?.forget();
      continue;
    }
    const turned = job.pin >= 0 && job.ask === undefined && bannedFor(job, now) !== undefined;
    if (turned) banned.push(job);
    if (turned || job.ask !== undefined || (job.way.exclusive && engine.holds.full)) {
      // Keeps its place while a ledger is asked, or all exits serve slots, or is about to lose it: those behind it are served.
      const behind: Job | undefined = pass(job);
      if (behind?.rank !== job.rank) lookedInRank = 0;
      job = behind;
      continue;
    }
    lack ??= lackOf(job, now);
    if (lack !== undefined) {
      const rank = job.rank as Rank;
      const before = job.linePrev as Job | undefined;
      if (job.scoutOf !== undefined && ++scouts > MOST_SCOUTS) looked++;
      room.park(job, lack, now);
      job = before !== undefined ? line.after(before) : ((rank.head as Job | undefined) ?? line.first());
      continue;
    }
    // A request on a lease needs no place of its own: others may wait for it to end.
    if (target.atGate && target.picky === 0) break;
    if (desk.wakeAt < wakeAt) wakeAt = desk.wakeAt;
    // Past the head only where requests differ in what they need, and not for ever.
    if (job.demand === undefined && target.picky === 0) break;
    if (job.picky && refused !== undefined) {
      refused.add(job, now);
      const behind: Job | undefined = refused.exhausted ? undefined : pass(job);
      if (behind?.rank !== job.rank) lookedInRank = 0;
      job = behind;
      continue;
    }
    looked++;
    const { rank } = job;
    lots.passed(job);
    const next = now - job.createdAt > (target.quota?.patienceMs ?? Infinity) ? behindPatient(job) : ++lookedInRank < eachRank(target) ? line.after(job) : line.afterRank(job);
    if (next?.rank !== rank) lookedInRank = 0;
    job = next;
  }
  // When the line is not walked any more: who is told may do as he likes.
  for (const job of banned) job.reject(bannedFor(job, now));
  if (lots.size === 0) return wakeAt;
  return scouts > MOST_SCOUTS || lots.isDue(now) ? now + 1 : Math.min(wakeAt, lots.nextAt);
}

/** It wants something of its own: whoever stands behind it is next. */
function pass(job: Job): Job | undefined {
  const { line, lots } = job.target;
  lots.passed(job);
  return line.after(job);
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

/** In one walk along the line: exits that a request waits for, and by how much they were too full. */
class RefusedExits {
  readonly #exits: number[] = [];
  readonly #weights: number[] = [];
  #asked = 0;
  #passed = 0;

  /** The walk ends here. */
  get exhausted(): boolean {
    return this.#passed >= PASS_OVER;
  }

  /** Would it be refused as one before it was? */
  has(job: Job, now: number): boolean {
    if (this.#asked >= LOOK_AT_PICKY) {
      this.#passed++;
      return true;
    }
    // What its lease has reserved is there for it, and the lease that is the probe is shut out by nobody.
    if (job.shared || job.lender?.job.probe === true || lends(job)) return false;
    const at = this.#exits.indexOf(awaited(job, now));
    if (at < 0 || job.weight < this.#weights[at]) return false;
    this.#passed++;
    return true;
  }

  add(job: Job, now: number): void {
    this.#asked++;
    const exit = job.shared ? -1 : awaited(job, now);
    if (exit < 0) return;
    const at = this.#exits.indexOf(exit);
    if (at >= 0) this.#weights[at] = Math.min(this.#weights[at], job.weight);
    else this.#weights[this.#exits.push(exit) - 1] = job.weight;
  }

  /** Somebody was served: what others wait for may be another exit now. */
  forget(): void {
    this.#exits.length = this.#weights.length = 0;
  }
}
