import type { Classify } from "../model/response.ts";
import type { TargetOptions } from "../model/options.ts";
import { tableAsOf } from "../weights/as-of.ts";
import { accountFrom } from "../weights/account.ts";
import { checkedTable } from "../weights/check.ts";
import { builtInTable, type BuiltInTable } from "../weights/tables.ts";

/** The table of a venue: the one that the package brings, or the user's, on a day if one is asked for. */
export function venueTable(name: BuiltInTable, table: object | undefined, asOf: string | undefined): ReturnType<typeof builtInTable> {
  const document = table === undefined ? builtInTable(name) : checkedTable(table);
  return asOf === undefined ? document : tableAsOf(document, asOf);
}

/** Plain options, so that a spread keeps what it does not replace. */
export function venueTarget(table: ReturnType<typeof builtInTable>, hosts: readonly string[], classify: Classify): TargetOptions {
  const account = table.account === undefined ? undefined : accountFrom(table.account.header);
  return {
    hosts: [...(table.hosts ?? hosts)],
    weights: table,
    ...(account === undefined ? {} : { account: (request) => account(request.headers) }),
    classify,
  };
}
