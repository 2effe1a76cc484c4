import type { TargetOptions } from "../model/options.ts";
import type { RequestInfo } from "../model/request.ts";
import type { Classify } from "../model/response.ts";
import type { Verdict } from "../model/verdict.ts";
import { checkOptionNames } from "../option-names.ts";
import { compileTable, type Calculator } from "../weights/calculator.ts";
import { beginningOf, codeIn, topLevelField } from "./body-field.ts";
import { limitVerdict } from "./limit-verdict.ts";
import { venueTable, venueTarget } from "./target.ts";

export interface OkxOptions {
  /** Instead of the table that the package brings. */
  table?: object;
}

const OPTIONS: Record<keyof OkxOptions, true> = { table: true };

/** OKX v5: a count for each endpoint, by address or account and often by instrument. */
export function okx(options: OkxOptions = {}): TargetOptions {
  checkOptionNames("okx", options, OPTIONS);
  const table = venueTable("okx", options.table, undefined);
  return venueTarget(table, ["www.okx.com"], okxClassify(table));
}

const TOO_MANY = 50_011;
const TOO_FREQUENT = 50_040;
const TOO_MANY_ORDERS = 50_061;
const BUSY = 50_013;
/** Of a batch: some, or all, of its orders failed; each says why. */
const BATCH_FAILED = new Set([1, 2]);
const ORDER_CODE = /"sCode"\s*:\s*"(50011|50061)"/;

/** Codes stand in the body, with status 200 as well as 429. */
function okxClassify(table: object): Classify {
  // Only a refusal needs it.
  let compiled: Calculator | undefined;
  const calculator = (): Calculator => (compiled ??= compileTable(table));
  return {
    body: "first",
    judge(response, request) {
      const code = codeIn(topLevelField(response.body, "code"));
      if (code === undefined || code === 0) return undefined;
      return verdictOf(BATCH_FAILED.has(code) ? Number(ORDER_CODE.exec(beginningOf(response.body) ?? "")?.[1] ?? code) : code, calculator, request);
    },
  };
}

function verdictOf(code: number, calculator: () => Calculator, request: RequestInfo): Verdict | undefined {
  switch (code) {
    case TOO_MANY:
    case TOO_FREQUENT:
      return limitVerdict(calculator(), request, `too many requests (${code})`);
    case TOO_MANY_ORDERS:
      // The window of the limit over all orders of a sub-account.
      return { kind: "rate-limited", scope: "account", limit: "sub-account-orders", retryAfterMs: 2_000, reason: "too many orders of the sub-account (50061)" };
    case BUSY:
      // Comes with status 429, but it is the exchange that is overrun, not we that ask too much.
      return { kind: "target-error", reason: "system busy (50013)" };
    default:
      return undefined;
  }
}
