import type { Charge, Limit } from "../model/limits.ts";
import type { CompiledRule, Headers, RequestCost } from "./cost.ts";
import { bodyText, headerOf, parseJson, readParams, type Body, type Values } from "./params.ts";
import { endpointOf, type RuleEntry } from "./table.ts";

/** Parts of a key that say who is counted; all others are names of parameters. */
const SCOPES = new Set(["ip", "uid", "masterUid", "uidOrIp"]);
/** `BTC-USD-260925-80000-C`: options are counted by their family. */
const OPTION = /^(.+?-.+?)-\d{6}-[\d.]+-[CP]$/;
/** Longer than any instrument; what comes after makes no counter of its own. */
const MAX_KEY = 80;

/** An endpoint that has counters of its own, by address or account and perhaps by instrument. */
export class CountedRule implements CompiledRule {
  readonly endpoint: string;
  readonly source: string;
  readonly min = 1;
  readonly max: number;
  readonly known = true;
  readonly warn = false;
  /** The limits that it brings. */
  readonly limits: readonly Limit[];
  readonly #entry: RuleEntry;
  readonly #parts: readonly string[];
  readonly #accountHeader: string;
  readonly #names: readonly string[];
  readonly #anonymousNames: readonly string[] | undefined;
  readonly #fixed: RequestCost | undefined;
  readonly #fixedAnonymous: RequestCost | undefined;
  /** The counter of a batch of one. */
  #single: CountedRule | undefined;

  constructor(entry: RuleEntry, accountHeader = "") {
    this.#entry = entry;
    this.endpoint = endpointOf(entry);
    this.source = entry.source ?? "";
    this.max = entry.unit === "order" ? entry.most ?? 1 : 1;
    this.#accountHeader = accountHeader;
    const key = entry.key ?? [];
    this.#parts = key.filter((part) => !SCOPES.has(part));
    const windows = [{ count: entry.count ?? 1, perSeconds: entry.perSeconds ?? 1 }, ...(entry.windows ?? [])];
    const byAddress = key.includes("ip");
    this.#names = windows.map((_, index) => (index === 0 ? this.endpoint : `${this.endpoint} (${index + 1})`));
    const limitsFor = (names: readonly string[], scope: "exit" | "account"): Limit[] =>
      windows.map(({ count, perSeconds }, index) => ({ name: names[index], unit: "call", limit: count, per: perSeconds * 1_000, align: "sliding", scope }));
    const either = key.includes("uidOrIp");
    this.#anonymousNames = either ? this.#names.map((name) => `${name} (ip)`) : undefined;
    this.limits = [
      // Without "ip" it is the account: a counter that strangers share would be of no use to anybody.
      ...limitsFor(this.#names, byAddress ? "exit" : "account"),
      ...(this.#anonymousNames === undefined ? [] : limitsFor(this.#anonymousNames, "exit")),
    ];
    const isFixed = this.#parts.length === 0 && entry.unit !== "order" && entry.orderLimit === undefined;
    this.#fixed = isFixed ? this.#costOf(this.#names.map((limit) => ({ limit, units: 1 })), 1) : undefined;
    this.#fixedAnonymous = isFixed && this.#anonymousNames !== undefined ? this.#costOf(this.#anonymousNames.map((limit) => ({ limit, units: 1 })), 1) : undefined;
  }

  /** Wired after all rules exist. */
  setSingle(rule: CountedRule): void {
    this.#single = rule;
  }

  cost(path: string, queryAt: number, body: Body, headers: Headers): RequestCost {
    const anonymous = this.#anonymousNames !== undefined && headerOf(headers, this.#accountHeader) === undefined;
    const fixed = anonymous ? this.#fixedAnonymous : this.#fixed;
    if (fixed !== undefined) return fixed;
    const items = this.#items(path, queryAt, body);
    const names = (items.length === 1 && this.#single !== undefined ? this.#single : this).#limitNames(anonymous);
    const byKey = new Map<string, number>();
    for (const values of items) byKey.set(this.#key(values), (byKey.get(this.#key(values)) ?? 0) + 1);
    // A body that cannot be read is as many orders as one call can have.
    const each = items.length === 0 ? this.max : 1;
    if (items.length === 0) byKey.set("", 1);
    const charges: Charge[] = [];
    for (const [key, count] of byKey) {
      for (const limit of names) charges.push(key === "" ? { limit, units: count * each } : { limit, units: count * each, key });
    }
    const counted = items.length === 0 ? each : items.filter((values) => !isSpot(values[0])).length;
    if (this.#entry.orderLimit !== undefined && counted > 0) charges.push({ limit: this.#entry.orderLimit, units: counted });
    return this.#costOf(charges, items.length === 0 ? each : items.length);
  }

  advise(): readonly never[] {
    return [];
  }

  unclear(path: string, queryAt: number, body: Body): readonly string[] {
    return this.#items(path, queryAt, body).length === 0 ? ["the orders in its body"] : [];
  }

  band(): undefined {}

  /** Such exchanges do not say what they have counted. */
  calibrate(): void {}

  propose(): undefined {}

  #limitNames(anonymous: boolean): readonly string[] {
    return anonymous && this.#anonymousNames !== undefined ? this.#anonymousNames : this.#names;
  }

  /** The values of its key for each order, or once for a call; empty where a body of orders cannot be read. */
  #items(path: string, queryAt: number, body: Body): Values[] {
    if (this.#entry.unit !== "order") return [readParams(this.#parts, path, queryAt, body)];
    const text = body === undefined || body === null ? undefined : bodyText(body);
    const json = text === undefined ? undefined : parseJson(text);
    const list = Array.isArray(json) ? json : typeof json === "object" && json !== null ? [json] : [];
    return list.map((item) => this.#parts.map((part) => {
      const value: unknown = typeof item === "object" && item !== null && Object.hasOwn(item, part) ? (item as Record<string, unknown>)[part] : undefined;
      return value === undefined || value === null ? undefined : String(value);
    }));
  }

  #key(values: Values): string {
    let key = "";
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? "";
      const family = this.#parts[index] === "instId" ? OPTION.exec(value.slice(0, MAX_KEY))?.[1] : undefined;
      // Marked, because a spot pair may have the family's name.
      key += `${index === 0 ? "" : "/"}${family === undefined ? value.slice(0, MAX_KEY) : `options:${family}`}`;
    }
    return key;
  }

  #costOf(charges: readonly Charge[], weight: number): RequestCost {
    return { weight, orders: 0, charges, rule: this, tableWeight: weight, known: true };
  }
}

/** Spot and margin pairs have two parts; they are free of the limit over all orders of a sub-account. */
function isSpot(instrument: string | undefined): boolean {
  return instrument !== undefined && /^[^-]+-[^-]+$/.test(instrument);
}
