import type { ExitTable } from "../../exits/exit-table.ts";
import type { Target } from "../target.ts";

/** Exits that serve a slot: one slot at a time, over all targets and all runs. */
export class Holds {
  readonly #table: ExitTable;
  #held = 0;
  /** Targets in whose line slots wait, or have waited. */
  readonly #waiting = new Set<Target>();
  /** Slots that wait for an exit whatever the target; set while there are some. */
  onRoom: (() => void) | undefined;

  constructor(table: ExitTable) {
    this.#table = table;
  }

  /** Somebody wants to be told of exits and places that are free. */
  get awaited(): boolean {
    return this.#waiting.size > 0 || this.onRoom !== undefined;
  }

  /** No exit is left for a further slot. */
  get full(): boolean {
    return this.#held >= this.#table.size;
  }

  take(exit: number): void {
    this.#table.held[exit] = 1;
    this.#held++;
  }

  free(exit: number): void {
    this.#table.held[exit] = 0;
    this.#held--;
  }

  wait(target: Target): void {
    this.#waiting.add(target);
  }

  /** A place in `maxInFlight` is free. @param pump an exit came back from a slot as well: serves a target's line */
  serve(pump: ((target: Target) => void) | undefined): void {
    if (pump !== undefined) {
      for (const target of this.#waiting) {
        if (!target.hasWaiting) this.#waiting.delete(target);
        else pump(target);
      }
    }
    this.onRoom?.();
  }
}
