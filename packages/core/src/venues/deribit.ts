import type { TargetOptions } from "../model/options.ts";
import type { Classify } from "../model/response.ts";
import { checkOptionNames } from "../option-names.ts";
import { compileTable, type Calculator } from "../weights/calculator.ts";
import { codeIn, topLevelField } from "./body-field.ts";
import { limitVerdict } from "./limit-verdict.ts";
import { venueTable, venueTarget } from "./target.ts";

export interface DeribitOptions {
  /** Instead of the table that the package brings. */
  table?: object;
}

const OPTIONS: Record<keyof DeribitOptions, true> = { table: true };

/** Deribit: pools of credits by account, and by address for callers who have not said who they are. */
export function deribit(options: DeribitOptions = {}): TargetOptions {
  checkOptionNames("deribit", options, OPTIONS);
  const table = venueTable("deribit", options.table, undefined);
  return venueTarget(table, ["www.deribit.com"], deribitClassify(table));
}

const TOO_MANY_REQUESTS = 10_028;
const ENGINE_QUEUE_FULL = 10_047;
const TOO_MANY_CONCURRENT = 10_066;
/** A guess: concurrent requests end by themselves, within the second. */
const CONCURRENT_WAIT_MS = 1_000;

/** JSON-RPC errors; which status they come with is not documented. */
function deribitClassify(table: object): Classify {
  // Only a refusal needs it.
  let compiled: Calculator | undefined;
  const calculator = (): Calculator => (compiled ??= compileTable(table));
  return {
    body: "first",
    judge(response, request) {
      const error = topLevelField(response.body, "error");
      if (error === undefined || !error.startsWith("{")) return undefined;
      const code = codeIn(topLevelField(Buffer.from(error, "latin1"), "code"));
      switch (code) {
        case TOO_MANY_REQUESTS:
          return limitVerdict(calculator(), request, "too_many_requests (10028)");
        case TOO_MANY_CONCURRENT:
          return { kind: "rate-limited", scope: "exit", retryAfterMs: CONCURRENT_WAIT_MS, reason: "too_many_concurrent_requests (10066)" };
        case ENGINE_QUEUE_FULL:
          return { kind: "target-error", reason: "matching_engine_queue_full (10047)" };
        default:
          return undefined;
      }
    },
  };
}
