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
  /** There while nothing is heard through any exit, under the adaptive policy: for how long, in milliseconds. */
  readonly outage: { readonly quietMs: number } | undefined;
  readonly targets: readonly TargetOverview[];
  /** The lists that proxies come from, in the order of `exits.sources`. */
  readonly sources: readonly SourceOverview[];
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
  /** What brought that, as far as this process has seen it. */
  readonly pausedBy: Cause | undefined;
  readonly limits: readonly LimitOverview[];
  /** Accounts that were refused or banned as such, whichever exit they left by: the longest first, at most eight. */
  readonly pausedAccounts: readonly { readonly label: string; readonly forMs: number; readonly reason: "rate-limited" | "banned" | "timeout" }[];
  /** Under the adaptive policy: of the exits that were asked (all of them but in very large pools), those that requests leave by; the others are only tested. */
  readonly chosen: { readonly asked: number; readonly exits: number } | undefined;
  /** Of the request that stands first in line: what keeps each exit from taking it. Absent where nothing waits. */
  readonly waitsFor: WaitsFor | undefined;
}

export interface SourceOverview {
  /** Without credentials, query and tokens. */
  readonly name: string;
  /** Was its last answer a list? */
  readonly up: boolean;
  /** Proxies that are used of it, and lines of the same list that named none. */
  readonly proxies: number;
  readonly rejected: number;
  /** Since it was last read, well or not; `undefined`: never. */
  readonly readAgoMs: number | undefined;
  /** What is wrong with its last answer. */
  readonly trouble: string | undefined;
}

export interface LimitOverview {
  readonly name: string;
  readonly unit: string;
  readonly scope: LimitScope;
  readonly limit: number;
  readonly perMs: number;
  /** Of limits that count by exit: exits that were looked at (with very many of them and many limits, a choice). */
  readonly exits: number;
  /** Of limits that count by account or over the whole target: how many counters have something in them, … */
  readonly named: number;
  /** … and the fullest of these, at most eight. */
  readonly fullest: readonly CounterOverview[];
  /** Counters among those that have used it up, that is, to 99 % or more. */
  readonly usedUp: number;
  /** Shares of the limit, from 0 to 1, over these counters. */
  readonly mean: number;
  readonly most: number;
  /** Until the first used counter turns, or has drained. 0 where nothing is used. */
  readonly turnsInMs: number;
}

export interface CounterOverview {
  /** Whom it counts: `everybody`, or `account 1b4f0e98`. Never the account's name, which may be a key: the beginning of its SHA-256. */
  readonly label: string;
  readonly used: number;
  readonly resetsInMs: number;
  /** An answer has named this very counter as full: for so long nothing that it counts is sent. */
  readonly pausedForMs: number;
}

export interface WaitsFor {
  /** What keeps it whichever exit is asked: the exits are not known yet, a ledger's answer is out, `maxInFlight`, the target's `backendLimit`. */
  readonly held: "not-ready" | "ledger-pending" | "max-in-flight" | "backend-limit" | undefined;
  /** The one exit that it waits for, by its lease or its affinity key; it alone was asked then. */
  readonly only: string | undefined;
  /** Exits that were asked, at most 1,000 of all; under the adaptive policy those of them that it chooses, as long as there are any. */
  readonly asked: number;
  readonly usable: number;
  /** The most frequent first. */
  readonly reasons: readonly { readonly reason: RefusalReason; readonly exits: number; readonly retryAfterMs: number }[];
  /** Whose the request is, where it is somebody's; for so long the target keeps that account away as such. */
  readonly account: { readonly label: string; readonly pausedForMs: number } | undefined;
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
