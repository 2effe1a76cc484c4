import type { Round } from "./round.ts";
import { Slot, type SlotState } from "./slot.ts";

/** The slots of a run by number. Made when they are first needed, and never thrown away: a smaller run leaves the last ones free. */
export class SlotBoard<T> {
  readonly all: Slot<T>[] = [];
  readonly #ring: (slot: Slot<T>, now: number) => void;
  readonly #counts = { free: 0, busy: 0, pausing: 0 };
  /** No slot below this number is free. */
  #freeFrom = 0;

  constructor(ring: (slot: Slot<T>, now: number) => void) {
    this.#ring = ring;
  }

  /** The first that has nothing to do, of so many that may work. */
  free(allowed: number): Slot<T> | undefined {
    const { all } = this;
    const most = Math.min(allowed, all.length);
    for (; this.#freeFrom < most; this.#freeFrom++) if (all[this.#freeFrom].state.kind === "free") return all[this.#freeFrom];
    if (all.length >= allowed) return undefined;
    const slot = new Slot<T>(all.length, this.#ring);
    all.push(slot);
    this.#counts.free++;
    return slot;
  }

  /** The only way in which a slot's state changes. */
  turn(slot: Slot<T>, state: SlotState<T>): void {
    this.#counts[slot.state.kind]--;
    this.#counts[state.kind]++;
    slot.state = state;
    if (state.kind === "free" && slot.number < this.#freeFrom) this.#freeFrom = slot.number;
  }

  of(round: Round<T>): Slot<T> {
    return this.all[round.batch.slot];
  }

  /** Has any of them an item? */
  get busy(): boolean {
    return this.#counts.busy > 0;
  }

  get pausing(): boolean {
    return this.#counts.pausing > 0;
  }
}
