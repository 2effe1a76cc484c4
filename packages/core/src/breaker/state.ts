import type { VerdictKind } from "../model/verdict.ts";

/**
 * Why a breaker is open.
 *
 * - `target-errors`: so many requests in a row brought errors of the target, through whatever exits.
 * - `no-exits`: every exit is cooling, banned or dead.
 */
export type OpenReason = "target-errors" | "no-exits";

export type BreakerState =
  | { readonly kind: "closed"; readonly errorsInARow: number }
  /** Refuses until `nextProbeAt`, or until an exit is back where that was all that was missing. */
  | { readonly kind: "open"; readonly reason: OpenReason; readonly nextProbeAt: number }
  /** Lets one request through. `probing`: it is out. */
  | { readonly kind: "half-open"; readonly reason: OpenReason; readonly probing: boolean };

export const CLOSED: BreakerState = Object.freeze({ kind: "closed", errorsInARow: 0 });

export type BreakerEvent =
  /** A request asks to be sent. */
  | { readonly kind: "asked" }
  /** What became of a request in the end, whatever its legs did. */
  | { readonly kind: "voted"; readonly verdict: VerdictKind; readonly probe: boolean }
  /** The probe was given up: nobody knows what would have become of it. */
  | { readonly kind: "probe-abandoned" }
  | { readonly kind: "exits-gone" }
  | { readonly kind: "exits-back" };

export interface BreakerRules {
  /** Errors of the target in a row, counted by request, that open it. */
  readonly threshold: number;
  readonly probeEveryMs: number;
}

export const DEFAULT_BREAKER: BreakerRules = { threshold: 10, probeEveryMs: 30_000 };
