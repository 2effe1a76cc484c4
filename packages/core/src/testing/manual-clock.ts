import type { Clock } from "../time/clock.ts";
import { TimerHeap } from "./timer-heap.ts";
import type { ManualTimer } from "./timer-heap.ts";

// Captured at load: programs that fake timers in their tests must not stop this clock.
const nextTurn = globalThis.setImmediate;

/**
 * A clock that stands still until it is told to move. `advance` runs what falls due, in order, and lets promises settle
 * after each; it never waits for real input or output.
 */
export class ManualClock implements Clock {
  #now: number;
  #wall: number;
  #order = 0;
  readonly #heap = new TimerHeap();
  readonly #byHandle = new Map<unknown, ManualTimer>();

  /** @param start Where both clocks stand; by default 0, and the first moment of 2026 (UTC). */
  constructor(start: { now?: number; wallTime?: number } = {}) {
    this.#now = start.now ?? 0;
    this.#wall = start.wallTime ?? Date.UTC(2026, 0, 1);
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wall;
  }

  /** How many timers are set: a sleeping pool has one at most. */
  get pending(): number {
    return this.#heap.size;
  }

  /** When the next timer is due, on the scale of `now()`; `undefined` when none is set. */
  get nextAt(): number | undefined {
    return this.#heap.peek()?.at;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    // As the real one: at least a millisecond, and a delay beyond 31 bits fires at once. Whoever forgets that shall see it.
    const delay = ms >= 1 && ms <= 0x7fffffff ? ms : 1;
    const order = ++this.#order;
    const timer: ManualTimer = { at: this.#now + delay, order, callback, slot: 0 };
    this.#byHandle.set(order, timer);
    this.#heap.add(timer);
    return order;
  }

  clearTimeout(handle: unknown): void {
    const timer = this.#byHandle.get(handle);
    if (timer !== undefined) this.#drop(timer);
  }

  /** Moves the wall clock alone, as a correction by NTP or an operator does. */
  jumpWall(ms: number): void {
    this.#wall += ms;
  }

  /**
   * Moves both clocks. A timer that is set on the way and falls due on the way runs as well. Rejects with what a timer's
   * callback throws; the clock then stands where that happened.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`Expected \`ms\` to be a finite number of at least 0, got \`${ms}\`.`);
    const end = this.#now + ms;
    await settleMicrotasks();
    for (let timer = this.#heap.peek(); timer !== undefined && timer.at <= end; timer = this.#heap.peek()) {
      this.#drop(timer);
      this.#moveTo(timer.at);
      timer.callback();
      await settleMicrotasks();
    }
    this.#moveTo(end);
  }

  #drop(timer: ManualTimer): void {
    this.#byHandle.delete(timer.order);
    this.#heap.remove(timer);
  }

  #moveTo(at: number): void {
    if (at <= this.#now) return;
    this.#wall += at - this.#now;
    this.#now = at;
  }
}

/** A turn of `setImmediate` comes only after every microtask that is ready has run, however long the chain. */
function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve));
}
