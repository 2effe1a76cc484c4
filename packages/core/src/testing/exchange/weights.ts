import { parametersOf } from "./messages.ts";
import type { ExchangeRequest } from "./messages.ts";

/** What a request costs. */
export interface Price {
  /** Charged to the address. */
  weight: number;
  /** Charged instead when it succeeds. @default weight */
  weightOnSuccess?: number;
  /** Counted to the account when it succeeds. @default 0 */
  orders?: number;
  /** Needs an API key. @default false */
  signed?: boolean;
}

type Rule = number | Price | ((parameters: URLSearchParams) => number | Price);

/** Successful order requests cost no weight since 2026-04-02. */
function order(orders: number): Price {
  return { weight: 1, weightOnSuccess: 0, orders, signed: true };
}

function signed(weight: number): Price {
  return { weight, signed: true };
}

/** Weight by the number asked for: bands include their upper end. */
function byLimit(bands: readonly (readonly [limit: number, weight: number])[], above: number, byDefault: number): Rule {
  return (parameters) => {
    const limit = Number(parameters.get("limit") ?? byDefault);
    return bands.find(([upTo]) => limit <= upTo)?.[1] ?? above;
  };
}

function bySymbols(one: number, many: (count: number) => number, all: number): Rule {
  return (parameters) => {
    if (parameters.has("symbol")) return one;
    const symbols = parameters.get("symbols");
    return symbols === null ? all : many(symbols.split(",").length);
  };
}

function perSymbol(each: number, most: number): Rule {
  return bySymbols(each, (count) => Math.min(each * count, most), most);
}

/** Binance spot as documented in July 2026 (github.com/binance/binance-spot-api-docs, rest-api.md). */
const RULES: Readonly<Record<string, Rule>> = {
  "GET /api/v3/ping": 1,
  "GET /api/v3/time": 1,
  "GET /api/v3/exchangeInfo": 20,
  "GET /api/v3/depth": byLimit([[100, 5], [500, 25], [1000, 50]], 250, 100),
  "GET /api/v3/trades": 25,
  "GET /api/v3/historicalTrades": 25,
  "GET /api/v3/historicalBlockTrades": 25,
  "GET /api/v3/aggTrades": 4,
  "GET /api/v3/klines": 2,
  "GET /api/v3/uiKlines": 2,
  "GET /api/v3/avgPrice": 2,
  "GET /api/v3/referencePrice": 2,
  "GET /api/v3/referencePrice/calculation": 2,
  "GET /api/v3/ticker/24hr": bySymbols(2, (count) => (count <= 20 ? 2 : count <= 100 ? 40 : 80), 80),
  "GET /api/v3/ticker/tradingDay": perSymbol(4, 200),
  "GET /api/v3/ticker": perSymbol(4, 200),
  "GET /api/v3/ticker/price": bySymbols(2, () => 4, 4),
  "GET /api/v3/ticker/bookTicker": bySymbols(2, () => 4, 4),
  "GET /api/v3/executionRules": perSymbol(2, 40),
  "GET /api/v3/account": signed(20),
  "GET /api/v3/account/commission": signed(20),
  "GET /api/v3/allOrders": signed(20),
  "GET /api/v3/allOrderList": signed(20),
  "GET /api/v3/myAllocations": signed(20),
  "GET /api/v3/myTrades": (parameters) => signed(parameters.has("orderId") ? 5 : 20),
  "GET /api/v3/myPreventedMatches": (parameters) => signed(parameters.has("preventedMatchId") ? 2 : parameters.has("orderId") ? 20 : 2),
  "GET /api/v3/myFilters": signed(40),
  "GET /api/v3/rateLimit/order": signed(40),
  "GET /api/v3/openOrders": (parameters) => signed(parameters.has("symbol") ? 6 : 80),
  "GET /api/v3/openOrderList": signed(6),
  "GET /api/v3/orderList": signed(4),
  "GET /api/v3/order": signed(4),
  "GET /api/v3/order/amendments": signed(4),
  "PUT /api/v3/order/amend/keepPriority": signed(4),
  "POST /api/v3/order/test": (parameters) => signed(parameters.get("computeCommissionRates") === "true" ? 20 : 1),
  "POST /api/v3/sor/order/test": (parameters) => signed(parameters.get("computeCommissionRates") === "true" ? 20 : 1),
  "POST /api/v3/order": order(1),
  "POST /api/v3/sor/order": order(1),
  "POST /api/v3/order/cancelReplace": order(1),
  "POST /api/v3/order/oco": order(2),
  "POST /api/v3/orderList/oco": order(2),
  "POST /api/v3/orderList/oto": order(2),
  "POST /api/v3/orderList/opo": order(2),
  "POST /api/v3/orderList/otoco": order(3),
  "POST /api/v3/orderList/opoco": order(3),
  "DELETE /api/v3/order": order(0),
  "DELETE /api/v3/openOrders": order(0),
  "DELETE /api/v3/orderList": order(0),
};

/** What a request costs at Binance spot, `undefined` where it knows no such endpoint. */
export function binanceSpotPrice(request: ExchangeRequest): Price | undefined {
  const key = `${request.method} ${request.path}`;
  if (!Object.hasOwn(RULES, key)) return undefined;
  const rule = RULES[key];
  return priced(typeof rule === "function" ? rule(parametersOf(request)) : rule);
}

export function priced(price: number | Price): Price {
  return typeof price === "number" ? { weight: price } : price;
}
