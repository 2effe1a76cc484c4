import type { Census } from "./census.ts";
import * as cell from "./cell.ts";
import type { ExitRecords } from "./exit-record.ts";
import type { Rows } from "./rows.ts";
import type { HealthRules } from "./rules.ts";

/** Of the machine's own addresses half stay in use whatever health says: what all of them fail at is not theirs. */
const LOCAL_SHARE = 0.5;
/** Of other people's proxies any number may be bad at once. */
const PROXY_SHARE = 1;

/**
 * How many exits of a target rest, and whether one more may. Exits whose rest has passed are found when the count matters,
 * by one look over the cells, and not before the first of them can have passed.
 */
export class Ejection {
  readonly #cells: Rows;
  readonly #census: Census;
  readonly #records: ExitRecords;
  #locals = 0;
  #proxies = 0;
  /** No rest that is counted ends before this tick. */
  #nextEnd = Infinity;

  constructor(cells: Rows, census: Census, records: ExitRecords) {
    this.#cells = cells;
    this.#census = census;
    this.#records = records;
  }

  mayCool(exit: number, tick: number, rules: HealthRules): boolean {
    if (this.#roomFor(exit, rules)) return true;
    if (tick < this.#nextEnd) return false;
    this.#recount(tick);
    return this.#roomFor(exit, rules);
  }

  cooled(exit: number, until: number): void {
    const { u32 } = this.#cells.open(exit);
    const at = this.#cells.offset(exit);
    if (!cell.isCooling(u32, at)) {
      cell.setCooling(u32, at, true);
      this.#add(exit, 1);
    }
    if (until < this.#nextEnd) this.#nextEnd = until;
  }

  /** Its rest is over, or it is gone. */
  over(exit: number): void {
    const page = this.#cells.peek(exit);
    const at = this.#cells.offset(exit);
    if (page === undefined || !cell.isCooling(page.u32, at)) return;
    cell.setCooling(page.u32, at, false);
    this.#add(exit, -1);
  }

  /** How many rest now. */
  count(tick: number): number {
    if (tick >= this.#nextEnd) this.#recount(tick);
    return this.#locals + this.#proxies;
  }

  rebase(byMs: number): void {
    this.#nextEnd = Math.max(0, this.#nextEnd - byMs);
  }

  clear(): void {
    this.#locals = this.#proxies = 0;
    this.#nextEnd = Infinity;
  }

  #roomFor(exit: number, { maxEjected }: HealthRules): boolean {
    const { locals, proxies, isProxy } = this.#census;
    // A product like 0.7 × 10 comes out below 7.
    if (isProxy[exit]) return this.#proxies + 1 <= Math.floor((maxEjected ?? PROXY_SHARE) * (proxies - this.#records.dead) + 1e-9);
    return this.#locals + 1 <= Math.min(locals - 1, Math.floor((maxEjected ?? LOCAL_SHARE) * locals + 1e-9));
  }

  #recount(tick: number): void {
    this.clear();
    this.#cells.each(({ u32 }, at, exit) => {
      if (!cell.isCooling(u32, at)) return;
      const until = u32[at + cell.UNTIL];
      if (until <= tick) {
        cell.setCooling(u32, at, false);
        return;
      }
      this.#add(exit, 1);
      if (until < this.#nextEnd) this.#nextEnd = until;
    });
  }

  #add(exit: number, by: 1 | -1): void {
    if (this.#census.isProxy[exit]) this.#proxies += by;
    else this.#locals += by;
  }
}
