import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Exit } from "../model/exit.ts";
import type { Leg as PublicLeg } from "../model/lease.ts";
import type { ResponseInfo } from "../model/response.ts";
import type { Verdict, VerdictKind } from "../model/verdict.ts";
import type { Reserved } from "../quota/demand.ts";
import type { Ticket, TimerNode } from "../time/timer-queue.ts";
import type { Grant } from "./ledger/bookkeeper.ts";
import type { Engine } from "./engine.ts";
import type { Job } from "./job.ts";
import { faultOf, pauseFor } from "./learning.ts";
import { reasonOf } from "./reason.ts";
import { isResponseInfo, verdictOf } from "./outcome.ts";

/** A response whose reader leaves it alone for so long gives its place in `maxInFlight` to others. */
export const UNREAD_MS = 10_000;

/** What the adaptive policy expected of an attempt when it began. */
export interface Expected {
  /** It counts: it has not ended. */
  watched: boolean;
  /** Its answer has come. */
  answered: boolean;
  readonly test: boolean;
  readonly clean: boolean;
  readonly chance: number;
  readonly lnScale: number;
}

/**
 * One attempt through one exit. It is its own lease: what an adapter is handed by `start` and what a caller gets from
 * `acquire` are this object.
 */
export class Leg implements PublicLeg, TimerNode {
  driverState: unknown = undefined;
  readonly job: Job;
  readonly exitIndex: number;
  /** Its holder may ask long after the exit itself is gone. */
  readonly exit: Exit;
  /** Takes a place of its own, for one request, like nearly all: no lease by hand, nor on one. */
  readonly plain: boolean;
  startedAt: number;
  reserved: Reserved | undefined;
  /** What of that is reserved in a ledger, until it is settled there. */
  grant: Grant | undefined = undefined;
  /** Held while a ledger is asked: nobody has been told of it. */
  held = false;
  /** What the head of its answer means; undefined until then. */
  verdict: VerdictKind | undefined = undefined;
  reason: string | undefined = undefined;
  /** Of its head; 0 until then. */
  status = 0;
  /** When its head came. */
  headAt = 0;
  /** We asked the driver to give it up. */
  stopped = false;
  /** Its lease is back. */
  over = false;
  /** Its place in `maxInFlight` is back, which may be sooner. */
  placeReturned = false;
  /** It was given up because it took too long. */
  late = false;
  /** In pools that learn. */
  expected: Expected | undefined = undefined;
  /** Its answer has been put before the pool. */
  responded = false;
  /** The quota knows what became of it. */
  counted = false;
  progressed = false;
  /** The lease whose place in `backendLimit` it travels on, and who travels on its own. Whoever comes back last gives the place back. */
  carrier: Leg | undefined = undefined;
  rider: Leg | undefined = undefined;
  /** A shared lease, or the connection that it is for: no attempt among others, the exit goes on serving them. */
  longLived = false;
  /** Neighbours in the engine's list of legs that are out. */
  livePrev: Leg | undefined = undefined;
  liveNext: Leg | undefined = undefined;

  ticket: Ticket | undefined = undefined;

  /** Its holder has said what came of it. */
  private settled = false;

  constructor(job: Job, exitIndex: number, startedAt: number, reserved: Reserved | undefined) {
    this.job = job;
    this.exitIndex = exitIndex;
    this.exit = job.engine.table.exits[exitIndex] as Exit;
    this.plain = job.way.plain && job.lender === undefined;
    this.startedAt = startedAt;
    this.reserved = reserved;
  }

  get watched(): boolean {
    return this.expected?.watched === true;
  }

  get answered(): boolean {
    return this.expected?.answered === true;
  }

  get test(): boolean {
    return this.expected?.test === true;
  }

  get chance(): number {
    return this.expected?.chance ?? 0;
  }

  get lnScale(): number {
    return this.expected?.lnScale ?? 0;
  }

