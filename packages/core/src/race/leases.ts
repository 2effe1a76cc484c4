import type { MultihomeError } from "../errors.ts";
import type { VerdictKind } from "../model/verdict.ts";
import type { Lease } from "../model/lease.ts";
import type { Reserved } from "../quota/demand.ts";
import { channels } from "../observe/channels.ts";
import { settleInLedger } from "./ledger/books.ts";
import { announceLease, announceSettled } from "./seen/announce.ts";
import { alertFailures, healthChanged } from "./health-changes.ts";
import type { Engine } from "./engine.ts";
import type { Job } from "./job.ts";
import { heldOf } from "./by-hand/held.ts";
import { HandLease } from "./by-hand/hand-lease.ts";
import { Leg, UNREAD_MS } from "./leg.ts";
import { LiveLegs } from "./live-legs.ts";
import { PinLease } from "./by-hand/pin-lease.ts";
import { WEIGHT } from "./seen/tally.ts";
import type { Target } from "./target.ts";

/** Has the lease that pins the request a reservation left that covers it? */
export function lends({ lender, target, weight, demand }: Job): boolean {
  if (lender === undefined || lender.over || lender.counted || lender.job.target !== target || lender.weight < weight) return false;
  const { quota } = target;
  return demand === undefined || quota === undefined || lender.reserved?.demand.covers(demand, (limit) => quota.limits[limit].scope === "account") === true;
}

/** Does the request travel on the place that its lease takes up in `backendLimit`? One at a time does. */
export function rides({ lender, target }: Job): boolean {
  return lender !== undefined && !lender.over && lender.rider === undefined && lender.job.target === target;
}

/** Is it sent on the lease of a slot that works at this target? */
function onSlot({ lender, target }: Job): boolean {
  return lender?.job.exclusive === true && lender.job.target === target;
}

/** The lease has spent what it had reserved; its holder's further requests pay for themselves. */
function lend(job: Job, lender: Leg): Reserved | undefined {
  const { reserved } = lender;
  lender.reserved = undefined;
  job.grant = lender.grant;
  lender.grant = undefined;
  lender.counted = true;
  return reserved;
}

/** The place in `backendLimit` that two share: whoever comes back last gives it back. */
function getOff({ carrier, rider }: Leg): void {
  if (rider !== undefined) rider.carrier = undefined;
  else if (carrier !== undefined) carrier.rider = undefined;
}

/** It leaves on another lease: with its place in `backendLimit`, where nobody else does, and held to it. */
function sendOn(lender: Leg, leg: Leg, lent: boolean): void {
  const { job } = leg;
  leg.longLived = job.shared || (lent && lender.job.shared);
  if (rides(job)) {
    leg.carrier = lender;
    lender.rider = leg;
  } else {
    job.target.inFlight++;
  }
  heldOf(lender)?.begin();
}

