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

/** What a request costs on one limit: one of the target's, or the request is refused with `MH_ERR_CONFIG`. */
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

/** `limit`: the key of the counter that has no room, or is paused; else the limit's name. */
export type Reservation = { ok: true; token: unknown } | { ok: false; limit: string; retryAfterMs: number };

/**
 * Where quotas are counted that several processes share. The pool counts in this process all the same, chooses an exit by that, and
 * asks then; nothing is sent before the ledger has agreed. Whatever it throws or rejects with counts as "no", for half a second.
 */
export interface Ledger {
  /**
   * All or nothing, at once: `ok: false` leaves every counter as it was. `"unknown"`: only the shared store can say, and `reserve`
   * is called next; `tryAcquire` answers `ledger-pending` meanwhile.
   *
   * @param now the pool's own monotonic clock
   */
  tryReserve(counters: Counter[], now: number): Reservation | "unknown";
  /** The same, in its own time; five seconds at most. @param signal whoever asked has given up; what is granted all the same is settled at 0 */
  reserve(counters: Counter[], signal?: AbortSignal): Promise<Reservation>;
  /**
   * What was really counted, in the order of the counters: nothing where it was certainly not sent, all where it may have been,
   * what the server charges where it has answered. Once for each reservation that was granted.
   *
   * @param answered the server's answer is here, or nothing was sent: what was counted was counted before now, and nothing will arrive later
   */
  settle(token: unknown, units: number[], answered?: boolean): void;
  /** What the server says it has counted in the span that is being counted now, all its users together. `counter.units` is 0. */
  observe(counter: Counter, used: number): void;
  /**
   * Nothing that this key covers is to be sent before `untilWallMs`, by anybody. It covers the counter of that name and those whose
   * names go on with `|`: `exit:203.0.113.7|binance` all of one exit at one target; `target|binance` the target as a whole.
   */
  pause(key: string, untilWallMs: number, reason: "rate-limited" | "banned"): void;
  /** After everything is settled. The pool waits a second for it. */
  close(): Promise<void>;
}
