import { binanceSpotPrice, type ExchangeRequest } from "@multihome/core/testing";

export type Asked = Omit<ExchangeRequest, "address" | "at">;

/** What a program with market data, charts and some accounts asks for, by how often. */
const MIX: readonly (readonly [share: number, path: string, query: string])[] = [
  [30, "/api/v3/depth", "symbol=BTCUSDT&limit=100"],
  [10, "/api/v3/depth", "symbol=ETHUSDT&limit=500"],
  [3, "/api/v3/depth", "symbol=BNBUSDT&limit=1000"],
  [0.5, "/api/v3/depth", "symbol=BTCUSDT&limit=5000"],
  [20, "/api/v3/klines", "symbol=BTCUSDT&interval=1m&limit=500"],
  [12, "/api/v3/ticker/bookTicker", "symbol=BTCUSDT"],
  [8, "/api/v3/ticker/24hr", "symbol=ETHUSDT"],
  [2, "/api/v3/ticker/24hr", ""],
  [6, "/api/v3/aggTrades", "symbol=BTCUSDT"],
  [4, "/api/v3/trades", "symbol=BTCUSDT"],
  [3, "/api/v3/exchangeInfo", "symbol=BTCUSDT"],
  [1, "/api/v3/ping", ""],
];
const ALL = MIX.reduce((sum, [share]) => sum + share, 0);

/** The next request of such a program. */
export function nextRequest(random: () => number): Asked {
  let left = random() * ALL;
  for (const [share, path, query] of MIX) {
    left -= share;
    if (left < 0) return { method: "GET", path, query };
  }
  return { method: "GET", path: "/api/v3/ping", query: "" };
}

/** What such a request weighs on average. */
export function meanWeight(): number {
  return MIX.reduce((sum, [share, path, query]) => sum + (share / ALL) * (binanceSpotPrice({ method: "GET", path, query, address: "" })?.weight ?? 0), 0);
}
