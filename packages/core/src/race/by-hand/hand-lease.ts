import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { MultihomeError } from "../../errors.ts";
import type { Exit } from "../../model/exit.ts";
import type { Lease } from "../../model/lease.ts";
import type { ResponseInfo } from "../../model/response.ts";
import type { Verdict, VerdictKind } from "../../model/verdict.ts";
import { leaseAgents } from "../../node-http/index.ts";
import type { Hands } from "./hands.ts";
import type { Held } from "./held.ts";
import { bannedNow } from "../banned.ts";
import { isFor } from "../hosts.ts";
import type { Leg } from "../leg.ts";
import { ShownLease } from "./shown-lease.ts";

/**
 * A lease as its holder has it: released once by each holder, back with the last of them. Nothing of the pool's points at it,
 * so that the garbage collector can tell when nobody holds it any more; what is under way on it does.
 */
export class HandLease extends ShownLease implements Lease {
  readonly exit: Exit;
  readonly #hands: Hands;
  readonly #held: Held;
  #released = false;
  #agent: { http: HttpAgent; https: HttpsAgent } | undefined;

  constructor(hands: Hands, held: Held) {
    super();
    this.#hands = hands;
    this.#held = held;
    this.exit = held.leg.exit;
  }

  /** The attempt that it is, for whatever is sent on it. */
  static legOf(lease: Lease): Leg | undefined {
    return lease instanceof HandLease ? lease.#held.leg : undefined;
  }

  get over(): boolean {
    return this.#released || this.#held.leg.over;
  }

  get target(): string {
    return this.#held.leg.target;
  }

  get weight(): number {
    return this.#held.leg.weight;
  }

  get mode(): "ephemeral" | "shared" {
    return this.#held.leg.mode;
  }

  get localAddress(): string | undefined {
    return this.exit.kind === "local" ? this.exit.address : undefined;
  }

  get agent(): { http: HttpAgent; https: HttpsAgent } {
    return (this.#agent ??= leaseAgents(this.#held.leg.engine.agentsOf(this.exit), this));
  }

  /** What goes by its agents does not wait, and is not looked at; but whoever is banned and goes on has the ban lengthened. */
  refusal(host: string, port: number): MultihomeError | undefined {
    const { leg } = this.#held;
    const banned = bannedNow(leg);
    return banned !== undefined && isFor(leg.job.request, host, port) ? banned : undefined;
  }

  /** A request through its agents begins. */
  begin(): void {
    this.#held.begin();
  }

  /** It has ended, or the connection that it became. */
  end(): void {
    this.#held.end();
  }

  /** It has become a connection: what was reserved for that has been spent. */
  connected(): void {
    const { leg } = this.#held;
    if (leg.job.shared && !leg.over) leg.engine.leases.spent(leg);
  }

  observe(info: ResponseInfo): void {
    if (!this.#released) this.#held.leg.observe(info);
  }

  settle(outcome: Verdict | VerdictKind | ResponseInfo | Error): void {
    if (this.over || this.#held.settled) return;
    this.#held.leg.settle(outcome);
    this.#held.settled = true;
  }

  retain(): Lease {
    if (this.over) throw new TypeError(`The lease of ${this.exit.id} has been released; there is nothing to hold on to.`);
    return this.#hands.handle(this.#held);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#hands.released(this, this.#held);
  }
}
