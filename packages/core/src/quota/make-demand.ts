import type { Charge } from "../model/limits.ts";
import type { Cost, Demand } from "./demand.ts";
import type { QuotaLimit } from "./limit.ts";

/**
 * Writes into a demand what a request counts on: the limits of its kind by what it is, and those that its charges name. A
 * limit of accounts is left out where the request is nobody's: there is none whose limit it could touch.
 */
export function fillDemand(demand: Demand, cost: Cost, shared: boolean, limits: readonly QuotaLimit[], implied: readonly number[], byName: ReadonlyMap<string, number>): void {
  for (const index of implied) {
    const limit = limits[index];
    if (limit.scope === "account" && demand.account === undefined) continue;
    const units = limit.unit === "weight" ? cost.weight : limit.unit === "request" ? 1 : limit.unit === "order" ? cost.orders : shared ? 1 : 0;
    if (units > 0) demand.add(index, units, undefined);
  }
  if (cost.charges !== undefined) addCharges(demand, cost.charges, limits, byName);
}

function addCharges(demand: Demand, charges: readonly Charge[], limits: readonly QuotaLimit[], byName: ReadonlyMap<string, number>): void {
  for (const charge of charges) {
    const index = byName.get(charge.limit);
    if (index === undefined || charge.units <= 0) continue;
    if (limits[index].scope === "account" && demand.account === undefined) continue;
    const same = demand.limits.findIndex((limit, i) => limit === index && demand.keys[i] === charge.key);
    if (same >= 0) demand.units[same] = charge.units;
    else demand.add(index, charge.units, charge.key);
  }
}
