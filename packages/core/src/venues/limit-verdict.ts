import type { RequestInfo } from "../model/request.ts";
import type { Verdict } from "../model/verdict.ts";
import { durationMs } from "../time/duration.ts";
import type { Calculator } from "../weights/calculator.ts";

/** A pool of credits refills while we wait; nobody has to wait for all of it. */
const LONGEST_MS = 10_000;

/** The limit that a refused request counts on must rest for one window: such exchanges do not say how long. */
export function limitVerdict(calculator: Calculator, request: RequestInfo, reason: string): Verdict {
  const cost = calculator.cost(request.method, pathOf(request), request.body, request.headers);
  const name = cost.charges?.[0]?.limit;
  const limit = name === undefined ? undefined : calculator.limits.find((one) => one.name === name);
  if (limit === undefined) return { kind: "rate-limited", reason };
  return { kind: "rate-limited", scope: limit.scope ?? "exit", limit: limit.name, retryAfterMs: Math.min(LONGEST_MS, durationMs(limit.per)), reason };
}

function pathOf({ path, url }: RequestInfo): string {
  if (path !== undefined) return path;
  try {
    const parsed = new URL(url);
    return parsed.pathname + parsed.search;
  } catch {
    return String(url);
  }
}
