import type { Clock } from "../../time/clock.ts";
import type { ExchangeAnswer, ExchangeRequest } from "./messages.ts";
import type { Price } from "./weights.ts";

export interface ExchangeOptions {
  /** @default systemClock */
  clock?: Clock;
  /** How far the exchange's own clock is ahead, in milliseconds. It does not follow jumps of the wall clock. @default 0 */
  clockOffsetMs?: number;
  /** Length of the weight window, in whole seconds. @default 60_000 */
  windowMs?: number;
  /** Weight that an address may spend in each window. @default 6000 */
  limit?: number;
  /** Requests that an address may send in each `rawWindowMs`, whatever their weight. @default 300_000 */
  rawLimit?: number;
  /** @default 300_000 */
  rawWindowMs?: number;
  /** Orders of one account (`x-mbx-apikey`) in each ten seconds, over all addresses. @default 100 */
  ordersPer10s?: number;
  /** The same in each UTC day. @default 200_000 */
  ordersPerDay?: number;
  /** What a request costs. @default today's weights of Binance spot; paths they do not know are answered with 404 */
  weigh?: (request: ExchangeRequest) => number | Price;
  /** How often an address may go on while it is limited before it is banned. @default 10 */
  refusalsBeforeBan?: number;
  /** Length of the first ban, in milliseconds; each further one is twice as long. @default 120_000 */
  banMs?: number;
  /** Longest ban. @default 2160 times `banMs`: with its default, three days */
  banMaxMs?: number;
  /** Answers instead of the exchange's own (5xx, a maintenance page); counted all the same. */
  intercept?: (request: ExchangeRequest) => ExchangeAnswer | undefined;
  /** How many windows of each address the books keep; totals keep all. @default 1000 */
  keepWindows?: number;
}

export type ExchangeSettings = Required<Omit<ExchangeOptions, "clock" | "clockOffsetMs" | "weigh" | "intercept">>;

/** What Binance says of itself: limits of spot, bans "from 2 minutes to 3 days" (developers.binance.com, REST API, limits). */
export function exchangeSettings(options: ExchangeOptions): ExchangeSettings {
  const banMs = options.banMs ?? 120_000;
  const settings: ExchangeSettings = {
    windowMs: options.windowMs ?? 60_000,
    limit: options.limit ?? 6_000,
    rawLimit: options.rawLimit ?? 300_000,
    rawWindowMs: options.rawWindowMs ?? 300_000,
    ordersPer10s: options.ordersPer10s ?? 100,
    ordersPerDay: options.ordersPerDay ?? 200_000,
    refusalsBeforeBan: options.refusalsBeforeBan ?? 10,
    banMs,
    banMaxMs: options.banMaxMs ?? 2_160 * banMs,
    keepWindows: options.keepWindows ?? 1_000,
  };
  for (const [name, value] of Object.entries(settings)) {
    if (!(Number.isFinite(value) && value >= 0)) throw new RangeError(`Expected \`${name}\` to be a finite number of at least 0, got \`${value}\`.`);
  }
  for (const name of ["windowMs", "rawWindowMs"] as const) {
    const value = settings[name];
    // Headers and `rateLimits` name a window in whole seconds, minutes, hours or days.
    if (value < 1_000 || value % 1_000 !== 0) throw new RangeError(`Expected \`${name}\` to be a multiple of 1000, got \`${value}\`.`);
  }
  return settings;
}
