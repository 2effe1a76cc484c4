import type { Charge } from "../model/limits.ts";
import type { CompiledRule, Headers, RequestCost } from "./cost.ts";
import { byLimitForm } from "./forms/by-limit.ts";
import { constantForm } from "./forms/constant.ts";
import type { Advice, Form } from "./forms/form.ts";
import { symbolsForm } from "./forms/symbols.ts";
import { withParamForm } from "./forms/with-param.ts";
import { readParams, type Body } from "./params.ts";
import { proposedRule } from "./proposal.ts";
import { endpointOf, type RuleEntry } from "./table.ts";

/** Weights asked for by a price per item; more than these of one rule are made anew each time. */
const MAX_COSTS = 1_000;
/**
 * Paths that long carry a list, take microseconds to read, and are polled again and again: their costs are remembered.
 * Shorter ones are read faster than found, and signed ones never come twice.
 */
const LONG = 300;
/** Lists are asked for without a signature, and decoding even two symbols takes longer than finding their path. */
const LONG_LIST = 60;
const TOO_LONG = 8_192;
const MAX_LONG = 200;

/** A rule of the weight forms. */
export class WeightRule implements CompiledRule {
  readonly endpoint: string;
  readonly source: string;
  readonly min: number;
  readonly max: number;
  readonly known: boolean;
  readonly warn: boolean;
  readonly #entry: RuleEntry;
  readonly #form: Form;
  readonly #orders: number;
  readonly #charges: readonly Charge[] | undefined;
  readonly #costs = new Map<number, RequestCost>();
  readonly #longFrom: number;
  readonly #long = new Map<string, RequestCost>();
  /** The cost of a rule that has only one, so that such requests are not looked into at all. */
  #only: RequestCost | undefined;

  constructor(entry: RuleEntry, options: { endpoint?: string; known?: boolean; warn?: boolean } = {}) {
    this.#entry = entry;
    this.#form = formOf(entry);
    this.#longFrom = (entry.byCount ?? entry.perItem ?? entry.perSymbol) === undefined ? LONG : LONG_LIST;
    this.endpoint = options.endpoint ?? endpointOf(entry);
    this.source = entry.source ?? "";
    this.min = this.#form.min;
    this.max = this.#form.max;
    this.known = options.known ?? true;
    this.warn = options.warn ?? false;
    const { orders, extra } = ordersOf(entry);
    this.#orders = orders;
    const charges = [...extra, ...(entry.also ?? [])];
    this.#charges = charges.length === 0 ? undefined : charges;
    this.#only = this.#form.names.length === 0 ? this.#costOf(this.max) : undefined;
  }

  cost(path: string, queryAt: number, body: Body, _headers: Headers): RequestCost {
    if (this.#only !== undefined) return this.#only;
    if (path.length < this.#longFrom || path.length > TOO_LONG || !isEmpty(body)) return this.#weighed(path, queryAt, body);
    let cost = this.#long.get(path);
    if (cost === undefined) {
      cost = this.#weighed(path, queryAt, body);
      if (this.#long.size >= MAX_LONG) this.#long.clear();
      this.#long.set(path, cost);
    }
    return cost;
  }

  advise(weight: number, path?: string, queryAt = -1, body?: Body): readonly Advice[] {
    return this.#form.advise(weight, path === undefined ? undefined : readParams(this.#form.names, path, queryAt, body));
  }

  unclear(path: string, queryAt: number, body: Body): readonly string[] {
    return this.#form.unclear(readParams(this.#form.names, path, queryAt, body));
  }

  band(weight: number): string | undefined {
    return this.#form.band(weight);
  }

  calibrate(tableWeight: number, weight: number, onSuccess: boolean): void {
    const before = this.#costOf(tableWeight);
    // A new object: whoever reserved by the old one settles by the old one.
    const after: RequestCost = onSuccess ? { ...before, settleOnSuccess: { weight } } : { ...before, weight };
    this.#costs.set(tableWeight, after);
    if (this.#only !== undefined) this.#only = after;
    this.#long.clear();
  }

  propose(tableWeight: number, weight: number, onSuccess: boolean): object | undefined {
    return proposedRule(this.#entry, tableWeight, weight, onSuccess);
  }

  #weighed(path: string, queryAt: number, body: Body): RequestCost {
    return this.#costOf(this.#form.weigh(readParams(this.#form.names, path, queryAt, body)));
  }

  #costOf(weight: number): RequestCost {
    const known = this.#costs.get(weight);
    if (known !== undefined) return known;
    const { onSuccess } = this.#entry;
    const cost: RequestCost = {
      weight,
      orders: this.#orders,
      charges: this.#charges,
      ...(onSuccess === undefined ? {} : { settleOnSuccess: { weight: onSuccess } }),
      rule: this,
      tableWeight: weight,
      known: this.known,
    };
    if (this.#costs.size < MAX_COSTS) this.#costs.set(weight, cost);
    return cost;
  }
}

function formOf(entry: RuleEntry): Form {
  if (entry.weight !== undefined) return constantForm(entry.weight);
  if (entry.byLimit !== undefined) return byLimitForm(entry.byLimit);
  if (entry.withParam !== undefined) return withParamForm(entry.withParam, entry.otherwise ?? 0);
  return symbolsForm(entry);
}

function isEmpty(body: Body): boolean {
  return body === undefined || body === null || body.length === 0;
}

/** What every order limit counts, and what single ones count beyond it. */
function ordersOf(entry: RuleEntry): { orders: number; extra: Charge[] } {
  const orders = entry.orders ?? 0;
  if (typeof orders === "number") return { orders, extra: [] };
  const common = Math.min(...Object.values(orders));
  const extra = Object.entries(orders).filter(([, units]) => units > common).map(([limit, units]) => ({ limit, units: units - common }));
  return { orders: common, extra };
}
