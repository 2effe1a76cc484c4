import type { Duration } from "../time/duration.ts";

/** How a limit's span lies in time. */
export type Align = "fixed" | "sliding" | "bucket";
/** Whom a limit counts: one exit, one account over all exits, or everybody together. */
export type LimitScope = "exit" | "account" | "target";

export interface Limit {
  /** Names it in refusals, verdicts and charges. */
  name: string;
  /**
   * What it counts: `"request"` 1 an attempt, `"weight"` the request's weight, `"order"` the table's orders,
   * `"connection"` 1 a shared lease; any other unit only what a `Charge` names.
   */
  unit: string;
  limit: number;
  per: Duration;
  /**
   * `fixed`: turns with the server's clock. `sliding`: any span of that length. `bucket`: holds `limit`, refilled at
   * `limit / per`.
   * @default "sliding"
   */
  align?: Align;
  /** @default "exit" */
  scope?: LimitScope;
}

/** What a request costs on one limit. */
export interface Charge {
  limit: string;
  units: number;
  /** A counter of its own, for example an instrument. */
  key?: string;
}

/** One count that a ledger keeps. */
export interface Counter {
  key: string;
  units: number;
  limit: number;
  perMs: number;
  align: Align;
  /**
   * `fixed`: the earliest that the server's clock can show now, in epoch milliseconds, and the latest. Which window a request
   * falls into is decided by them; without them by the ledger's own clock.
   */
  serverFromMs?: number;
  serverToMs?: number;
}

export type Reservation = { ok: true; token: unknown } | { ok: false; limit: string; retryAfterMs: number };

/** Where quotas are counted. The default counts in this process. */
export interface Ledger {
  /** All or nothing, at once. `"unknown"`: only the shared store can say. */
  tryReserve(counters: Counter[], now: number): Reservation | "unknown";
  reserve(counters: Counter[], signal?: AbortSignal): Promise<Reservation>;
  /** What was really counted, in the order of the counters. */
  settle(token: unknown, units: number[]): void;
  /** What the server says it has counted. */
  observe(counter: Counter, used: number): void;
  /**
   * Nothing that this key covers is to be sent before `untilWallMs`, by anybody. It covers the counter of that name and those whose
   * names go on with `|`: `exit:203.0.113.7|binance` all of one exit at one target; `target|binance` the target as a whole.
   */
  pause(key: string, untilWallMs: number, reason: "rate-limited" | "banned"): void;
  close(): Promise<void>;
}
