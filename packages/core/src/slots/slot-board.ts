import type { Round } from "./round.ts";
import { Slot } from "./slot.ts";

/** The slots of a run by number. Made when they are first needed, and never thrown away: a smaller run leaves the last ones free. */
export class SlotBoard<T> {
  readonly all: Slot<T>[] = [];
  readonly #ring: (slot: Slot<T>, now: number) => void;

  constructor(ring: (slot: Slot<T>, now: number) => void) {
    this.#ring = ring;
  }

  /** The first that has nothing to do, of so many that may work. */
  free(allowed: number): Slot<T> | undefined {
    const free = this.all.find(({ number, state }) => number < allowed && state.kind === "free");
    if (free !== undefined || this.all.length >= allowed) return free;
    const slot = new Slot<T>(this.all.length, this.#ring);
    this.all.push(slot);
    return slot;
  }

  of(round: Round<T>): Slot<T> {
    return this.all[round.batch.slot];
  }

  /** Has any of them an item? */
  get busy(): boolean {
    return this.all.some(({ state }) => state.kind === "busy");
  }

  get pausing(): boolean {
    return this.all.some(({ state }) => state.kind === "pausing");
  }
}
