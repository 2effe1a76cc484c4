/** Small integers by time, earliest first. An entry is never moved: what changes its time is pushed again, and who pops tells stale ones. */
export class TimeHeap {
  readonly #times: number[] = [];
  readonly #items: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The earliest time, or `Infinity`. */
  get nextAt(): number {
    return this.#times.length === 0 ? Infinity : this.#times[0];
  }

  /** The item of the earliest time; -1 when empty. */
  get nextItem(): number {
    return this.#items.length === 0 ? -1 : this.#items[0];
  }

  push(at: number, item: number): void {
    const times = this.#times;
    const items = this.#items;
    let slot = times.length;
    times.push(at);
    items.push(item);
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (times[parent] <= at) break;
      times[slot] = times[parent];
      items[slot] = items[parent];
      slot = parent;
    }
    times[slot] = at;
    items[slot] = item;
  }

  /** The item of the earliest time; -1 when empty. */
  pop(): number {
    const times = this.#times;
    const items = this.#items;
    if (times.length === 0) return -1;
    const top = items[0];
    const at = times.pop() as number;
    const item = items.pop() as number;
    const length = times.length;
    if (length === 0) return top;
    let slot = 0;
    for (;;) {
      let child = slot * 2 + 1;
      if (child >= length) break;
      if (child + 1 < length && times[child + 1] < times[child]) child++;
      if (times[child] >= at) break;
      times[slot] = times[child];
      items[slot] = items[child];
      slot = child;
    }
    times[slot] = at;
    items[slot] = item;
    return top;
  }
}
