import type { Charge } from "../model/limits.ts";

/** What a request costs, as the weights room says it. */
export interface Cost {
  /** Units on every limit of unit "weight". */
  readonly weight: number;
  /** Units on every limit of unit "order". */
  readonly orders: number;
  /** Units limit by limit, beside the two. */
  readonly charges: readonly Charge[] | undefined;
  /** What an answer with a 2xx status costs instead, where the server charges successes less. */
  readonly settleOnSuccess?: { readonly weight: number };
}

/** What one attempt takes of a target's limits, whichever exit it leaves by. Made once a request, only where there are limits. */
export class Demand {
  /** Units on limits of unit "weight". */
  weight = 0;
  /** Indices of limits. */
  readonly limits: number[] = [];
  readonly units: number[] = [];
  /** Counters of their own, where charges name one. */
  readonly keys: (string | undefined)[] = [];
  account: string | undefined;
  /** Share of each window that is kept for requests of other kinds … */
  kept = 0;
  /** … and how much that is where exits are told apart by the room that they have. */
  keptUnits = 0;
  /** The weight that a success is settled at, where that differs. */
  weightOnSuccess: number | undefined;
  /** A lease taken by hand: whoever holds it may never tell what came of it. */
  byHand = false;
  /** Where the weight comes from, for whoever learns from what the server really counted; `undefined`: nothing to learn. */
  source: unknown = undefined;

  /** How much room it takes to let it in: what is lighter may still fit where this did not. */
  get bulk(): number {
    return this.weight + this.keptUnits;
  }

  add(limit: number, units: number, key: string | undefined): void {
    this.limits.push(limit);
    this.units.push(units);
    this.keys.push(key);
  }
}

/** What an attempt has taken: rows beside the demand that they answer. */
export interface Reserved {
  readonly demand: Demand;
  /** A row is -1 from when it is settled. */
  readonly rows: number[];
  /** Settled already; a second time is ignored. */
  settled: boolean;
}