/** Leases that are out: made with everything that they take, taken back once with everything that they held. */
export class Leases {
  readonly #engine: Engine;
  readonly #live = new LiveLegs();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get none(): boolean {
    return this.#live.first === undefined;
  }

  /** The exit was chosen at this `now`, so what the request costs is there to be taken. */
  out(job: Job, exit: number, now: number): Leg {
    const leg = this.hold(job, exit, now, false);
    this.#sent(leg, now);
    return leg;
  }

  /** The ledger has said that it may go. */
  confirmed(leg: Leg, now: number): void {
    leg.held = false;
    leg.startedAt = now;
    // It took its turn when it was held: a second one would send those that a ledger answers later back behind those that it answers at once.
    if (!leg.job.shared) leg.job.target.desk.take(leg.exitIndex, now, false, false);
    this.#sent(leg, now);
  }

  /**
   * Takes everything that the attempt needs.
   *
   * @param asking it is not sent before a ledger has said that it may be
   */
  hold(job: Job, exit: number, now: number, asking: boolean): Leg {
    const { table, gate, holds, policy } = this.#engine;
    const { lender, target } = job;
    const lent = lender !== undefined && lends(job);
    const reserved = lent ? lend(job, lender) : job.demand === undefined ? undefined : target.desk.quota?.take(job.demand, table.egress[exit], now);
    const leg = new Leg(job, exit, now, reserved);
    leg.held = asking;
    if (job.grant !== undefined) {
      leg.grant = job.grant;
      job.grant = undefined;
    }
    this.#live.add(leg);
    job.kind.inFlight++;
    if (lender === undefined) {
      target.inFlight++;
      leg.longLived = job.shared;
    } else {
      sendOn(lender, leg, lent);
    }
    if (job.exclusive) holds.take(exit);
    // Half open, an exit is given one attempt to show what it is worth: that must not be one that lasts for days.
    if (!leg.longLived) target.health.started(exit);
    policy.leased(leg);
    target.desk.rescored(exit, false);
    if (leg.longLived) {
      if (job.shared) table.shared[exit]++;
      // Counted with its lease.
      else job.cost = undefined;
      return leg;
    }
    table.inFlight[exit]++;
    // It travels on the place of the lease that pins it: to wait for a second one could be for ever.
    if (job.pin < 0) gate.enter(exit);
    else leg.placeReturned = true;
    target.desk.take(exit, now, asking, lender === undefined || !onSlot(job));
    return leg;
  }

  #sent(leg: Leg, now: number): void {
    const { decisions, policy, timers } = this.#engine;
    const { job } = leg;
    job.target.tally.counts[WEIGHT] += job.weight;
    if (channels.leaseAcquired.hasSubscribers) announceLease(leg);
    if (decisions !== undefined) decisions.sent(leg, now);
    if (job.cost !== undefined) job.target.sent(job.cost);
    if (job.shared || job.single) return;
    const limitMs = policy.limitMs(leg);
    // The usual limits have lanes of their own; one that is computed is put among all others.
    if (limitMs === Infinity) return;
    if (policy.limitsVary) timers.set(leg, now, now + limitMs);
    else timers.add(leg, now, limitMs);
  }

  /** @param sent false: it is certain that nothing was written, so what was reserved is given back too */
  back(leg: Leg, kind: VerdictKind, sent: boolean): void {
    const { clock, table, timers, policy } = this.#engine;
    const { job, exitIndex, headAt } = leg;
    const { target } = job;
    // A good answer is as old as its head: what its reader does with the body says nothing about the exit, and the time costs.
    const now = kind === "success" && headAt > 0 ? headAt : clock.now();
    leg.over = true;
    if (!leg.held) this.#record(leg, kind, now);
    timers.remove(leg);
    this.#live.remove(leg);
    job.kind.inFlight--;
    if (!leg.counted) this.#spend(leg, now, sent);
    if (job.lender !== undefined) heldOf(job.lender)?.end();
    if (leg.longLived) target.health.started(exitIndex);
    policy.ended(leg, kind, sent);
    const changes = target.health.ended(exitIndex, kind, (headAt > 0 ? headAt : now) - leg.startedAt, now);
    target.desk.rescored(exitIndex, changes.length > 0);
    if (changes.length > 0) healthChanged(leg, changes, now);
    this.#judged(leg, kind, now);
    if (leg.rider === undefined && leg.carrier === undefined) target.inFlight--;
    else getOff(leg);
    if (job.exclusive) this.#engine.holds.free(exitIndex);
    if (job.shared) {
      table.shared[exitIndex]--;
    } else if (!leg.longLived) {
      table.inFlight[exitIndex]--;
      this.returnPlace(leg);
    }
    table.freed(exitIndex);
  }

  /** Counted, told where somebody listens, remembered where somebody wants to know. */
  #record(leg: Leg, kind: VerdictKind, now: number): void {
    const { decisions, exitTally, timings } = this.#engine;
    const { exitIndex, job } = leg;
    const { tally, refusals } = job.target;
    tally.ended(kind);
    if (kind === "rate-limited" || kind === "banned") {
      exitTally.refused(exitIndex);
      refusals.open(exitIndex).u32[refusals.offset(exitIndex)]++;
    }
    if (timings !== undefined && job.shared) timings.sharedEnded(leg, now);
    if (channels.leaseSettled.hasSubscribers) announceSettled(leg, kind);
    if (decisions !== undefined) decisions.ended(leg, kind, now);
  }

  /** What its end says beside the health of its exit. */
  #judged(leg: Leg, kind: VerdictKind, now: number): void {
    const { traffic } = this.#engine;
    const { kind: kindOfJob, target } = leg.job;
    if (kind === "success") {
      if (target.rules.raceMode === "hedge") target.latencies.add(leg.headAt - leg.startedAt);
      traffic.attemptAt(now, true);
    } else if (kind === "blocked" || kind === "exit-error") {
      alertFailures(leg, now);
      traffic.attemptAt(now, false);
    } else if (kind === "rate-limited") {
      kindOfJob.rateLimited++;
    }
  }

  /** Its head is here; from now on it is its reader who takes the time. */
  headArrived(leg: Leg, now: number): void {
    const { gate, timers, timings } = this.#engine;
    leg.headAt = now;
    if (timings !== undefined) timings.headArrived(leg, now);
    this.#engine.policy.heard(leg, now);
    // Those of leases by hand are about their holders.
    if (leg.job.single) return;
    timers.remove(leg);
    if (gate.limited && !leg.longLived) timers.add(leg, now, UNREAD_MS);
  }

  /** What was reserved for it has been sent: from now on its windows may forget it. */
  spent(leg: Leg): void {
    if (!leg.counted) this.#spend(leg, this.#engine.clock.now(), true);
  }

  #spend(leg: Leg, now: number, sent: boolean): void {
    leg.counted = true;
    const { quota, desk } = leg.job.target;
    if (leg.reserved === undefined || quota === undefined) return;
    const outcome = { now, sentAt: leg.startedAt, writtenAt: undefined, answered: false, reported: false };
    if (sent) quota.strand(leg.reserved, outcome);
    else quota.refund(leg.reserved, outcome);
    desk.settled(leg.exitIndex, !sent);
    if (leg.grant !== undefined) settleInLedger(leg, sent ? "unheard" : "unsent");
  }

  returnPlace(leg: Leg): void {
    if (leg.placeReturned) return;
    leg.placeReturned = true;
    this.#engine.gate.leave(leg.exitIndex);
  }

  /** After its head: does anybody still read it? Its place goes to others where not. */
  unread(leg: Leg, now: number): void {
    if (leg.progressed) {
      leg.progressed = false;
      this.#engine.timers.add(leg, now, UNREAD_MS);
    } else {
      this.returnPlace(leg);
    }
  }

  /** Visits every lease that is out; nothing may be sent or ended meanwhile. */
  each(visit: (leg: Leg) => void): void {
    for (let leg = this.#live.first; leg !== undefined; leg = leg.liveNext) visit(leg);
  }

  /** Gives up a lease and everything that is sent or waits on it, whoever else holds it. */
  abandon(lease: Lease, targets: Iterable<Target>, reason: unknown): void {
    const own = HandLease.legOf(lease);
    const isOn = ({ hints, lender }: Job): boolean => (own === undefined ? hints?.lease === lease : lender === own);
    const on: Job[] = [];
    for (let leg = this.#live.first; leg !== undefined; leg = leg.liveNext) if (isOn(leg.job)) on.push(leg.job);
    for (const { line, lots, outside } of targets) {
      for (const job of lots) if (isOn(job)) on.push(job);
      for (const waiting of [line, outside]) for (let job = waiting.first(); job !== undefined; job = waiting.after(job)) if (isOn(job)) on.push(job);
    }
    // One that has its answer is still read: it is cut.
    for (const job of on) {
      if (job.done) job.abort(reason);
      else job.reject(reason);
    }
    if (own !== undefined) own.release();
    else if (lease instanceof PinLease) lease.end();
  }

  /** Gives up every exchange and every lease by hand. */
  stopAll(error: MultihomeError): void {
    for (let leg = this.#live.first; leg !== undefined; leg = this.#live.first) {
      const { job } = leg;
      if (!job.done) job.reject(error);
      if (!leg.over && !leg.stopped) {
        leg.stopped = true;
        job.driver.stop(leg, error);
      }
      // An adapter that forgot to let go must not keep the pool from closing.
      if (!leg.over) leg.release();
    }
  }
}
