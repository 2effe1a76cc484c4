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
  /** Deaths and returns that the count knows of. */
  #turns = 0;

  constructor(cells: Rows, census: Census, records: ExitRecords) {
    this.#cells = cells;
    this.#census = census;
    this.#records = records;
  }

  /** Nobody rests, as far as was counted: none who does is missing from it. */
  get none(): boolean {
    return this.#locals + this.#proxies === 0;
  }

  mayCool(exit: number, tick: number, rules: HealthRules): boolean {
    const { locals, proxies, isProxy } = this.#census;
    const proxy = Boolean(isProxy[exit]);
    const share = rules.maxEjected ?? (proxy ? PROXY_SHARE : LOCAL_SHARE);
    if (proxy && share >= 1) return true;
    // A product like 0.7 × 10 comes out below 7.
    const most = proxy ? Math.floor(share * (proxies - this.#records.dead) + 1e-9) : Math.min(locals - 1, Math.floor(share * locals + 1e-9));
    if (this.#turns === this.#records.turns && (proxy ? this.#proxies : this.#locals) < most) return true;
    this.count(tick);
    return (proxy ? this.#proxies : this.#locals) < most;
  }

  cooled(exit: number, until: number): void {
    this.cooledAt(exit, this.#cells.open(exit).u32, this.#cells.offset(exit), until);
  }

  /** The same by whoever has its cell at hand. */
  cooledAt(exit: number, u32: Uint32Array, at: number, until: number): void {
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

  /** How many rest now; the dead are not among them. */
  count(tick: number): number {
    if (tick >= this.#nextEnd || this.#turns !== this.#records.turns) this.#recount(tick);
    return this.#locals + this.#proxies;
  }

  rebase(byMs: number): void {
    this.#nextEnd = Math.max(0, this.#nextEnd - byMs);
  }

  clear(): void {
    this.#locals = this.#proxies = 0;
    this.#nextEnd = Infinity;
  }

  #recount(tick: number): void {
    this.clear();
    this.#turns = this.#records.turns;
    this.#cells.each(({ u32 }, at, exit) => {
      const until = u32[at + cell.UNTIL];
      if (until === 0) return;
      const cooling = until > tick && !this.#records.isDead(exit);
      cell.setCooling(u32, at, cooling);
      if (!cooling) return;
      this.#add(exit, 1);
      if (until < this.#nextEnd) this.#nextEnd = until;
    });
  }

  #add(exit: number, by: 1 | -1): void {
    if (this.#census.isProxy[exit]) this.#proxies += by;
    else this.#locals += by;
  }
}
