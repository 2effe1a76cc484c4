import type { RequestInfo } from "../model/request.ts";
import type { Calculator, RequestCost } from "../weights/index.ts";

/** Counts on limits of requests and connections alone. */
const FREE: RequestCost = { weight: 0, orders: 0, charges: undefined, rule: undefined, tableWeight: 0, known: true };

/**
 * What opening a long-lived connection costs at a target with a table: what the table says of it (Binance: 2). A WebSocket at
 * a target whose table knows of none is no endpoint of its, and weighs nothing; `undefined`: a stream over plain HTTP costs
 * what its request does.
 */
export function connectCost(calculator: Calculator): (request: RequestInfo) => RequestCost | undefined {
  if (calculator.connectionWeight > 0) return () => calculator.cost("CONNECT", "/");
  return (request) => (isWebSocket(request) ? FREE : undefined);
}

function isWebSocket({ upgrade, url }: RequestInfo): boolean {
  return upgrade === true || (typeof url === "string" ? /^wss?:/i.test(url) : url.protocol === "ws:" || url.protocol === "wss:");
}
