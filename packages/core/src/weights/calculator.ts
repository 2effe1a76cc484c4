import type { Limit } from "../model/limits.ts";
import type { RequestInfo } from "../model/request.ts";
import { accountFrom, type AccountOf } from "./account.ts";
import { tableAsOf } from "./as-of.ts";
import { checkedTable } from "./check.ts";
import type { CompiledRule, Headers, RequestCost } from "./cost.ts";
import { CountedRule } from "./counted-rule.ts";
import { limitOf } from "./limits.ts";
import type { Body } from "./params.ts";
import { PoolRule } from "./pool-rule.ts";
import { reportOf, type WeightReport } from "./report.ts";
import { RpcRules } from "./rpc-rules.ts";
import { RuleBook } from "./rule-book.ts";
import type { RuleEntry, TableDocument, UsedHeader } from "./table.ts";
import { WeightRule } from "./weight-rule.ts";

/** Says what requests of one target cost. */
export interface Calculator {
  /** The limits that the table brings. Those of unit "call" and "credit" count only what a charge names. */
  readonly limits: readonly Limit[];
  /** Headers of answers that say what is used: prefix, then number and letter of the interval (`1m`, `10s`, `1d`). */
  readonly usedHeaders: readonly UsedHeader[];
  /** What opening a WebSocket connection weighs. */
  readonly connectionWeight: number;
  /** Requests above this weight count as heavy. */
  readonly heavyWeight: number;
  /** Names the account of a request, where the table knows how. */
  readonly account: AccountOf | undefined;
  /**
   * The hot path. `path` with its query; `method` in capitals, `"CONNECT"` for opening a WebSocket. Never throws for a
   * request, however broken; only a user's own function may (`fixedWeight`).
   */
  cost(method: string, path: string, body?: Body, headers?: Headers, request?: RequestInfo): RequestCost;
  /** The same with reasons, for people. `limits`: those of the target, where they replace the table's. */
  report(method: string, path: string, body?: Body, headers?: Headers, limits?: readonly Limit[], request?: RequestInfo): WeightReport;
}

export interface CompileOptions {
  /** Ask the table for a past day, `"2023-10-01"`. */
  asOf?: string;
}

/**
 * Makes a calculator of a table.
 *
 * @throws MultihomeError `MH_ERR_CONFIG` with every problem of the table: `rule 7 (GET /api/v3/depth): steps must rise …`
 */
export function compileTable(table: object, options: CompileOptions = {}): Calculator {
  const checked = checkedTable(table);
  return new TableCalculator(tableAsOf(checked, options.asOf ?? checked.asOf));
}

class TableCalculator implements Calculator {
  readonly limits: readonly Limit[];
  readonly usedHeaders: readonly UsedHeader[];
  readonly connectionWeight: number;
  readonly heavyWeight: number;
  readonly account: AccountOf | undefined;
  readonly #table: TableDocument;
  readonly #book: RuleBook;
  readonly #rpc: RpcRules | undefined;

  constructor(table: TableDocument) {
    this.#table = table;
    const header = table.account?.header.toLowerCase();
    const compiled = table.rules.map((entry): [RuleEntry, CompiledRule] => [entry, compileRule(entry, header)]);
    const counted = compiled.map(([, rule]) => rule).filter((rule) => rule instanceof CountedRule);
    for (const [entry, rule] of compiled) {
      const single = entry.single === undefined ? undefined : counted.find(({ endpoint }) => endpoint === entry.single);
      if (single !== undefined && rule instanceof CountedRule) rule.setSingle(single);
    }
    this.limits = [...(table.limiters ?? []).map(limitOf), ...counted.flatMap((rule) => rule.limits)];
    this.usedHeaders = table.usedHeaders ?? [];
    this.heavyWeight = table.heavyWeight ?? 10;
    this.account = table.account === undefined ? undefined : accountFrom(table.account.header);
    this.#book = new RuleBook(compiled.filter(([entry]) => entry.rpc === undefined), table);
    this.#rpc = table.rpcPath === undefined ? undefined : new RpcRules(table.rpcPath, compiled);
    this.connectionWeight = this.#book.known("CONNECT", "*")?.cost("", -1, undefined, undefined).weight ?? 0;
  }

  cost(method: string, path: string, body?: Body, headers?: Headers): RequestCost {
    const queryAt = path.indexOf("?");
    const name = queryAt < 0 ? path : path.slice(0, queryAt);
    const rule = this.#rpc?.find(name, body) ?? this.#book.find(method, name);
    return rule.cost(path, queryAt, body, headers);
  }

  report(method: string, path: string, body?: Body, headers?: Headers, limits: readonly Limit[] = this.limits): WeightReport {
    return reportOf({ table: this.#table, cost: this.cost(method, path, body, headers), limits, path, body });
  }
}

function compileRule(entry: RuleEntry, accountHeader: string | undefined): CompiledRule {
  if (entry.count !== undefined) return new CountedRule(entry, accountHeader);
  if (entry.cost !== undefined) return new PoolRule(entry, accountHeader);
  return new WeightRule(entry);
}
