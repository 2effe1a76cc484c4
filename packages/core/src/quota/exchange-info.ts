/** A limit as `exchangeInfo.rateLimits` names it. */
export interface StatedLimit {
  readonly unit: "weight" | "order" | "request";
  readonly perMs: number;
  readonly limit: number;
}

const UNIT: Readonly<Record<string, StatedLimit["unit"]>> = { REQUEST_WEIGHT: "weight", ORDERS: "order", RAW_REQUESTS: "request" };
const INTERVAL_MS: Readonly<Record<string, number>> = { SECOND: 1_000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 };

/** The limits in an answer of `GET /api/v3/exchangeInfo`, given as an object or as text. What cannot be read is left out; nothing throws. */
export function statedLimits(exchangeInfo: unknown): StatedLimit[] {
  let info = exchangeInfo;
  if (typeof info === "string") {
    try {
      info = JSON.parse(info) as unknown;
    } catch {
      return [];
    }
  }
  const rows: unknown = typeof info === "object" && info !== null ? (info as { rateLimits?: unknown }).rateLimits : undefined;
  if (!Array.isArray(rows)) return [];
  const limits: StatedLimit[] = [];
  for (const row of rows.slice(0, 100) as unknown[]) {
    if (typeof row !== "object" || row === null) continue;
    const { rateLimitType, interval, intervalNum, limit } = row as Record<string, unknown>;
    const unit = typeof rateLimitType === "string" && Object.hasOwn(UNIT, rateLimitType) ? UNIT[rateLimitType] : undefined;
    const step = typeof interval === "string" && Object.hasOwn(INTERVAL_MS, interval) ? INTERVAL_MS[interval] : undefined;
    if (unit === undefined || step === undefined) continue;
    if (!Number.isInteger(intervalNum) || !Number.isInteger(limit) || (intervalNum as number) < 1 || (limit as number) < 1) continue;
    limits.push({ unit, perMs: step * (intervalNum as number), limit: limit as number });
  }
  return limits;
}
