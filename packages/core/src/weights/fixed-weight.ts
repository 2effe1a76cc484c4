import { MultihomeError } from "../errors.ts";
import type { Charge, Limit } from "../model/limits.ts";
import type { RequestInfo } from "../model/request.ts";
import type { Calculator } from "./calculator.ts";
import type { Headers, RequestCost } from "./cost.ts";
import type { Body } from "./params.ts";
import { reportOf, type WeightReport } from "./report.ts";

export type WeightFunction = (request: RequestInfo) => number | Charge[];

/** For targets without a table: one weight for all requests, or a function of the user's. */
export function fixedWeight(weight: number | WeightFunction = 1): Calculator {
  const constant = typeof weight === "number" ? costOf(weight) : undefined;
  const cost = (method: string, path: string, body: Body, headers: Headers, request?: RequestInfo): RequestCost => {
    if (constant !== undefined) return constant;
    const answer = (weight as WeightFunction)(request ?? { method, url: path, path, body: body ?? null, ...(headers === undefined ? {} : { headers: { ...headers } }) });
    return typeof answer === "number" ? costOf(answer) : chargedCost(answer);
  };
  return {
    limits: [],
    usedHeaders: [
      { prefix: "x-mbx-used-weight-", unit: "weight" },
      { prefix: "x-mbx-order-count-", unit: "order" },
    ],
    connectionWeight: constant?.weight ?? 1,
    heavyWeight: 10,
    account: undefined,
    cost: (method, path, body, headers, request) => cost(method, path, body, headers, request),
    report: (method, path, body, headers, limits: readonly Limit[] = [], request): WeightReport =>
      reportOf({ cost: cost(method, path, body, headers, request), limits, path, body }),
  };
}

function costOf(weight: number): RequestCost {
  return { weight: checked(weight), orders: 0, charges: undefined, rule: undefined, tableWeight: weight, known: true };
}

function chargedCost(charges: unknown): RequestCost {
  if (!Array.isArray(charges)) throw refusal(charges);
  for (const charge of charges as unknown[]) checkCharge(charge);
  return { weight: 0, orders: 0, charges: charges as Charge[], rule: undefined, tableWeight: 0, known: true };
}

function checkCharge(charge: unknown): void {
  const { limit, units } = (charge ?? {}) as Partial<Charge>;
  if (typeof limit !== "string") throw refusal(charge);
  if (typeof units === "number" && Number.isFinite(units) && units >= 0) return;
  throw new MultihomeError("MH_ERR_CONFIG", `Expected \`weights\` to charge the limit "${limit}" with a number of units of at least 0, got \`${String(units)}\`.`);
}

function checked(units: unknown): number {
  if (typeof units !== "number" || !Number.isFinite(units) || units < 0) throw refusal(units);
  return units;
}

/** A request of unknown weight must not be sent: it could be the one that ends in a ban. */
function refusal(value: unknown): MultihomeError {
  return new MultihomeError("MH_ERR_CONFIG", `Expected \`weights\` to answer with a number of at least 0 or with charges, got \`${String(value)}\`.`);
}
