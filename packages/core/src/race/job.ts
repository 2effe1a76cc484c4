import { MaxAttemptsError, MultihomeError } from "../errors.ts";
import type { Dispatch, Driver } from "../model/lease.ts";
import type { Hints, RequestInfo } from "../model/request.ts";
import type { AttemptRecord, VerdictKind } from "../model/verdict.ts";
import type { Demand } from "../quota/demand.ts";
import type { RequestCost } from "../weights/index.ts";
import { type Kind, priorityOf } from "../queue/kinds.ts";
import type { Rank, Share, Standing } from "../queue/line.ts";
import type { Lot, Parkable } from "../queue/lots.ts";
import type { Alarm, Ticket, TimerNode } from "../time/timer-queue.ts";
import type { Ask } from "./ledger/asking.ts";
import type { Grant } from "./ledger/bookkeeper.ts";
import { requestIsLate } from "./due.ts";
import type { Engine } from "./engine.ts";
import { mayRetry } from "./retry.ts";
import type { Note } from "./seen/decision-ring.ts";
import type { Leg } from "./leg.ts";
import { LOST } from "./lost.ts";
import { noteAttempt, recordRoundLost } from "./seen/record.ts";
import { alsoTried, NO_EXITS, NO_LEGS } from "./tried.ts";
import type { Target } from "./target.ts";
import type { Way } from "./way.ts";
import type { Wish } from "./wish.ts";

/**
 * One request with all its attempts: rounds, legs, the answer that is held, the winner. Decides what becomes of each answer;
 * which exit, and when, is the engine's.
 */
export class Job implements Dispatch, Parkable, TimerNode {
  readonly engine: Engine;
  readonly target: Target;
  readonly request: RequestInfo;
  readonly driver: Driver;
  readonly way: Way;
  hints: Hints | undefined;
  demand: Demand | undefined = undefined;
  weight = 1;
  width = 1;
  /** The ledger could not say at once whether it may go. */
  pending = false;
  /** What the ledger has granted for the next leg. */
  grant: Grant | undefined = undefined;
  /** The ledger is being asked; meanwhile it stays in its line. */
  ask: Ask | undefined = undefined;
  /** The one request that a half-open breaker lets through. */
  probe = false;
  cost: RequestCost | undefined = undefined;
  /** The exit that a lease pins, or -1. */
  pin = -1;
  /** The lease that pins it: the first request that leaves by it uses what it has reserved, and its place. */
  lender: Leg | undefined = undefined;
  wish: Wish | undefined = undefined;
  readonly kind: Kind;
  readonly priority: number;

  /** Sends its next leg, where it is hedged. */
  hedge: Alarm | undefined = undefined;
  rounds = 0;
  started = 0;
  /** Of those, lost with the network: they say nothing, of nobody. */
  excused = 0;
  /** Legs of this round that may still bring the answer. */
  live = 0;
  /** All legs of this round. Replaced, not added to: most have one, and an array that is pushed to makes room for seventeen. */
  legs: readonly Leg[] = NO_LEGS;
  held: Leg | undefined = undefined;
  winner: Leg | undefined = undefined;
  /** Decided: delivered, rejected or aborted. */
  done = false;
  queued = false;
  /** Waits for a place in a queue that is full. */
  outside = false;
  tried: readonly number[] = NO_EXITS;
  history: AttemptRecord[] | undefined = undefined;
  readonly createdAt: number;
  timeoutMs: number;
  deadline = Infinity;
  /** Rounds. As it was when the request came: a leg may have been promised to be the last. */
  readonly maxAttempts: number;
  #id: string | undefined;
  /** Where it is remembered, while somebody wants to know. */
  note: Note | undefined = undefined;

  place = 0;
  lot: Lot | undefined = undefined;
  scoutOf: Lot | undefined = undefined;
  need = 0;
  linePrev: Standing | undefined = undefined;
  lineNext: Standing | undefined = undefined;
  rank: Rank | undefined = undefined;
  ticket: Ticket | undefined = undefined;

  constructor(engine: Engine, target: Target, request: RequestInfo, driver: Driver, way: Way, hints: Hints | undefined, createdAt: number, timeoutMs: number) {
    this.engine = engine;
    this.target = target;
    this.request = request;
    this.driver = driver;
    this.way = way;
    this.hints = hints;
    this.kind = engine.kinds.of(hints?.kind);
    this.priority = priorityOf(hints, this.kind);
    this.createdAt = createdAt;
    this.timeoutMs = timeoutMs;
    this.maxAttempts = engine.rules.maxAttempts;
  }

  /** Waits for an exit of its own, not for any: those before it in the line are not in its way. */
  get picky(): boolean {
    return this.shared || this.pin >= 0 || this.wish?.key !== undefined;
  }

  get shared(): boolean {
    return this.way.shared;
  }

  get single(): boolean {
    return this.way.single;
  }

  get share(): Share {
    return this.kind.share;
  }

