import { ONE_DAY, TEN_SECONDS } from "./account-ledger.ts";
import type { OrderRefusal } from "./account-ledger.ts";
import type { Refusal } from "./address-ledger.ts";
import { intervalOf } from "./messages.ts";
import type { ExchangeAnswer, ExchangeRequest } from "./messages.ts";
import type { ExchangeSettings } from "./options.ts";

export function json(status: number, value: unknown, headers: Record<string, string> = {}): ExchangeAnswer {
  return { status, headers: { "content-type": "application/json;charset=UTF-8", ...headers }, body: JSON.stringify(value) };
}

/** Retry-After counts whole seconds; rounded down it would invite the next refusal. */
function retryAfter(ms: number): Record<string, string> {
  return { "retry-after": String(Math.max(1, Math.ceil(ms / 1_000))) };
}

export function refusalAnswer(refusal: Refusal, settings: ExchangeSettings): ExchangeAnswer {
  const advice = "Please use WebSocket Streams for live updates to avoid";
  if (refusal.status === 418) {
    const msg = `Way too much request weight used; IP banned until ${Math.ceil(refusal.until)}. ${advice} bans.`;
    return json(418, { code: -1003, msg }, retryAfter(refusal.retryAfterMs));
  }
  const [limit, perMs, what] = refusal.limit === "weight" ? [settings.limit, settings.windowMs, "request weight"] : [settings.rawLimit, settings.rawWindowMs, "requests"];
  const msg = `Too much ${what} used; current limit is ${limit} ${what} per ${spelled(perMs)}. ${advice} polling the API.`;
  return json(429, { code: -1003, msg }, retryAfter(refusal.retryAfterMs));
}

export function orderRefusalAnswer(refusal: OrderRefusal): ExchangeAnswer {
  const msg = `Too many new orders; current limit is ${refusal.limit} orders per ${spelled(refusal.perMs)}.`;
  return json(429, { code: -1015, msg }, retryAfter(refusal.retryAfterMs));
}

/** The web application firewall in front of the exchange: no JSON, no Retry-After, no used weight. */
export function forbiddenAnswer(): ExchangeAnswer {
  return { status: 403, headers: { "content-type": "text/html" }, body: "<html><head><title>403 Forbidden</title></head><body></body></html>" };
}

export const NO_SUCH_ENDPOINT = json(404, { code: -1000, msg: "Path not found." });
export const NO_API_KEY = json(401, { code: -2014, msg: "API-key format invalid." });
export const DUPLICATE_ORDER = json(400, { code: -2010, msg: "Duplicate order sent." });

/** Bodies that a client can read without tripping; nothing in them is market data. */
export function successAnswer(request: ExchangeRequest, parameters: URLSearchParams, time: number, settings: ExchangeSettings): ExchangeAnswer {
  const endpoint = request.path.replace(/^\/api\/v3\//, "");
  if (request.method !== "GET") {
    return json(200, {
      symbol: parameters.get("symbol") ?? "", orderId: Math.floor(time), clientOrderId: clientOrderIdOf(parameters) ?? "", transactTime: Math.floor(time), status: "NEW",
    });
  }
  switch (endpoint) {
    case "time": return json(200, { serverTime: Math.floor(time) });
    case "exchangeInfo": return json(200, { timezone: "UTC", serverTime: Math.floor(time), rateLimits: rateLimits(settings), exchangeFilters: [], symbols: [] });
    case "depth": return json(200, { lastUpdateId: Math.floor(time), bids: [], asks: [] });
    case "ticker/price": return json(200, { symbol: parameters.get("symbol") ?? "", price: "1.00000000" });
    case "account": return json(200, { makerCommission: 10, takerCommission: 10, canTrade: true, balances: [] });
    case "ping":
    case "ticker/24hr":
    case "ticker/bookTicker":
    case "avgPrice": return json(200, {});
    default: return json(200, []);
  }
}

export function clientOrderIdOf(parameters: URLSearchParams): string | null {
  return parameters.get("newClientOrderId") ?? parameters.get("listClientOrderId");
}

function rateLimits(settings: ExchangeSettings): object[] {
  return [
    { rateLimitType: "REQUEST_WEIGHT", ...intervalOf(settings.windowMs), limit: settings.limit },
    { rateLimitType: "ORDERS", ...intervalOf(TEN_SECONDS), limit: settings.ordersPer10s },
    { rateLimitType: "ORDERS", ...intervalOf(ONE_DAY), limit: settings.ordersPerDay },
    { rateLimitType: "RAW_REQUESTS", ...intervalOf(settings.rawWindowMs), limit: settings.rawLimit },
  ];
}

function spelled(ms: number): string {
  const { interval, intervalNum } = intervalOf(ms);
  return `${intervalNum} ${interval}`;
}
