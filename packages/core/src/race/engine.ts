import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { ClosedError, type MultihomeError } from "../errors.ts";
import type { ExitTable } from "../exits/exit-table.ts";
import type { PoolHealth } from "../health/pool-health.ts";
import type { Traffic } from "../health/traffic.ts";
import type { Exit } from "../model/exit.ts";
import type { Driver } from "../model/lease.ts";
import type { Hints, RequestInfo } from "../model/request.ts";
import type { ResponseInfo } from "../model/response.ts";
import type { VerdictKind } from "../model/verdict.ts";
import { Kinds } from "../queue/kinds.ts";
import { RetryBudget } from "../queue/retry-budget.ts";
import type { Clock } from "../time/clock.ts";
import { TimerQueue } from "../time/timer-queue.ts";
import { nextPoolName } from "../observe/channels.ts";
import { noneReaches, noticeBack, notSent, noWayError, vote } from "./circuit.ts";
import type { DecisionRing } from "./seen/decision-ring.ts";
import { attemptIsLate } from "./due.ts";
import type { EngineParts, EngineRules } from "./engine-rules.ts";
import { AskedPolicy } from "./asked-policy.ts";
import { Hands } from "./by-hand/hands.ts";
import { HintCheck } from "./hint-check.ts";
import { ExitTally } from "./seen/exit-tally.ts";
import { Gate } from "./gate.ts";
import { Holds } from "./by-hand/holds.ts";
import { Job } from "./job.ts";
import type { Bookkeeper } from "./ledger/bookkeeper.ts";
import { learnFrom } from "./learning.ts";
import type { Leg } from "./leg.ts";
import { launch, offer } from "./placing.ts";
import { recordAnswered, recordCreated, recordUnanswered } from "./seen/record.ts";
import type { Policy } from "./policy.ts";
import { parkNew } from "./parking.ts";
import { takeHints } from "./take-hints.ts";
import { mayGoFirst, owesTurn, serve } from "./serve.ts";
import { Leases } from "./leases.ts";
import type { Target } from "./target.ts";
import { Tally } from "./seen/tally.ts";
import type { Timings } from "./seen/timings.ts";
import { turnedAway } from "./turned-away.ts";
import { rejectAll, WaitingRoom } from "./waiting-room.ts";
import type { Way } from "./way.ts";
import { weigh } from "./weigh.ts";
import type { Wishes } from "./wish.ts";

/**
 * Serves requests: places them in their target's line, leases exits when there is room, and carries what came of each
 * attempt to the rooms that learn from it. Nothing here polls: a target is served when a lease comes back, a window turns, a
 * pause ends or an exit appears, and its alarm is set for the next of these that is known.
 */
export class Engine {
  readonly clock: Clock;
  readonly table: ExitTable;
  readonly timers: TimerQueue;
  readonly gate: Gate;
  readonly holds: Holds;
  readonly traffic: Traffic;
  readonly health: PoolHealth;
  readonly kinds: Kinds;
  readonly hintCheck = new HintCheck((message, fields) => this.warn(message, fields));
  wishes: Wishes | undefined;
  readonly retries = new RetryBudget();
  readonly agentsOf: (exit: Exit) => { http: HttpAgent; https: HttpsAgent };
  readonly warn: (message: string, fields: object) => void;
  readonly room: WaitingRoom;
  readonly leases: Leases;
  readonly hands = new Hands(this);
  /** Which exit, how many legs, when, for how long. */
  policy: Policy;
  /** Where the user's ledger counts; else this process does. */
  books: Bookkeeper | undefined;
  private rulesNow: EngineRules;
  readonly exitTally: ExitTally;
  readonly othersTally = new Tally();
  timings: Timings | undefined;
  /** Made when somebody first asks what was decided. */
  decisions: DecisionRing | undefined;
  /** Requests wait until the exits are known. */
  ready = false;
  closing = false;
  switches = 0;
  private tasks = 0;
  /** Names the pool in events. */
  readonly name = nextPoolName();
  /** Called when nothing is in flight any more; set while closing. */
  onIdle: (() => void) | undefined;

