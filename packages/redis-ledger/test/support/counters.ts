import type { Counter, Ledger, Reservation } from "@multihome/core";

/** Some counters of one exit at one target, as a pool would name them. */
export function counter(limit: string, units: number, rest: Partial<Counter> = {}): Counter {
  return { key: `exit:203.0.113.7|binance|${limit}`, units, limit: 100, perMs: 60_000, align: "sliding", ...rest };
}

/** At once where that is possible, else by asking. */
export async function take(ledger: Ledger, ...counters: Counter[]): Promise<Reservation> {
  const answer = ledger.tryReserve(counters, 0);
  return answer === "unknown" ? await ledger.reserve(counters) : answer;
}

/** How many of so many requests were granted. */
export async function takeMany(ledger: Ledger, count: number, make: () => Counter[]): Promise<number> {
  let granted = 0;
  for (let i = 0; i < count; i++) if ((await take(ledger, ...make())).ok) granted++;
  return granted;
}
