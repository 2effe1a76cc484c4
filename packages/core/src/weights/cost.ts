import type { Charge } from "../model/limits.ts";
import type { Body } from "./params.ts";
import type { Advice } from "./forms/form.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>> | undefined;

/** What one request costs. Immutable, and one object for all requests of a rule that cost the same. */
export interface RequestCost {
  /** Units on every limit of unit "weight". */
  readonly weight: number;
  /** Units on every limit of unit "order". */
  readonly orders: number;
  /** Further units limit by limit, on top of those two. A charge for a limit that the target does not have counts nothing. */
  readonly charges: readonly Charge[] | undefined;
  /** What an answer in the 200s really costs, where that differs. Charges and orders stay. */
  readonly settleOnSuccess?: { readonly weight: number };
  readonly rule: CompiledRule | undefined;
  /** What the table says; differs from `weight` after calibration. */
  readonly tableWeight: number;
  /** False: the table has no rule for it, and its fallback was used. */
  readonly known: boolean;
}

/** A rule as the calculator uses it. */
export interface CompiledRule {
  /** `GET /api/v3/depth`, or the name of a JSON-RPC method. */
  readonly endpoint: string;
  readonly source: string;
  /** The least and the most that the table says it can weigh. */
  readonly min: number;
  readonly max: number;
  readonly known: boolean;
  /** An endpoint without a rule that is worth a warning, once for each rule object. */
  readonly warn: boolean;
  cost(path: string, queryAt: number, body: Body, headers: Headers): RequestCost;
  advise(weight: number, path?: string, queryAt?: number, body?: Body): readonly Advice[];
  /** What could not be read and was counted as the heaviest. */
  unclear(path: string, queryAt: number, body: Body): readonly string[];
  /** Which of its requests weigh that, `"limit 101 to 500"`. */
  band(weight: number): string | undefined;
  /** From now on, requests that the table puts at `tableWeight` cost `weight`; with `onSuccess`, successful ones do. */
  calibrate(tableWeight: number, weight: number, onSuccess: boolean): void;
  /** A line for the table that would say so, where the form can say it. */
  propose(tableWeight: number, weight: number, onSuccess: boolean): object | undefined;
}