  get engine(): Engine {
    return this.job.engine;
  }

  get target(): string {
    return this.job.target.name;
  }

  get weight(): number {
    return this.job.weight;
  }

  get mode(): "ephemeral" | "shared" {
    return this.job.shared ? "shared" : "ephemeral";
  }

  get localAddress(): string | undefined {
    const { exit } = this;
    return exit.kind === "local" ? exit.address : undefined;
  }

  get agent(): { http: HttpAgent; https: HttpsAgent } {
    return this.engine.agentsOf(this.exit);
  }

  get sole(): boolean {
    const { job } = this;
    // As `mayRetry` decides: a lease stays on its exit, and a last round has none after it.
    return job.width === 1 && (job.single || job.pin >= 0 || job.maxAttempts <= 1);
  }

  get peek(): "none" | "first" | "full" {
    return this.job.target.peekFor(this.exitIndex, this.job.legs.length > 1, undefined);
  }

  peekAt(status: number): "none" | "first" | "full" {
    return this.job.target.peekFor(this.exitIndex, this.job.legs.length > 1, status);
  }

  respond(info: ResponseInfo): "deliver" | "hold" | "drop" {
    if (this.over || this.stopped || this.responded) return "drop";
    this.responded = true;
    const now = this.engine.clock.now();
    this.engine.answered(this, info, now);
    return this.job.responded(this, now);
  }

  progress(): void {
    this.progressed = true;
  }

  end(error?: unknown): void {
    if (this.over) return;
    // Ended before its head: nobody can say that it was an answer.
    const kind = error === undefined ? (this.verdict ?? "aborted") : this.stopped ? "aborted" : "exit-error";
    if (error !== undefined && !this.stopped) this.reason = reasonOf(error);
    this.engine.finish(this, kind, true);
    this.job.ended(this, error);
  }

  fail(error: unknown, sent: boolean): void {
    if (this.over) return;
    const kind = this.stopped ? "aborted" : faultOf(this, error, sent);
    this.reason = reasonOf(error);
    // The request first, then the others: it may stand before them.
    this.engine.leases.back(this, kind, sent);
    if (!this.stopped) this.job.failed(this, error, sent, kind);
    this.engine.served(this.job);
  }

  observe(info: ResponseInfo): void {
    if (!this.over && !this.counted) this.engine.answered(this, info, this.engine.clock.now());
  }

  settle(outcome: Verdict | VerdictKind | ResponseInfo | Error): void {
    if (this.over || this.settled) return;
    // Before anything is settled: it throws where this is no verdict.
    const verdict = isResponseInfo(outcome) || outcome instanceof Error ? undefined : verdictOf(outcome);
    this.settled = true;
    if (verdict !== undefined) {
      this.verdict = verdict.kind;
      this.reason = verdict.reason ?? this.reason;
      pauseFor(this, verdict, undefined, this.engine.clock.now());
    } else if (isResponseInfo(outcome)) {
      // The same that was observed is one refusal, not two.
      if (this.verdict === undefined || this.status !== outcome.status) this.engine.answered(this, outcome, this.engine.clock.now());
    } else {
      this.reason = reasonOf(outcome);
      this.verdict = faultOf(this, outcome, true);
    }
  }

  release(): void {
    if (this.over) return;
    // A refusal that was held while another leg won has been heard all the same; a success that was stopped is nobody's.
    const heard = this.verdict !== undefined && !(this.stopped && this.verdict === "success");
    this.engine.finish(this, heard ? (this.verdict as VerdictKind) : "aborted", true);
    this.job.released(this);
  }

  /** An adapter's attempt has one holder. */
  retain(): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  due(now: number): void {
    this.engine.legDue(this, now);
  }

  /** What of it may be printed: behind it are requests with keys in their headers. */
  toJSON(): object {
    return { exit: this.exit.id, target: this.target, weight: this.weight, mode: this.mode };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return this.toJSON();
  }
}
