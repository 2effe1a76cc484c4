/** One timer of a `ManualClock`. */
export interface ManualTimer {
  readonly at: number;
  /** Timers of the same moment run in the order in which they were set. */
  readonly order: number;
  readonly callback: () => void;
  /** Its place in the heap, so that it can be cleared without a search. */
  slot: number;
}

/** A binary heap of timers, the next one first. Setting, clearing and taking cost O(log n). */
export class TimerHeap {
  readonly #timers: ManualTimer[] = [];

  get size(): number {
    return this.#timers.length;
  }

  peek(): ManualTimer | undefined {
    return this.#timers[0];
  }

  add(timer: ManualTimer): void {
    this.#timers.push(timer);
    this.#rise(timer, this.#timers.length - 1);
  }

  remove(timer: ManualTimer): void {
    const slot = timer.slot;
    const last = this.#timers.pop() as ManualTimer;
    if (last === timer) return;
    // The last one takes the free place; it may belong above it as well as below.
    this.#rise(last, slot);
    this.#sink(last, last.slot);
  }

  #rise(timer: ManualTimer, from: number): void {
    let slot = from;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      if (!isBefore(timer, this.#timers[above])) break;
      this.#put(this.#timers[above], slot);
      slot = above;
    }
    this.#put(timer, slot);
  }

  #sink(timer: ManualTimer, from: number): void {
    let slot = from;
    for (;;) {
      let below = 2 * slot + 1;
      if (below >= this.#timers.length) break;
      if (below + 1 < this.#timers.length && isBefore(this.#timers[below + 1], this.#timers[below])) below += 1;
      if (!isBefore(this.#timers[below], timer)) break;
      this.#put(this.#timers[below], slot);
      slot = below;
    }
    this.#put(timer, slot);
  }

  #put(timer: ManualTimer, slot: number): void {
    this.#timers[slot] = timer;
    timer.slot = slot;
  }
}

function isBefore(left: ManualTimer, right: ManualTimer): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