  constructor(parts: EngineParts) {
    this.clock = parts.clock;
    this.table = parts.table;
    this.traffic = parts.traffic;
    this.health = parts.health;
    this.exitTally = new ExitTally(parts.health.records);
    this.rulesNow = parts.rules;
    this.agentsOf = parts.agentsOf;
    this.warn = parts.warn;
    this.kinds = new Kinds(parts.warn);
    this.timers = new TimerQueue(parts.clock);
    this.gate = new Gate(parts.table);
    this.holds = new Holds(parts.table);
    this.leases = new Leases(this);
    this.policy = new AskedPolicy(this);
    this.room = new WaitingRoom(this.timers, parts.clock, parts.rules.capacity);
  }

  get rules(): EngineRules {
    return this.rulesNow;
  }

  set rules(rules: EngineRules) {
    this.rulesNow = rules;
    this.room.capacity = rules.capacity;
  }

  /** @param timeoutMs `undefined`: the pool's own */
  drive(target: Target, request: RequestInfo, driver: Driver, way: Way, hints: Hints | undefined, timeoutMs: number | undefined): Job {
    const now = this.clock.now();
    const job = new Job(this, target, request, driver, way, hints, now, timeoutMs ?? this.rulesNow.timeoutMs);
    job.kind.requests++;
    if (this.closing) return this.refuse(job, new ClosedError(target.name));
    const never = (hints === undefined ? undefined : takeHints(job, hints)) ?? weigh(job, job.hints);
    if (never !== undefined) return this.refuse(job, never);
    const offered = this.ready && (target.nobodyWaits || this.mayGoFirst(job, now));
    const exit = offered ? offer(job, now) : -1;
    if (exit < 0) return this.wait(job, target, offered, now);
    if (!target.nobodyWaits) target.line.overtaken();
    job.deadline = now + job.timeoutMs;
    recordCreated(job, false, now);
    launch(job, exit, now);
    return job;
  }

  /** May it be offered an exit before those who wait? Of so many turns one is theirs, to be taken or not. */
  mayGoFirst(job: Job, now: number): boolean {
    if (!job.target.atGate && owesTurn(job)) {
      this.pump(job.target);
      job.target.line.turnOver();
    }
    return mayGoFirst(job, now);
  }

  /** There is no exit for it yet. @param offered it was its turn */
  private wait(job: Job, target: Target, offered: boolean, now: number): Job {
    const refusal = turnedAway(job, offered, now);
    if (refusal !== undefined) return this.refuse(job, refusal);
    recordCreated(job, true, now);
    this.room.enter(job, now);
    const mayGo = this.ready && parkNew(job, offered, now);
    // Others who wait may have to be woken sooner.
    if (offered) this.sleep(target, Math.min(target.desk.wakeAt, target.wake.at), now);
    else if (mayGo) this.pump(target);
    return job;
  }

  /** Exits are known now, or more of them than before. */
  open(targets: Iterable<Target>): void {
    this.ready = true;
    for (const target of targets) {
      if (noneReaches(target)) rejectAll(target, () => noWayError(target));
      else this.pump(target);
    }
  }

  /** The target's alarm: a window turned, a pause or a rest ended, a probe is due. */
  wake(target: Target): void {
    noticeBack(target, this.clock.now());
    this.pump(target);
  }

  readonly #pump = (target: Target): void => this.pump(target);

  /** Serves whoever waits for the target, as far as there is room. */
  pump(target: Target): void {
    if (target.pumping || !this.ready || this.closing) return;
    target.pumping = true;
    try {
      const now = this.clock.now();
      this.sleep(target, serve(target, this.room, now), now);
    } finally {
      target.pumping = false;
    }
  }

  requeue(job: Job): void {
    if (this.closing) return job.reject(new ClosedError(job.target.name));
    const now = this.clock.now();
    this.policy.over(job);
    // Whoever waits is not out: the probe's further round is a probe again when its turn comes, and before others, so that it ends.
    this.room.enterAgain(job, now, notSent(job) ? "head" : this.policy.requeueTo);
    this.decisions?.waits(job, now);
    if (!job.target.atGate && this.gate.waiting.length === 0) this.pump(job.target);
  }

