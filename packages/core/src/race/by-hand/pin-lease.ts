import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Exit } from "../../model/exit.ts";
import type { Lease } from "../../model/lease.ts";
import type { ResponseInfo } from "../../model/response.ts";
import type { Verdict, VerdictKind } from "../../model/verdict.ts";
import { defaultVerdict } from "../../model/default-verdict.ts";
import { parseRetryAfter } from "../../time/retry-after.ts";
import type { Engine } from "../engine.ts";
import { isResponseInfo, verdictOf } from "../outcome.ts";
import type { Target } from "../target.ts";
import { ShownLease } from "./shown-lease.ts";

/** What a lease that only pins tells those who made it. */
export interface PinHolder {
  /** The first request on it goes there. */
  used(target: Target): void;
  /** Its holder was refused, by means that the pool does not see. */
  refused(reason: "rate-limited" | "banned", askedMs: number | undefined): void;
  released(): void;
}

/**
 * A lease of an exit, whatever the target: it reserves nothing. Requests on it weigh, reserve and wait by themselves, at that
 * exit.
 */
export class PinLease extends ShownLease implements Lease {
  readonly engine: Engine;
  readonly exitIndex: number;
  /** Of its exit as long as the pool knows it. */
  readonly exit: Exit;
  readonly weight = 0;
  readonly mode = "ephemeral";
  over = false;
  readonly #holder: PinHolder;
  #target = "";
  #settled = false;
  #holders = 1;

  constructor(engine: Engine, exitIndex: number, holder: PinHolder) {
    super();
    this.engine = engine;
    this.exitIndex = exitIndex;
    this.exit = engine.table.exits[exitIndex] as Exit;
    this.#holder = holder;
  }

  /** That of the first request on it; empty until then. */
  get target(): string {
    return this.#target;
  }

  get localAddress(): string | undefined {
    return this.exit.kind === "local" ? this.exit.address : undefined;
  }

  get agent(): { http: HttpAgent; https: HttpsAgent } {
    return this.engine.agentsOf(this.exit);
  }

  /** A request on it is being placed. */
  usedFor(target: Target): void {
    if (this.#target !== "") return;
    this.#target = target.name;
    this.#holder.used(target);
  }

  observe(info: ResponseInfo): void {
    if (!this.over) this.settle(info);
  }

  settle(outcome: Verdict | VerdictKind | ResponseInfo | Error): void {
    if (this.over || this.#settled || outcome instanceof Error) return;
    const asked = isResponseInfo(outcome) ? parseRetryAfter(outcome.header("retry-after"), this.engine.clock.wallTime()) : undefined;
    const verdict: Verdict = isResponseInfo(outcome) ? { kind: defaultVerdict(outcome, "GET", this.exit.kind) } : verdictOf(outcome);
    this.#settled = true;
    if (verdict.kind === "rate-limited" || verdict.kind === "banned") this.#holder.refused(verdict.kind, verdict.retryAfterMs ?? asked);
  }

  /** One more holder; the exit is the slot's until each of them has released it. */
  retain(): this {
    if (this.over) throw new TypeError(`The lease of ${this.exit.id} has been released; there is nothing to hold on to.`);
    this.#holders++;
    return this;
  }

  release(): void {
    if (!this.over && --this.#holders === 0) this.end();
  }

  /** Whoever holds it. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.#holder.released();
  }
}
