import type { Limit } from "../model/limits.ts";
import { durationMs } from "../time/duration.ts";
import type { RequestCost } from "./cost.ts";
import type { Advice } from "./forms/form.ts";
import type { Body } from "./params.ts";
import type { TableDocument } from "./table.ts";

/** What one request would cost, with reasons. */
export interface WeightReport {
  weight: number;
  /** Every counter that it moves. `of`: that counter's limit. */
  charges: { limit: string; units: number; of: number; perMs: number; scope: "exit" | "account" | "target"; key?: string }[];
  /** For people: the least that the rule can weigh, and what this request adds to it. */
  breakdown: { base: number; additions: number; total: number };
  rule?: { table: string; asOf?: string; source: string };
  warnings: string[];
  suggestions: { change: string; weight: number; saves: number }[];
}

interface Reported {
  readonly table?: TableDocument;
  readonly cost: RequestCost;
  readonly limits: readonly Limit[];
  readonly path: string;
  readonly body: Body;
}

export function reportOf({ table, cost, limits, path, body }: Reported): WeightReport {
  const { rule, weight, tableWeight } = cost;
  const queryAt = path.indexOf("?");
  // By the table: what calibration found out is known for single bands only.
  const advice = rule?.advise(tableWeight, path, queryAt, body) ?? [];
  const base = Math.min(rule?.min ?? weight, weight);
  return {
    weight,
    charges: chargesOf(cost, limits),
    breakdown: { base, additions: weight - base, total: weight },
    ...(table === undefined || rule === undefined ? {} : { rule: ruleOf(table, rule.known ? rule.source : "") }),
    warnings: table === undefined ? [] : warningsOf(table, cost, rule?.unclear(path, queryAt, body) ?? [], advice),
    suggestions: advice.map((one) => ({ ...one })),
  };
}

function ruleOf(table: TableDocument, source: string): NonNullable<WeightReport["rule"]> {
  const asOf = table.asOf ?? table.rulesVersion;
  const where = source === "" || source === table.source ? table.source : source.includes("://") ? source : `${source} (${table.source})`;
  return { table: table.exchange, ...(asOf === undefined ? {} : { asOf }), source: where };
}

function warningsOf(table: TableDocument, { rule, weight, known, tableWeight }: RequestCost, unclear: readonly string[], advice: readonly Advice[]): string[] {
  const warnings: string[] = [];
  if (rule === undefined) return warnings;
  if (!known) warnings.push(`${rule.endpoint} is not in table ${table.exchange}; it is counted as ${weight}`);
  if (unclear.length > 0) warnings.push(`${unclear.join(" and ")} cannot be read; counted as the heaviest that ${rule.endpoint} can be, ${weight}`);
  if (advice.length > 0) warnings.push(`${rule.endpoint} costs ${weight}; ${advice[0].change}`);
  if (weight !== tableWeight) warnings.push(`${rule.endpoint} costs ${weight} by what the server counts; the table says ${tableWeight}`);
  if (table.asOf !== undefined && table.knownSince !== undefined && table.asOf < table.knownSince) {
    warnings.push(`table ${table.exchange} knows nothing before ${table.knownSince}; the oldest value it has is used for ${table.asOf}`);
  }
  return warnings;
}

function chargesOf(cost: RequestCost, limits: readonly Limit[]): WeightReport["charges"] {
  const charges: WeightReport["charges"] = [];
  for (const limit of limits) {
    const named = cost.charges?.filter((charge) => charge.limit === limit.name) ?? [];
    const common = unitsOf(cost, limit.unit);
    const keyed = named.filter(({ key }) => key !== undefined);
    const plain = named.reduce((sum, { key, units }) => sum + (key === undefined ? units : 0), common);
    const seen = { limit: limit.name, of: limit.limit, perMs: durationMs(limit.per), scope: limit.scope ?? "exit" } as const;
    if (plain > 0) charges.push({ ...seen, units: plain });
    for (const { units, key } of keyed) charges.push({ ...seen, units, key });
  }
  return charges;
}

function unitsOf(cost: RequestCost, unit: string): number {
  switch (unit) {
    case "weight":
      return cost.weight;
    case "order":
      return cost.orders;
    case "request":
      return 1;
    default:
      return 0;
  }
}
