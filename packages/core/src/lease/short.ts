import type { Demand } from "../quota/demand.ts";
import { needOf } from "../quota/needs.ts";
import type { Quota } from "../quota/quota.ts";

/** Exits with some room, but too little for the last request that asked. */
export class Short {
  wakeAt = Infinity;
  readonly exits: number[] = [];
  /** By exit: of which limit it has too little, and for how much. */
  readonly #limits: number[] = [];
  readonly #needs: number[] = [];
  /** By limit: no exit has room for so much of it. */
  readonly #most: number[] = [];

  get size(): number {
    return this.exits.length;
  }

  add(exit: number, limit: number, need: number, wakeAt: number): void {
    this.exits.push(exit);
    this.refused(exit, limit, need, wakeAt);
    if (need > (this.#most[limit] ?? 0)) this.#most[limit] = need;
  }

  /** It has no room for so much either. */
  refused(exit: number, limit: number, need: number, wakeAt: number): void {
    this.#limits[exit] = limit;
    this.#needs[exit] = need;
    if (wakeAt < this.wakeAt) this.wakeAt = wakeAt;
  }

  remove(exit: number): void {
    this.exits.splice(this.exits.indexOf(exit), 1);
  }

  /** Does it need less of anything than those that were turned away? */
  mayFit(quota: Quota, demand: Demand | undefined): boolean {
    for (let limit = 0; limit < this.#most.length; limit++) if (this.#most[limit] > 0 && (demand === undefined || needOf(quota, demand, limit) < this.#most[limit])) return true;
    return false;
  }

  /** Of that exit? */
  isLighter(exit: number, quota: Quota, demand: Demand | undefined): boolean {
    return demand === undefined || needOf(quota, demand, this.#limits[exit]) < this.#needs[exit];
  }

  /** Every exit has been asked. */
  lookedAt(isHere: (exit: number) => boolean): void {
    this.#most.fill(0);
    for (const exit of this.exits) {
      const limit = this.#limits[exit];
      if (isHere(exit) && this.#needs[exit] > (this.#most[limit] ?? 0)) this.#most[limit] = this.#needs[exit];
    }
  }
}
