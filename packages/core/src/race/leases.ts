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
import { getOff, lend, lends, onSlot, sendOn, takeGrant } from "./lending.ts";
import { LiveLegs } from "./live-legs.ts";
import { PinLease } from "./by-hand/pin-lease.ts";
import { WEIGHT } from "./seen/tally.ts";
import type { Target } from "./target.ts";

/** Leases that are out: made with everything that they take, taken back once with everything that they held. */
export class Leases {
  private readonly engine: Engine;
  private readonly live = new LiveLegs();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get none(): boolean {
    return this.live.first === undefined;
  }

  /** The exit was chosen at this `now`, so what the request costs is there to be taken. */
  out(job: Job, exit: number, now: number): Leg {
    const leg = this.hold(job, exit, now, false);
    this.sent(leg, now);
    return leg;
  }

  /** The ledger has said that it may go. */
  confirmed(leg: Leg, now: number): void {
    leg.held = false;
    leg.startedAt = now;
    // It took its turn when it was held: a second one would send those that a ledger answers later back behind those that it answers at once.
    if (!leg.job.shared) leg.job.target.desk.take(leg.exitIndex, now, false, false);
    this.sent(leg, now);
  }

  /**
   * Takes everything that the attempt needs.
   *
   * @param asking it is not sent before a ledger has said that it may be
   */
  hold(job: Job, exit: number, now: number, asking: boolean): Leg {
    const { table, gate, policy } = this.engine;
    const { lender, target } = job;
    const lent = lender !== undefined && lends(job);
    const leg = new Leg(job, exit, now, lent || job.demand !== undefined ? this.reserve(job, exit, lent, now) : undefined);
    if (asking) leg.held = true;
    if (job.grant !== undefined) takeGrant(job, leg);
    this.live.add(leg);
    job.kind.inFlight++;
    if (leg.plain) target.inFlight++;
    else this.byAnotherWay(leg, lent);
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
    target.desk.take(exit, now, asking, leg.plain || !onSlot(job));
    return leg;
  }

  /** What its lease has reserved already, or what it costs. */
  private reserve(job: Job, exit: number, lent: boolean, now: number): Reserved | undefined {
    if (lent) return lend(job, job.lender as Leg);
    return job.demand === undefined ? undefined : job.target.desk.quota?.take(job.demand, this.engine.table.egress[exit], now);
  }

  /** On a lease, for one that is shared, or by hand. */
  private byAnotherWay(leg: Leg, lent: boolean): void {
    const { exitIndex, job } = leg;
    const { lender, target } = job;
    if (lender === undefined) {
      target.inFlight++;
      leg.longLived = job.shared;
    } else {
      sendOn(lender, leg, lent);
    }
    if (job.way.exclusive) this.engine.holds.take(exitIndex);
  }

  private sent(leg: Leg, now: number): void {
    const { decisions, policy } = this.engine;
    const { job } = leg;
    job.target.tally.counts[WEIGHT] += job.weight;
    if (channels.leaseAcquired.hasSubscribers) announceLease(leg);
    if (decisions !== undefined) decisions.sent(leg, now);
    if (job.cost !== undefined) job.target.sent(job.cost);
    if (job.way.single) return;
    const limitMs = policy.limitMs(leg);
    if (limitMs !== Infinity) this.limit(leg, now, limitMs);
  }

  /** The usual limits have lanes of their own; one that is computed is put among all others. */
  private limit(leg: Leg, now: number, limitMs: number): void {
    const { policy, timers } = this.engine;
    if (policy.limitsVary) timers.set(leg, now, now + limitMs);
    else timers.add(leg, now, limitMs);
  }

  /** @param sent false: it is certain that nothing was written, so what was reserved is given back too */
  back(leg: Leg, kind: VerdictKind, sent: boolean): void {
    const { table } = this.engine;
    const { job, exitIndex, headAt } = leg;
    const { target } = job;
    // A good answer is as old as its head: what its reader does with the body says nothing about the exit, and the time costs.
    const now = kind === "success" && headAt > 0 ? headAt : this.engine.clock.now();
    leg.over = true;
    if (!leg.held) this.record(leg, kind, now);
    if (leg.ticket !== undefined) this.engine.timers.remove(leg);
    this.live.remove(leg);
    job.kind.inFlight--;
    if (!leg.counted) this.spend(leg, now, sent);
    if (leg.longLived || job.lender !== undefined) this.leaveLease(leg);
    this.learn(leg, kind, sent, now);
    if (leg.plain && leg.rider === undefined) {
      target.inFlight--;
      table.inFlight[exitIndex]--;
      this.returnPlace(leg);
    } else {
      this.giveBack(leg);
    }
    if (table.awaited) table.freed(exitIndex);
  }

