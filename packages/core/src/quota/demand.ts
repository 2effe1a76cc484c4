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
  /** Some of the limits count an account's requests, or everybody's, whichever exit they leave by. */
  common = false;
  /**
   * Share of each window that is kept for requests of other kinds, in whole units: this one leaves it alone.
   *
   * It is not given back towards the end of a window, however little of it was used: whoever asked for it wants room at any
   * moment, and the one before the end is one of them.
   */
  kept = 0;
  /** The weight that a success is settled at, where that differs. */
  weightOnSuccess: number | undefined;
  /** A lease taken by hand: whoever holds it may never tell what came of it. */
  byHand = false;
  /** Where the weight comes from, for whoever learns from what the server really counted; `undefined`: nothing to learn. */
  source: unknown = undefined;

  /** Is everything in it that the other one takes? Counters of accounts are the same only where the account is. @param isOfAccount of a limit, by its index */
  covers(other: Demand, isOfAccount: (limit: number) => boolean): boolean {
    return other.limits.every((limit, i) => {
      if (other.account !== this.account && isOfAccount(limit)) return false;
      return this.limits.some((own, at) => own === limit && this.keys[at] === other.keys[i] && this.units[at] >= other.units[i]);
    });
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
