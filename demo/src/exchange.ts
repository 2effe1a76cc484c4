import { startExchange } from "@multihome/core/testing";
import type { Exchange } from "@multihome/core/testing";

/** Thirty of them are a minute, so that what takes a minute at Binance takes two seconds here. */
export const WINDOW_MS = 2_000;
/** As much as Binance allows an address: 6,000 in a minute. */
export const WINDOW_LIMIT = 200;
/** Two minutes at Binance; each further one is twice as long, there and here. */
const BAN_MS = 4_000;
/** A round trip within one continent. */
const LATENCY_MS = 20;

/** A small Binance on loopback: it limits by the source address that it sees, and keeps the books that both runs are judged by. */
export function startDemoExchange(): Promise<Exchange> {
  return startExchange({ windowMs: WINDOW_MS, limit: WINDOW_LIMIT, banMs: BAN_MS, latencyMs: LATENCY_MS, jitterMs: LATENCY_MS });
}