  /** What its end says of its exit. */
  private learn(leg: Leg, kind: VerdictKind, sent: boolean, now: number): void {
    const { exitIndex, headAt, job } = leg;
    const { desk, health } = job.target;
    this.engine.policy.ended(leg, kind, sent);
    const changes = health.ended(exitIndex, kind, (headAt > 0 ? headAt : now) - leg.startedAt, now);
    desk.rescored(exitIndex, changes.length > 0);
    if (changes.length > 0) healthChanged(leg, changes, now);
    if (kind === "success") this.succeeded(leg, now);
    else this.otherwise(leg, kind, now);
  }

  private leaveLease(leg: Leg): void {
    const { job } = leg;
    if (job.lender !== undefined) heldOf(job.lender)?.end();
    if (leg.longLived) job.target.health.started(leg.exitIndex);
  }

  /** What was taken by another way than that of most. */
  private giveBack(leg: Leg): void {
    const { holds, table } = this.engine;
    const { exitIndex, job } = leg;
    if (leg.rider === undefined && leg.carrier === undefined) job.target.inFlight--;
    else getOff(leg);
    if (job.way.exclusive) holds.free(exitIndex);
    if (job.shared) {
      table.shared[exitIndex]--;
    } else if (!leg.longLived) {
      table.inFlight[exitIndex]--;
      this.returnPlace(leg);
    }
  }

  /** Counted, told where somebody listens, remembered where somebody wants to know. */
  private record(leg: Leg, kind: VerdictKind, now: number): void {
    const { decisions, timings } = this.engine;
    const { job } = leg;
    job.target.tally.ended(kind);
    if (kind === "rate-limited" || kind === "banned") this.refused(leg);
    if (timings !== undefined && job.shared) timings.sharedEnded(leg, now);
    if (channels.leaseSettled.hasSubscribers) announceSettled(leg, kind);
    if (decisions !== undefined) decisions.ended(leg, kind, now);
  }

  private refused({ exitIndex, job }: Leg): void {
    const { refusals } = job.target;
    this.engine.exitTally.refused(exitIndex);
    refusals.open(exitIndex).u32[refusals.offset(exitIndex)]++;
  }

  private succeeded(leg: Leg, now: number): void {
    const { target } = leg.job;
    if (target.rules.raceMode === "hedge") target.latencies.add(leg.headAt - leg.startedAt);
    this.engine.traffic.attemptAt(now, true);
  }

  /** What its end says beside the health of its exit. */
  private otherwise(leg: Leg, kind: VerdictKind, now: number): void {
    const { traffic } = this.engine;
    const { kind: kindOfJob } = leg.job;
    if (kind === "blocked" || kind === "exit-error") {
      alertFailures(leg, now);
      traffic.attemptAt(now, false);
    } else if (kind === "rate-limited") {
      kindOfJob.rateLimited++;
    }
  }

  /** Its head is here; from now on it is its reader who takes the time. */
  headArrived(leg: Leg, now: number): void {
    const { gate, timers, timings } = this.engine;
    leg.headAt = now;
    if (timings !== undefined) timings.headArrived(leg, now);
    this.engine.policy.heard(leg, now);
    // Those of leases by hand are about their holders.
    if (leg.job.way.single) return;
    if (leg.ticket !== undefined) timers.remove(leg);
    if (gate.limited && !leg.longLived) timers.add(leg, now, UNREAD_MS);
  }

  /** What was reserved for it has been sent: from now on its windows may forget it. */
  spent(leg: Leg): void {
    if (!leg.counted) this.spend(leg, this.engine.clock.now(), true);
  }

  private spend(leg: Leg, now: number, sent: boolean): void {
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
    this.engine.gate.leave(leg.exitIndex);
  }

  /** After its head: does anybody still read it? Its place goes to others where not. */
  unread(leg: Leg, now: number): void {
    if (leg.progressed) {
      leg.progressed = false;
      this.engine.timers.add(leg, now, UNREAD_MS);
    } else {
      this.returnPlace(leg);
    }
  }

  /** Visits every lease that is out; nothing may be sent or ended meanwhile. */
  each(visit: (leg: Leg) => void): void {
    for (let leg = this.live.first; leg !== undefined; leg = leg.liveNext) visit(leg);
  }

  /** Gives up a lease and everything that is sent or waits on it, whoever else holds it. */
  abandon(lease: Lease, targets: Iterable<Target>, reason: unknown): void {
    const own = HandLease.legOf(lease);
    const isOn = ({ hints, lender }: Job): boolean => (own === undefined ? hints?.lease === lease : lender === own);
    const on: Job[] = [];
    for (let leg = this.live.first; leg !== undefined; leg = leg.liveNext) if (isOn(leg.job)) on.push(leg.job);
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
    for (let leg = this.live.first; leg !== undefined; leg = this.live.first) {
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
