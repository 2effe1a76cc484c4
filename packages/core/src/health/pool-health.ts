import type { Census } from "./census.ts";
import { Epoch } from "./epoch.ts";
import { ExitRecords } from "./exit-record.ts";
import { PoolBeliefs } from "./pool-beliefs.ts";
import { DEFAULT_HEALTH, type HealthRules } from "./rules.ts";
import { TargetHealth } from "./target-health.ts";

/** Cells that are kept over all targets: 32 MB of them, 52 targets with 20,000 exits each. */
const MOST_CELLS = 1 << 20;

/** The health of a pool: its exits over all targets, and the targets. */
export class PoolHealth {
  readonly census: Census;
  readonly records: ExitRecords;
  readonly epoch: Epoch;
  /** What the adaptive policy believes; costs nothing where it is not used. */
  readonly beliefs: PoolBeliefs;
  readonly #targets = new Set<TargetHealth>();
  readonly #mostCells: number;
  #rules: HealthRules;
  #cells = 0;
  #uses = 0;

  constructor(census: Census, rules: HealthRules = DEFAULT_HEALTH, mostCells = MOST_CELLS) {
    this.census = census;
    this.#rules = rules;
    this.#mostCells = mostCells;
    this.records = new ExitRecords(rules);
    this.beliefs = new PoolBeliefs(census);
    this.epoch = new Epoch((byMs) => {
      this.records.rebase(byMs);
      this.beliefs.rebase(byMs);
      for (const target of this.#targets) target.rebase(byMs);
    });
  }

  get rules(): HealthRules {
    return this.#rules;
  }

  /** Hold from the next outcome on; rests that run keep their ends. */
  set rules(rules: HealthRules) {
    this.#rules = rules;
    this.records.rules = rules;
  }

  /** Most exits below this one are about to be restored. @param believed what is believed of them, too */
  makeRoom(exits: number, believed: boolean): void {
    this.records.makeRoom(exits);
    if (believed) this.beliefs.rows.makeRoom(exits);
  }

  /** Bytes of all cells and records. */
  get bytes(): number {
    let bytes = this.records.bytes + this.beliefs.bytes;
    for (const target of this.#targets) bytes += target.bytes;
    return bytes;
  }

  get targets(): number {
    return this.#targets.size;
  }

  /** A target's health; let go of it with `drop`. */
  target(): TargetHealth {
    const target = new TargetHealth(this);
    this.#targets.add(target);
    return target;
  }

  drop(target: TargetHealth): void {
    if (!this.#targets.delete(target)) return;
    this.#cells -= target.cells;
    target.beliefs.drop();
  }

  /** Called by a target whose cells are written to. Where there are too many, the one that has been idle for longest loses its own. */
  used(target: TargetHealth, grownBy: number): void {
    target.usedAt = ++this.#uses;
    if (grownBy === 0 || !this.#targets.has(target)) return;
    this.#cells += grownBy;
    if (this.#cells > this.#mostCells) this.#clearIdle(target);
  }

  /**
   * A source still lists the exit. To be called for each listed exit at each refresh, also where the list is a fixed one.
   * @returns true when it was dead and may now be tried again, once
   */
  refreshed(exit: number): boolean {
    return this.records.refreshed(exit);
  }

  /** The exit's index is given to another one. */
  forget(exit: number): void {
    this.records.forget(exit);
    this.beliefs.forget(exit);
    for (const target of this.#targets) target.forget(exit);
  }

  /** A quarter of what may be kept goes at once, so that the look over all targets is not needed for each new one. */
  #clearIdle(but: TargetHealth): void {
    const idle = [...this.#targets].filter((target) => target !== but && target.inFlight === 0 && target.cells > 0).sort((a, b) => a.usedAt - b.usedAt);
    for (const target of idle) {
      if (this.#cells <= this.#mostCells * 0.75) return;
      this.#cells -= target.cells;
      target.clear();
    }
  }
}
