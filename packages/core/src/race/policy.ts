import type { VerdictKind } from "../model/verdict.ts";
import type { Job } from "./job.ts";
import type { Leg } from "./leg.ts";
import type { Target } from "./target.ts";

/**
 * What the engine leaves open: by which exit, with how many legs, when, for how long, and what is learnt from it. One of these a
 * pool. `AskedPolicy` does what the options say, the documents' policy among it; `AdaptivePolicy` finds out by itself.
 */
export interface Policy {
  /** Where a request goes in its target's line that failed and is tried again. */
  readonly requeueTo: "head" | "tail";
  /** It goes on testing exits where none is usable: those who wait need no breaker that lets one of them through. */
  readonly testsTheGone: boolean;
  /** Attempts are limited each in its own way, not all alike. */
  readonly limitsVary: boolean;
  /** What it knows of an outage of the network; `undefined` where it does not look for one. */
  readonly blackout: { readonly standing: boolean; quietMs(now: number): number } | undefined;
  /** What time it is; before an order is asked that depends on it. */
  moment(now: number): void;
  /**
   * An exit for the request's next attempt, or -1; then the desk's `wakeAt` says when to ask again. Whoever gets one sends at once.
   *
   * @param avoided exits that are only taken where no other comes free soon
   */
  choose(job: Job, avoided: readonly number[], now: number): number;
  /** Will there be an exit for it before its deadline? Changes nothing. */
  exitBefore(job: Job, now: number): boolean;
  /** Is its next attempt part of the round that it is in? */
  roundGoesOn(job: Job): boolean;
  /** Its first leg of this turn is leased: begins it, and further ones now or later. */
  launch(job: Job, first: Leg, now: number): void;
  /** A lease is out. */
  leased(leg: Leg): void;
  /** How long the attempt that is sent now may take to its head, in ms; `Infinity`: as long as it likes. */
  limitMs(leg: Leg): number;
  /** An answer of the target, whatever it says. */
  heard(leg: Leg, now: number): void;
  /** The lease is back. @param sent false: it is certain that nothing was written */
  ended(leg: Leg, kind: VerdictKind, sent: boolean): void;
  /** The request has its answer, will have none, or waits again. */
  over(job: Job): void;
  /** Which of the targets that wait for a place is served next, as an index. */
  nextOf(waiting: readonly Target[]): number;
  /** Everybody who waits has been served as far as it goes: may anything else be done? */
  idle(): void;
}
