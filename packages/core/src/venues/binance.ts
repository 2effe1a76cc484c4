import type { TargetOptions } from "../model/options.ts";
import type { Classify, ResponseInfo } from "../model/response.ts";
import type { Verdict } from "../model/verdict.ts";
import { checkOptionNames } from "../option-names.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { parseHttpDate, parseRetryAfter } from "../time/retry-after.ts";
import { beginningOf, codeIn, topLevelField } from "./body-field.ts";
import { venueTable, venueTarget } from "./target.ts";

export interface BinanceOptions {
  /** Weights and limits of a past day, `"2023-10-01"`. */
  asOf?: string;
  /** Instead of the table that the package brings; see `loadTable` and `overrideTable`. */
  table?: object;
  /** For "banned until" where an answer has neither Retry-After nor Date. @default the system's */
  clock?: Pick<Clock, "wallTime">;
}

const OPTIONS: Record<keyof BinanceOptions, true> = { asOf: true, table: true, clock: true };

/** Binance spot. `{ ...binanceSpot(), hosts: "127.0.0.1" }` keeps the rest. */
export function binanceSpot(options: BinanceOptions = {}): TargetOptions {
  checkOptionNames("binanceSpot", options, OPTIONS);
  return venueTarget(venueTable("binance-spot", options.table, options.asOf), ["api.binance.com"], binanceClassify(options.clock));
}

/** Binance USD-M futures: a counter of its own, apart from spot. The table's rules are of March 2025. */
export function binanceUsdm(options: BinanceOptions = {}): TargetOptions {
  checkOptionNames("binanceUsdm", options, OPTIONS);
  return venueTarget(venueTable("binance-usdm", options.table, options.asOf), ["fapi.binance.com"], binanceClassify(options.clock));
}

/** `current limit is 50 orders per 10 SECOND.` */
const ORDER_INTERVAL = /per (\d{1,4}) ?(SECOND|MINUTE|HOUR|DAY)/;
/** The sentence around it has changed before, the words have not. */
const BANNED_UNTIL = /banned until (\d{12,14})(?=\D)/;

/**
 * What refusals mean (rest-api.md "IP Limits", errors.md). Successes and everything else are the default's: 429 rests the
 * exit for Retry-After, 418 is a ban, 5xx the exchange's own trouble.
 */
function binanceClassify(clock: Pick<Clock, "wallTime"> = systemClock): Classify {
  return {
    // The code is in the body: -1015 is about an account, and only the message says how long a ban is when Retry-After does not.
    body: "first",
    bodyAt: (status) => (status >= 400 && status < 500 ? "first" : "none"),
    judge(response) {
      // The firewall's; its page is not the API's, so nothing in it is read. Not a limit and no ban, but the address keeps away for a moment.
      if (response.status === 403) return { kind: "blocked", scope: "exit", reason: "refused by the firewall (403)" };
      if (response.status < 400 || response.status >= 500) return undefined;
      const code = codeIn(topLevelField(response.body, "code"));
      if (code === -1015) return tooManyOrders(response, clock);
      return code === -1003 || response.status === 418 ? banned(response, clock) : undefined;
    },
  };
}

function serverTime(response: ResponseInfo, clock: Pick<Clock, "wallTime">): number {
  return parseHttpDate(response.header("date")) ?? clock.wallTime();
}

/** Placing orders waits, over all exits of that account; market data goes on. */
function tooManyOrders(response: ResponseInfo, clock: Pick<Clock, "wallTime">): Verdict {
  const [, count, unit] = ORDER_INTERVAL.exec(beginningOf(response.body) ?? "") ?? [];
  const retryAfterMs = parseRetryAfter(response.header("retry-after"), serverTime(response, clock));
  return {
    kind: "rate-limited",
    scope: "account",
    limit: unit === undefined ? "orders-10s" : `orders-${count}${unit[0].toLowerCase()}`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    reason: "too many orders (-1015)",
  };
}

/** The default knows Retry-After; the time in the message is for answers without one. */
function banned(response: ResponseInfo, clock: Pick<Clock, "wallTime">): Verdict | undefined {
  const now = serverTime(response, clock);
  if ((parseRetryAfter(response.header("retry-after"), now) ?? 0) > 0) return undefined;
  const until = BANNED_UNTIL.exec(beginningOf(response.body) ?? "")?.[1];
  if (until === undefined) return undefined;
  // A moment that has passed says that clocks disagree, not that the ban is over: the shortest ban then.
  const retryAfterMs = Number(until) - now;
  return { kind: "banned", scope: "exit", ...(retryAfterMs > 0 ? { retryAfterMs } : {}), reason: "banned until a time in the message (-1003)" };
}
