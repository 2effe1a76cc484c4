import assert from "node:assert/strict";
import type { Counter, Ledger, Reservation } from "@multihome/core";
import type { RedisLedger } from "../../src/index.ts";

/** What the server's clock shows: within no minute, hour or day that is about to turn, whenever a test is run. */
export const PLACE = { serverFromMs: 1_700_000_000_000, serverToMs: 1_700_000_000_010 } as const;

/** Some counters of one exit at one target, as a pool would name them. */
export function counter(limit: string, units: number, rest: Partial<Counter> = {}): Counter {
  const place = rest.align === "fixed" ? PLACE : {};
  return { key: `exit:203.0.113.7|binance|${limit}`, units, limit: 100, perMs: 60_000, align: "sliding", ...place, ...rest };
}

/** At once where that is possible, else by asking. */
export async function take(ledger: Ledger, ...counters: Counter[]): Promise<Reservation> {
  const answer = ledger.tryReserve(counters, 0);
  return answer === "unknown" ? await ledger.reserve(counters) : answer;
}

/** Calls that the machine was too slow for: what they asked for counts as spent, and nobody got it. */
export function missedBy(...ledgers: readonly RedisLedger[]): number {
  return ledgers.reduce((sum, ledger) => sum + ledger.status().missed, 0);
}

/** Never more than that; exactly that, where no call was missed. */
export function assertGranted(granted: number, expected: number, missed: number, what = ""): void {
  assert.ok(granted <= expected, `${granted} of ${expected} ${what}`);
  if (missed === 0) assert.equal(granted, expected, what);
}

/** How many of so many requests were granted. */
export async function takeMany(ledger: Ledger, count: number, make: () => Counter[]): Promise<number> {
  let granted = 0;
  for (let i = 0; i < count; i++) if ((await take(ledger, ...make())).ok) granted++;
  return granted;
}
