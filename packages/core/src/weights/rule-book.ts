import type { CompiledRule } from "./cost.ts";
import type { RuleEntry, TableDocument } from "./table.ts";
import { WeightRule } from "./weight-rule.ts";

/** Endpoints without a rule that are told apart; programs with identifiers in their paths have any number of them. */
const MAX_UNKNOWN = 500;

/** Finds the rule of a method and a path. */
export class RuleBook {
  readonly #exact = new Map<string, Map<string, CompiledRule>>();
  /** Rules that end in `*`, longest first. */
  readonly #prefixes = new Map<string, { prefix: string; rule: CompiledRule }[]>();
  readonly #unknown = new Map<string, CompiledRule>();
  readonly #fallback: { weight: number; warn: boolean; entry: RuleEntry };
  readonly #others: CompiledRule;

  constructor(rules: readonly [RuleEntry, CompiledRule][], table: TableDocument) {
    for (const [{ method, path }, rule] of rules) {
      if (method === undefined || path === undefined) continue;
      if (path.endsWith("*")) bucket(this.#prefixes, method, () => []).push({ prefix: path.slice(0, -1), rule });
      else bucket(this.#exact, method, () => new Map<string, CompiledRule>()).set(path, rule);
    }
    for (const list of this.#prefixes.values()) list.sort((a, b) => b.prefix.length - a.prefix.length);
    const { weight, warn, also } = table.unknownEndpoint ?? { weight: 1 };
    this.#fallback = { weight, warn: warn ?? true, entry: { weight, ...(also === undefined ? {} : { also }), source: "unknownEndpoint" } };
    this.#others = new WeightRule(this.#fallback.entry, { endpoint: "other endpoints", known: false });
  }

  find(method: string, path: string): CompiledRule {
    return this.#exact.get(method)?.get(path) ?? this.#search(method, path);
  }

  /** The rule of exactly that path as it stands in the table. */
  known(method: string, path: string): CompiledRule | undefined {
    return path.endsWith("*") ? this.#prefixes.get(method)?.find(({ prefix }) => prefix === path.slice(0, -1))?.rule : this.#exact.get(method)?.get(path);
  }

  #search(method: string, path: string): CompiledRule {
    const key = `${method} ${path.length > 300 ? path.slice(0, 300) : path}`;
    const seen = this.#unknown.get(key);
    if (seen !== undefined) return seen;
    const upper = method.toUpperCase();
    const plain = withoutEncoding(path);
    const rule = this.#exact.get(upper)?.get(plain) ?? this.#prefixes.get(upper)?.find(({ prefix }) => plain.startsWith(prefix))?.rule;
    if (rule !== undefined) return rule;
    if (this.#unknown.size >= MAX_UNKNOWN) return this.#others;
    const unknown = new WeightRule(this.#fallback.entry, { endpoint: key, known: false, warn: this.#fallback.warn });
    this.#unknown.set(key, unknown);
    return unknown;
  }
}

/** Servers decode a path before they look at it: `/api/v3/dept%68` costs what `/api/v3/depth` costs. */
function withoutEncoding(path: string): string {
  const end = path.indexOf("#");
  const text = end < 0 ? path : path.slice(0, end);
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bucket<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
