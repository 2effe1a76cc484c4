import * as v from "valibot";
import { endpointOf, type RuleEntry, type TableDocument } from "./table.ts";

const text = v.pipe(v.string("must be text"), v.minLength(1, "must not be empty"), v.maxLength(2_000, "is too long"));
const units = v.pipe(v.number("must be a number"), v.finite("must be finite"), v.minValue(0, "must not be negative"), v.maxValue(1e9, "is too large"));
const positive = v.pipe(v.number("must be a number"), v.finite("must be finite"), v.minValue(0.001, "must be above 0"), v.maxValue(1e12, "is too large"));
const date = v.pipe(v.string("must be a date such as \"2026-07-21\""), v.isoDate("must be a date such as \"2026-07-21\""));
const upToMessage = "must be a whole number from 1 or \"more\"";
const upTo = v.union([v.pipe(v.number(upToMessage), v.integer(upToMessage), v.minValue(1, upToMessage)), v.literal("more", upToMessage)], upToMessage);
const step = v.tuple([upTo, units], "must be [number or \"more\", weight]");
const steps = v.pipe(v.array(step, "must be a list of steps"), v.minLength(1, "must have a step"), v.maxLength(1_000, "has too many steps"));
const also = v.array(v.strictObject({ limit: text, units }, "must be {limit, units}"), "must be a list");

const limiter = v.strictObject({
  id: text,
  unit: v.optional(text),
  scope: v.picklist(["ip", "account", "target"], "must be \"ip\", \"account\" or \"target\""),
  limit: positive,
  windowSeconds: v.optional(positive),
  refillPerSecond: v.optional(positive),
  window: v.picklist(["fixed", "sliding", "bucket"], "must be \"fixed\", \"sliding\" or \"bucket\""),
  usedHeader: v.optional(text),
  since: v.optional(date),
  until: v.optional(date),
  source: v.optional(text),
  note: v.optional(text),
}, "must be an object");

const rule = v.strictObject({
  method: v.optional(text),
  path: v.optional(text),
  rpc: v.optional(text),
  weight: v.optional(units),
  byLimit: v.optional(v.strictObject({ param: text, default: v.optional(units), steps }, "must be {param, default, steps}")),
  byCount: v.optional(v.strictObject({ param: text, steps }, "must be {param, steps}")),
  perItem: v.optional(v.strictObject({ param: text, each: positive, max: units }, "must be {param, each, max}")),
  perSymbol: v.optional(positive),
  max: v.optional(units),
  withSymbol: v.optional(units),
  noSymbol: v.optional(units),
  withParam: v.optional(v.record(text, units, "must be an object of parameters and weights")),
  otherwise: v.optional(units),
  onSuccess: v.optional(units),
  orders: v.optional(v.union([units, v.record(text, units)], "must be a number, or an object of limits and numbers")),
  also: v.optional(also),
  count: v.optional(positive),
  perSeconds: v.optional(positive),
  key: v.optional(v.pipe(v.array(text, "must be a list of names"), v.minLength(1, "must name a key"), v.maxLength(5, "has too many parts"))),
  unit: v.optional(v.picklist(["request", "order"], "must be \"request\" or \"order\"")),
  most: v.optional(positive),
  single: v.optional(text),
  orderLimit: v.optional(text),
  windows: v.optional(v.array(v.strictObject({ count: positive, perSeconds: positive }, "must be {count, perSeconds}"), "must be a list")),
  cost: v.optional(units),
  pool: v.optional(v.union([text, v.pipe(v.array(text), v.minLength(1, "must name a limiter"))], "must be the id of a limiter, or a list of them")),
  anonymousPool: v.optional(text),
  withoutParam: v.optional(v.strictObject({ param: text, pool: text }, "must be {param, pool}")),
  since: v.optional(date),
  until: v.optional(date),
  source: v.optional(text),
  note: v.optional(text),
}, "must be an object");

const document = v.strictObject({
  $schema: v.optional(text),
  exchange: text,
  rulesVersion: v.optional(date),
  checked: v.optional(date),
  knownSince: v.optional(date),
  asOf: v.optional(date),
  source: text,
  note: v.optional(text),
  hosts: v.optional(v.array(text, "must be a list of host names")),
  account: v.optional(v.strictObject({ header: text }, "must be {header}")),
  usedHeaders: v.optional(v.array(v.strictObject({ prefix: text, unit: text }, "must be {prefix, unit}"), "must be a list")),
  heavyWeight: v.optional(units),
  rpcPath: v.optional(text),
  limiters: v.optional(v.array(limiter, "must be a list of limiters")),
  unknownEndpoint: v.optional(v.strictObject({ weight: units, warn: v.optional(v.boolean("must be true or false")), also: v.optional(also) }, "must be {weight, warn}")),
  rules: v.pipe(v.array(rule, "must be a list of rules"), v.minLength(1, "must have a rule"), v.maxLength(20_000, "has too many rules")),
}, "must be an object");

/** Fields, types and ranges of a table, as sentences: `rule 7 (GET /api/v3/depth): byLimit.steps must have a step`. */
export function shapeProblems(table: unknown): string[] {
  const result = v.safeParse(document, table);
  return result.success ? [] : result.issues.map((issue) => sentence(issue, table));
}

function sentence(issue: v.BaseIssue<unknown>, table: unknown): string {
  const keys = issue.path?.map((item) => item.key as string | number) ?? [];
  if (keys.length === 0) return `the table ${issue.message}`;
  const list = keys[0];
  let where = "";
  if ((list === "rules" || list === "limiters") && typeof keys[1] === "number") {
    const entry = (table as TableDocument)[list]?.[keys[1]] as (RuleEntry & { id?: unknown }) | undefined;
    const isObject = typeof entry === "object" && entry !== null;
    where = list === "rules" ? `rule ${keys[1] + 1}${isObject ? ` (${endpointOf(entry)})` : ""}: ` : `limiter ${keys[1] + 1}${isObject && entry.id !== undefined ? ` (${String(entry.id)})` : ""}: `;
    keys.splice(0, 2);
  }
  const last = keys.at(-1);
  if (issue.kind === "schema" && issue.type === "strict_object" && last !== undefined) {
    const field = keys.map((key) => (typeof key === "number" ? key + 1 : key)).join(".");
    if (issue.expected === "never") return `${where}unknown field \`${field}\``;
    if (issue.received === "undefined") return `${where}\`${field}\` is missing`;
  }
  return `${where}${keys.length === 0 ? "it" : `\`${keys.map((key) => (typeof key === "number" ? key + 1 : key)).join(".")}\``} ${issue.message}`;
}
