import type { VerdictKind } from "../model/verdict.ts";
import { CLOSED, DEFAULT_BREAKER, type BreakerEvent, type BreakerRules, type BreakerState, type OpenReason } from "./state.ts";
import { isDue, transition } from "./transition.ts";

/** A change that a person would want to hear of. */
export interface BreakerChange {
  readonly from: BreakerState["kind"];
  readonly to: BreakerState["kind"];
  /** Why it opened; of one that closes, why it had been open. */
  readonly reason: OpenReason;
  /** When it is open: the moment of the next probe. */
  readonly nextProbeAt: number | undefined;
}

/**
 * Keeps requests from a target that cannot serve them now, and finds out when it can again: one request at a time, through
 * one exit. Has no timer: `nextProbeAt` says when it is worth asking again.
 *
 * Each probe that `admit` hands out is given back exactly once, by `voted(…, true)` or by `probeAbandoned()`.
 */
export class Breaker {
  rules: BreakerRules;
  private current: BreakerState = CLOSED;

  constructor(rules: BreakerRules = DEFAULT_BREAKER) {
    this.rules = rules;
  }

  get closed(): boolean {
    return this.current.kind === "closed";
  }

  /** Closed, and there is no failure that a success would make good. */
  get calm(): boolean {
    return this.current === CLOSED;
  }

  /** As a person sees it: one whose probe is due is half open, though nobody has asked yet. */
  state(now: number): BreakerState["kind"] {
    const state = this.current;
    return state.kind === "open" && isDue(state.nextProbeAt, now, this.rules) ? "half-open" : state.kind;
  }

  /** Open, and nobody has been let through since: whoever is next makes it half open. */
  get waiting(): boolean {
    return this.current.kind === "open";
  }

  /** Why it is not closed. */
  get reason(): OpenReason | undefined {
    return this.current.kind === "closed" ? undefined : this.current.reason;
  }

  /** When a request would be let through as a probe; 0: at once, `Infinity`: when the one that is out has ended; `undefined`: closed. */
  get nextProbeAt(): number | undefined {
    const state = this.current;
    switch (state.kind) {
      case "closed":
        return undefined;
      case "open":
        return state.nextProbeAt;
      case "half-open":
        return state.probing ? Infinity : 0;
      default: {
        const never: never = state;
        throw new TypeError(`Unknown state ${String(never)}.`);
      }
    }
  }

  /** Has the time of the next probe come, and none is out? */
  isDue(now: number): boolean {
    const state = this.current;
    return state.kind === "open" ? isDue(state.nextProbeAt, now, this.rules) : state.kind === "half-open" && !state.probing;
  }

  /** For an error's `retryAfterMs`: how long until a request may be let through, in milliseconds. */
  retryAfterMs(now: number): number {
    const at = this.nextProbeAt ?? 0;
    // Nobody knows when the probe ends; should it fail, the next one is a whole interval away.
    return at === Infinity ? this.rules.probeEveryMs : Math.max(0, Math.min(this.rules.probeEveryMs, at - now));
  }

  /** May a request be sent? "probe": yes, alone, with one leg; its end must be told. */
  admit(now: number): "go" | "probe" | "refuse" {
    const before = this.current;
    if (before.kind === "closed") return "go";
    this.#to({ kind: "asked" }, now);
    return this.current === before ? "refuse" : "probe";
  }

  /** What became of a request, once for each that was admitted. @param probe it was let through as the probe */
  voted(verdict: VerdictKind, now: number, probe: boolean): BreakerChange | undefined {
    if (verdict === "success" && this.calm) return undefined;
    return this.#to({ kind: "voted", verdict, probe }, now);
  }

  /** The probe ended without a verdict: aborted, or never sent. */
  probeAbandoned(): void {
    this.#to({ kind: "probe-abandoned" }, 0);
  }

  /** Every exit is cooling, banned or dead. Not for exits that only wait for a window or their spacing. */
  exitsGone(now: number): BreakerChange | undefined {
    return this.#to({ kind: "exits-gone" }, now);
  }

  /** Some exit is usable again. */
  exitsBack(now: number): BreakerChange | undefined {
    return this.#to({ kind: "exits-back" }, now);
  }

  #to(event: BreakerEvent, now: number): BreakerChange | undefined {
    const from = this.current;
    const to = transition(from, event, now, this.rules);
    this.current = to;
    if (to === from || (to.kind === "closed" && from.kind === "closed") || (to.kind === "half-open" && from.kind === "half-open")) return undefined;
    const reason = to.kind === "closed" ? (from.kind === "closed" ? undefined : from.reason) : to.reason;
    return reason === undefined ? undefined : { from: from.kind, to: to.kind, reason, nextProbeAt: to.kind === "open" ? to.nextProbeAt : undefined };
  }
}
