import type { ExitTable } from "../exits/exit-table.ts";
import type { Demand } from "../quota/demand.ts";
import { needAt, needOf } from "../quota/needs.ts";
import type { Quota } from "../quota/quota.ts";
import { later, SHORT, WAITING, type Places } from "./places.ts";
import { Short } from "./short.ts";

/** What is to be known of a target's exits. */
export interface LeftoversDesk {
  readonly table: ExitTable;
  readonly quota: Quota | undefined;
  isFree(exit: number, now: number, mayProxy: boolean): boolean;
}

/** Exits that some requests are too heavy for, and what is left of them for others. */
export class Leftovers {
  short = new Short();
  /** Those that wait for a limit of weight, and may be used by whoever needs nothing of it. In the order in which they ran dry: so they are used in turn. */
  readonly dry = new Map<number, number>();
  readonly #desk: LeftoversDesk;
  readonly #places: Places;

  constructor(desk: LeftoversDesk, places: Places) {
    this.#desk = desk;
    this.#places = places;
  }

  /** Everybody is looked at anew. @returns those that were short */
  restart(): readonly number[] {
    const { exits } = this.short;
    this.short = new Short();
    return exits;
  }

  /** Others go before it next time. */
  used(exit: number): void {
    const limit = this.dry.get(exit);
    if (limit === undefined || !this.dry.delete(exit)) return;
    this.dry.set(exit, limit);
  }

  /** A request lighter than those that were turned away may still fit what is left. */
  fromShort(demand: Demand | undefined, now: number, tried: readonly number[], mayProxy: boolean): number {
    const { quota, table } = this.#desk;
    const { short } = this;
    if (quota === undefined || !short.mayFit(quota, demand)) return -1;
    for (const exit of short.exits) {
      // One that was taken from here meanwhile may have to wait for something else by now.
      if (this.#places.of(exit) !== SHORT || !short.isLighter(exit, quota, demand) || tried.includes(exit) || !this.#desk.isFree(exit, now, mayProxy)) continue;
      const egress = table.egress[exit];
      const at = demand === undefined ? -1 : quota.shortOf(demand, egress, now);
      if (at < 0 || demand === undefined) return exit;
      // What drains bit by bit has room for the light ones first.
      short.refused(exit, demand.limits[at], needAt(quota, demand, at), later(now, quota.freeAt(demand, egress, now)));
    }
    short.lookedAt((exit) => this.#places.of(exit) === SHORT);
    return -1;
  }

  /** A request that needs nothing of a window need not wait until it turns. */
  fromDry(demand: Demand | undefined, now: number, tried: readonly number[], mayProxy: boolean): number {
    const { quota, table } = this.#desk;
    if (quota === undefined) return -1;
    // Most count on all of them: nobody looks at 20,000 exits to find that out.
    if (demand !== undefined && quota.limits.every(({ scope, unit }, limit) => unit !== "weight" || scope !== "exit" || needOf(quota, demand, limit) > 0)) return -1;
    for (const [exit, limit] of this.dry) {
      if (demand !== undefined && needOf(quota, demand, limit) > 0) continue;
      if (this.#places.of(exit) !== WAITING || tried.includes(exit) || !this.#desk.isFree(exit, now, mayProxy)) continue;
      const egress = table.egress[exit];
      if (demand === undefined || quota.shortOf(demand, egress, now) < 0) return exit;
      const free = later(now, quota.freeAt(demand, egress, now));
      // What an answer may change at any moment is looked at with the next one.
      if (free === Infinity) continue;
      // Then it waits for that as well; whoever asks before need not look here.
      this.dry.delete(exit);
      if (free < this.#places.readyAt(exit)) this.#places.wait(exit, free);
    }
    return -1;
  }
}
