import type { CompiledRule, Headers, RequestCost } from "./cost.ts";
import { headerOf, readParams, type Body } from "./params.ts";
import { endpointOf, type RuleEntry } from "./table.ts";

const WITH_TOKEN = ["access_token"];

/** A method that draws on a pool of credits: of its account, or of its address where the caller has not said who it is. */
export class PoolRule implements CompiledRule {
  readonly endpoint: string;
  readonly source: string;
  readonly min: number;
  readonly max: number;
  readonly known = true;
  readonly warn = false;
  readonly #entry: RuleEntry;
  readonly #accountHeader: string;
  readonly #names: readonly string[];
  readonly #own: RequestCost;
  readonly #anonymous: RequestCost | undefined;
  readonly #withoutParam: RequestCost | undefined;

  constructor(entry: RuleEntry, accountHeader = "authorization") {
    this.#entry = entry;
    this.#accountHeader = accountHeader;
    this.endpoint = endpointOf(entry);
    this.source = entry.source ?? "";
    this.min = this.max = entry.cost ?? 0;
    this.#names = entry.withoutParam === undefined ? [] : [entry.withoutParam.param];
    this.#own = this.#costOn([entry.pool ?? []].flat());
    this.#anonymous = entry.anonymousPool === undefined ? undefined : this.#costOn([entry.anonymousPool]);
    this.#withoutParam = entry.withoutParam === undefined ? undefined : this.#costOn([entry.withoutParam.pool]);
  }

  cost(path: string, queryAt: number, body: Body, headers: Headers): RequestCost {
    if (this.#withoutParam !== undefined && readParams(this.#names, path, queryAt, body)[0] === undefined) return this.#withoutParam;
    if (this.#anonymous === undefined || headerOf(headers, this.#accountHeader) !== undefined) return this.#own;
    return readParams(WITH_TOKEN, path, queryAt, body)[0] === undefined ? this.#anonymous : this.#own;
  }

  advise(): readonly never[] {
    return [];
  }

  unclear(): readonly never[] {
    return [];
  }

  band(): undefined {}

  /** Such exchanges do not say what they have counted. */
  calibrate(): void {}

  propose(): undefined {}

  #costOn(pools: readonly string[]): RequestCost {
    const charges = [...pools.map((limit) => ({ limit, units: this.max })), ...(this.#entry.also ?? [])];
    return { weight: this.max, orders: 0, charges, rule: this, tableWeight: this.max, known: true };
  }
}