  /** Names it in events; made only where one is listened to. */
  get id(): string {
    return (this.#id ??= `task-${this.engine.nextTask()}`);
  }

  /** The leg is leased: its exchange begins. */
  begin(leg: Leg): void {
    this.legs = this.legs === NO_LEGS ? [leg] : this.legs.concat(leg);
    this.live++;
    this.started++;
    this.driver.start(leg);
  }

  /** The head of an answer is here, and its verdict is known. */
  responded(leg: Leg, now: number): "deliver" | "hold" | "drop" {
    if (this.done) return "drop";
    const verdict = leg.verdict as VerdictKind;
    if (verdict === "success") {
      this.win(leg, now);
      return "deliver";
    }
    return this.refused(leg, verdict, now);
  }

  /** An answer came, and it is no success. */
  private refused(leg: Leg, verdict: VerdictKind, now: number): "deliver" | "hold" | "drop" {
    noteAttempt(this, leg, verdict);
    this.live--;
    if (this.live > 0) {
      // One answer is kept, unread, for the case that nothing better comes.
      if (this.held !== undefined) return "drop";
      this.held = leg;
      return "hold";
    }
    const again = mayRetry(this, verdict, true);
    this.dropHeld();
    if (!again && !this.way.strict) {
      this.win(leg, now);
      return "deliver";
    }
    if (again) this.requeue();
    else this.giveUp(undefined);
    return "drop";
  }

  /** No answer came. */
  failed(leg: Leg, error: unknown, sent: boolean, kind: VerdictKind): void {
    if (this.done) return;
    noteAttempt(this, leg, kind);
    this.live--;
    if (this.live > 0) return;
    const { held } = this;
    if (mayRetry(this, held?.verdict ?? kind, held === undefined ? sent : true)) {
      this.dropHeld();
      this.requeue();
    } else if (this.way.strict) {
      this.dropHeld();
      this.giveUp(error);
    } else if (held !== undefined) {
      this.deliverHeld(held);
    } else {
      this.fail(error);
    }
  }

  /** Its response has ended. Matters only where it was held and is gone before it was needed. */
  ended(leg: Leg, error: unknown): void {
    if (this.held !== leg) return;
    this.held = undefined;
    if (this.done || this.live > 0 || this.queued) return;
    this.fail(error ?? new MultihomeError("MH_ERR_NO_EXIT", `The last answer for ${this.target.name} ended before it could be handed over.`, { target: this.target.name }));
  }

  /** The driver let go of it: after a stop, or because it is a lease by hand. */
  released(leg: Leg): void {
    if (this.held === leg) this.held = undefined;
  }

  abort(reason: unknown): void {
    if (!this.done) {
      this.engine.forget(this);
      this.close("aborted", reason);
    }
    this.stopAll(reason, undefined);
  }

  due(now: number): void {
    requestIsLate(this, now);
  }

  /** What of it may be printed: its request may carry keys. */
  toJSON(): object {
    return { target: this.target.name, method: this.request.method, weight: this.weight, width: this.width, started: this.started, done: this.done };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return this.toJSON();
  }

  /** The deadline has passed. The held answer, if there is one, is better than none. */
  expire(error: MultihomeError): void {
    if (this.done) return;
    const { held } = this;
    this.engine.forget(this);
    if (held === undefined || this.live === 0 || this.way.strict) return this.reject(error);
    this.stopAll(error, held);
    this.live = 0;
    this.deliverHeld(held);
  }

  reject(error: unknown): void {
    if (this.done) return;
    this.engine.forget(this);
    this.close("failed", error);
    this.stopAll(error, undefined);
    this.driver.reject(error);
  }

  private giveUp(cause: unknown): void {
    this.fail(new MaxAttemptsError(this.target.name, this.rounds, { attempts: this.history ?? [], ...(cause === undefined ? {} : { cause }) }));
  }

  private win(leg: Leg, now: number): void {
    this.winner = leg;
    this.done = true;
    this.engine.won(this, now);
    if (this.legs.length > 1) this.stopAll(LOST, leg);
  }

  /** In a microtask of its own: its connection may be the one whose parser is calling us. */
  private deliverHeld(held: Leg): void {
    queueMicrotask(() => {
      if (this.done || held.over || held.stopped) return;
      this.held = undefined;
      this.win(held, this.engine.clock.now());
      this.driver.deliver(held);
    });
  }

  private dropHeld(): void {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.stop(held, LOST);
  }

  private requeue(): void {
    this.tried = alsoTried(this.tried, this.legs);
    recordRoundLost(this);
    this.legs = NO_LEGS;
    this.live = 0;
    this.engine.requeue(this);
  }

  private fail(error: unknown): void {
    this.close("failed", error);
    this.driver.reject(error);
  }

  private close(outcome: "failed" | "aborted", error: unknown): void {
    if (this.done) return;
    this.done = true;
    this.engine.closed(this, outcome, error);
  }

  private stopAll(reason: unknown, but: Leg | undefined): void {
    for (const leg of this.legs) if (leg !== but) this.stop(leg, reason);
  }

  private stop(leg: Leg, reason: unknown): void {
    if (leg.over || leg.stopped) return;
    leg.stopped = true;
    this.driver.stop(leg, reason);
  }
}
