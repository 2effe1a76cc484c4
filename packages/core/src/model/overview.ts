import type { Cause } from "./decision.ts";
import type { Exit } from "./exit.ts";
import type { LimitScope } from "./limits.ts";
import type { ExitStatus, RefusalReason } from "./pool.ts";

/** What `PoolOverview.columns.state` holds, by number. */
export const EXIT_STATES = ["unknown", "active", "warning", "cooldown", "banned", "dead"] as const;

/** Of `PoolOverview.columns.load`: no limit applies to this exit. */
export const NO_LOAD = 255;

/**
 * The whole pool at one moment, in a form that costs a few milliseconds at 20,000 exits: sums for everything, and a column
 * of numbers for each thing that is known of every exit. For dashboards; `status()` says more of fewer exits.
 */
export interface PoolOverview {
  /** Names the pool inside this process, as in its events. */
  readonly pool: string;
  /** On the pool's own monotonic clock; the scale of every `…At`. */
  readonly at: number;
  readonly exits: { readonly total: number; readonly healthy: number; readonly cooldown: number; readonly banned: number; readonly dead: number };
  readonly tasks: { readonly pending: number; readonly completed: number; readonly failed: number };
  /** Requests that were answered, second by second, for the last 60 whole seconds, oldest first. */
  readonly answered: Uint32Array;
  readonly successRate1m: number;
  /** Attempts in the last minute that spoke for or against their exits: what `successRate1m` is a share of. */
  readonly attempts1m: number;
  readonly avgLatencyMs: number;
  readonly inflight: number;
  /** As many attempts as may be are in flight over all targets. */
  readonly full: boolean;
  readonly switches: number;
  readonly targets: readonly TargetOverview[];
  readonly columns: ExitColumns;
}

export interface TargetOverview {
  readonly name: string;
  readonly breaker: "closed" | "open" | "half-open";
  /** Why it is not closed. */
  readonly breakerReason: string | undefined;
  readonly nextProbeInMs: number | undefined;
  readonly waiting: number;
  readonly inflight: number;
  /** Everything waits for so long: the target as a whole is paused or has banned us. */
  readonly pausedForMs: number;
  readonly limits: readonly LimitOverview[];
  /** Of the request that stands first in line: what keeps each exit from taking it. Absent where nothing waits. */
  readonly waitsFor: WaitsFor | undefined;
}

export interface LimitOverview {
  readonly name: string;
  readonly unit: string;
  readonly scope: LimitScope;
  readonly limit: number;
  readonly perMs: number;
  /** The following are of limits that count by exit: exits that were looked at (with very many of them and many limits, a choice), and how many of them have used it up, that is, to 99 % or more. */
  readonly exits: number;
  readonly usedUp: number;
  /** Shares of the limit, from 0 to 1. */
  readonly mean: number;
  readonly most: number;
  /** Until the first used counter turns, or has drained. 0 where nothing is used. */
  readonly turnsInMs: number;
}

export interface WaitsFor {
  /** Exits that were asked, at most 1,000 of all. */
  readonly asked: number;
  readonly usable: number;
  /** The most frequent first. */
  readonly reasons: readonly { readonly reason: RefusalReason; readonly exits: number; readonly retryAfterMs: number }[];
}

/** A number for each exit, by its place in `exits`. Made anew each time, so they may be kept and transferred. */
export interface ExitColumns {
  readonly exits: readonly Exit[];
  /** An index into `EXIT_STATES`: the worst over all targets. What holds for a target as a whole is in `pausedForMs`. */
  readonly state: Uint8Array;
  /** The fullest of its limits in half percents, 0 to 200 (more is 200), or `NO_LOAD`. */
  readonly load: Uint8Array;
  readonly inflight: Uint16Array;
  readonly success: Uint32Array;
  readonly fail: Uint32Array;
  /** Average, in milliseconds, at the target where it succeeded most often. */
  readonly latencyMs: Float32Array;
  /** When the last of its rests, pauses and bans ends; 0 where there is none. */
  readonly untilAt: Float64Array;
}

/** One exit, looked at closely. */
export interface ExitDetails {
  readonly exit: Exit;
  readonly targets: Readonly<Record<string, TargetDetails>>;
}

export interface TargetDetails extends ExitStatus {
  /** The last outcomes, newest first: did it succeed? At most 32. */
  readonly outcomes: readonly boolean[];
  readonly score: { readonly affinity: number; readonly global: number; readonly recency: number; readonly total: number };
  /** Since its last success here; absent: never. */
  readonly sinceSuccessMs?: number;
  /** The last answer that made it keep away from here, as far as this process has seen one. */
  readonly cause?: Cause;
}
