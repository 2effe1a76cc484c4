import type { Clock } from "@multihome/core";

/** Something that happens at a moment of simulated time. It is its own place in the heap: an attempt costs one object. */
export abstract class SimEvent {
  at = 0;
  order = 0;
  /** Its place in the heap, or -1. */
  slot = -1;
  abstract fire(): void;
}

class Timer extends SimEvent {
  readonly #callback: () => void;

  constructor(callback: () => void) {
    super();
    this.#callback = callback;
  }

  override fire(): void {
    this.#callback();
  }
}

/**
 * The manual clock of the benchmark. `ManualClock.advance` lets promises settle after every timer, which costs more than
 * most of what is timed here; nothing in a run waits for a promise, so this one runs event after event and lets the
 * process breathe once a simulated second.
 */
export class SimClock implements Clock {
  /** Events that have happened. */
  fired = 0;
  #now = 0;
  #orders = 0;
  readonly #heap: SimEvent[] = [];

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_767_225_600_000 + this.#now;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = new Timer(callback);
    this.add(timer, ms);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    if (handle instanceof SimEvent) this.remove(handle);
  }

  add(event: SimEvent, ms: number): void {
    event.at = this.#now + ms;
    event.order = this.#orders++;
    this.#heap.push(event);
    this.#rise(event, this.#heap.length - 1);
  }

  /** Does nothing where it is not waiting. */
  remove(event: SimEvent): void {
    const { slot } = event;
    if (slot < 0) return;
    event.slot = -1;
    const last = this.#heap.pop() as SimEvent;
    if (last === event) return;
    this.#rise(last, slot);
    this.#sink(last, last.slot);
  }

  /** Runs everything up to `until`. @param after called after each event, for what must not happen inside one */
  run(until: number, after: () => void): void {
    for (let event = this.#heap[0]; event !== undefined && event.at <= until; event = this.#heap[0]) {
      this.remove(event);
      this.#now = event.at;
      this.fired++;
      event.fire();
      after();
    }
    this.#now = until;
  }

  #rise(event: SimEvent, from: number): void {
    const heap = this.#heap;
    let slot = from;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      const other = heap[above];
      if (other.at < event.at || (other.at === event.at && other.order < event.order)) break;
      heap[slot] = other;
      other.slot = slot;
      slot = above;
    }
    heap[slot] = event;
    event.slot = slot;
  }

  #sink(event: SimEvent, from: number): void {
    const heap = this.#heap;
    let slot = from;
    for (;;) {
      let below = 2 * slot + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below++;
      if (!isBefore(heap[below], event)) break;
      heap[slot] = heap[below];
      heap[slot].slot = slot;
      slot = below;
    }
    heap[slot] = event;
    event.slot = slot;
  }
}

function isBefore(left: SimEvent, right: SimEvent): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