  /** Its exit was held for it, and it may go now. */
  go(job: Job, held: Leg, now: number): void {
    if (job.queued) job.target.line.served(job, Math.max(1, job.weight));
    this.room.leave(job);
    launch(job, held.exitIndex, now, held);
  }

  /** It waits no longer. */
  forget(job: Job): void {
    this.room.leave(job);
    job.ask?.drop();
  }

  /** It has its answer. */
  won(job: Job, now: number): void {
    if (job.ticket !== undefined) this.timers.remove(job);
    if (job.hedge !== undefined) this.timers.remove(job.hedge);
    this.policy.over(job);
    vote(job, (job.winner as Leg).verdict ?? "aborted", now);
    recordAnswered(job, now);
  }

  /** It will have none. */
  closed(job: Job, outcome: "failed" | "aborted", error: unknown): void {
    this.timers.remove(job);
    if (job.hedge !== undefined) this.timers.remove(job.hedge);
    this.policy.over(job);
    const now = this.clock.now();
    vote(job, outcome === "aborted" ? "aborted" : (job.history?.at(-1)?.verdict ?? "aborted"), now);
    recordUnanswered(job, outcome, now, error);
  }

  nextTask(): number {
    return ++this.tasks;
  }

  answered(leg: Leg, info: ResponseInfo, now: number): void {
    this.leases.headArrived(leg, now);
    learnFrom(leg, info, now);
    const { target } = leg.job;
    if (target.hasWaiting && (!target.atGate || target.picky > 0)) this.pump(target);
  }

  /** The lease comes back. @param sent false: it is certain that nothing was written */
  finish(leg: Leg, kind: VerdictKind, sent: boolean): void {
    this.leases.back(leg, kind, sent);
    if (leg.job.probe && leg.job.single) vote(leg.job, kind, this.clock.now());
    this.served(leg.job);
  }

  /** A lease of the request is back: whoever waits is served. */
  served(job: Job): void {
    const { target } = job;
    if (target.hasWaiting || this.gate.waiting.length > 0 || this.holds.awaited) this.serveOthers(target, job.way.exclusive);
    this.policy.idle();
    if (this.onIdle !== undefined && this.leases.none) this.onIdle();
  }

  private serveOthers(target: Target, exclusive: boolean): void {
    // Where others wait for a place it is not its turn only because the place was its own.
    if (target.hasWaiting && !target.atGate) {
      if (this.gate.waiting.length > 0) this.gate.wait(target);
      else this.pump(target);
    }
    this.placeFree(exclusive);
    if (target.atGate && target.picky > 0) this.pump(target);
  }

  /** A place in `maxInFlight` is free, and with a slot its exit. */
  placeFree(ofSlot: boolean): void {
    if (this.gate.waiting.length > 0) this.gate.serve(this.#pump, this.policy);
    this.holds.serve(ofSlot ? this.#pump : undefined);
  }

  /** A lease that is held for long, an attempt that has brought no head in time, or a body that nobody reads. */
  legDue(leg: Leg, now: number): void {
    if (leg.job.single) this.hands.due(leg);
    else if (leg.verdict === undefined) attemptIsLate(leg, now);
    else {
      this.leases.unread(leg, now);
      this.gate.serve(this.#pump, this.policy);
    }
  }

  /** Refuses everything that waits. */
  rejectWaiting(targets: Iterable<Target>): void {
    for (const target of targets) rejectAll(target, () => new ClosedError(target.name));
  }

  get idle(): boolean {
    return this.leases.none;
  }

  private sleep(target: Target, wakeAt: number, now: number): void {
    if (!target.hasWaiting && target.breaker.closed) this.timers.remove(target.wake);
    else this.timers.set(target.wake, now, wakeAt);
  }

  /** Never from within `drive`: the caller has no dispatch yet. */
  private refuse(job: Job, error: MultihomeError): Job {
    queueMicrotask(() => job.reject(error));
    return job;
  }
}
