import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { checkedTable, configError } from "./check.ts";
import { endpointOf, type RuleEntry, type TableDocument } from "./table.ts";

export type BuiltInTable = "binance-spot" | "binance-spot-documents" | "binance-usdm" | "okx" | "deribit";
export const BUILT_IN_TABLES: readonly BuiltInTable[] = ["binance-spot", "binance-spot-documents", "binance-usdm", "okx", "deribit"];

/** Larger than any table that a person has written. */
const MAX_FILE = 16 * 1_024 * 1_024;

const loaded = new Map<BuiltInTable, TableDocument>();

/**
 * A table that the package brings; read when first asked for. A copy: change it as you like.
 *
 * @throws MultihomeError `MH_ERR_CONFIG` where there is none of that name
 */
export function builtInTable(name: BuiltInTable): TableDocument {
  let table = loaded.get(name);
  if (table === undefined) {
    if (!BUILT_IN_TABLES.includes(name)) throw configError(`There is no built-in weight table ${String(name)}:`, [`there are ${BUILT_IN_TABLES.join(", ")}; loadTable reads one of your own`]);
    // From dist/src/weights/ to src/weights/: the package ships its sources, and JSON modules still warn on Node 20.
    table = JSON.parse(readFileSync(new URL(`../../../src/weights/tables/${name}.json`, import.meta.url), "utf8")) as TableDocument;
    loaded.set(name, table);
  }
  return structuredClone(table);
}

/**
 * A table of the user's own, from a file.
 *
 * @throws MultihomeError `MH_ERR_CONFIG` when it cannot be read, is no JSON, or breaks a rule; with every problem
 */
export function loadTable(file: string): TableDocument {
  const path = isAbsolute(file) ? file : resolve(file);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw configError(`Weight table ${path} cannot be read:`, [(error as Error).message]);
  }
  if (text.length > MAX_FILE) throw configError(`Weight table ${path} cannot be used:`, [`it is larger than ${MAX_FILE} bytes`]);
  let table: unknown;
  try {
    table = JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    throw configError(`Weight table ${path} is not JSON:`, [(error as Error).message]);
  }
  return checkedTable(table, path);
}

/**
 * A table with single endpoints replaced or added. A rule replaces every rule for its endpoint, past ones included, unless
 * it has an `until` of its own; then it only joins them.
 *
 * @throws MultihomeError `MH_ERR_CONFIG`
 */
export function overrideTable(table: object, rules: readonly RuleEntry[]): TableDocument {
  const base = checkedTable(table);
  const replaced = new Set(rules.filter(({ until }) => until === undefined).map(endpointOf));
  const own = rules.map((rule) => ({ source: "override", ...rule }));
  return checkedTable({ ...base, rules: [...base.rules.filter((rule) => !replaced.has(endpointOf(rule))), ...own] }, `${base.exchange} with overrides`);
}
