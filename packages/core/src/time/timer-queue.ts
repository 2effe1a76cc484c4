import type { Clock } from "./clock.ts";

/**
 * Something that falls due. Its fields belong to the queue: they are part of the object itself so that setting a deadline
 * allocates nothing.
 */
export interface TimerNode {
  dueAt: number;
  /** The lane that it waits in, if any. */
  lane: Lane | undefined;
  lanePrev: TimerNode | undefined;
  laneNext: TimerNode | undefined;
  /** Its place in the heap, or -1. */
  heapSlot: number;
  due(now: number): void;
}

/** Jobs of one timeout fall due in the order they came: a list serves, and adding or removing is one pointer each. */
export interface Lane {
  readonly ms: number;
  head: TimerNode | undefined;
  tail: TimerNode | undefined;
}

/** A deadline of a month would overflow the 31 bits of a real timer and fire at once; longer waits are walked in steps. */
const LONGEST_STEP_MS = 3_600_000;

/** Beyond so many different timeouts a deadline goes to the heap: callers that compute each timeout must not grow the list. */
const MOST_LANES = 32;

/**
 * Every deadline and wake-up of a pool, over one timer of the clock. The timer is set for the earliest of them, and keeps
 * the process alive only while somebody holds it.
 */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #lanes: Lane[] = [];
  readonly #heap: TimerNode[] = [];
  #timer: unknown;
  #timerAt = Infinity;
  #holders = 0;
  #ticking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `node` falls due `ms` after `now`. */
  add(node: TimerNode, now: number, ms: number): void {
    node.dueAt = now + ms;
    const lane = this.#laneOf(ms);
    if (lane === undefined) {
      this.#pushHeap(node);
    } else {
      node.lane = lane;
      node.lanePrev = lane.tail;
      if (lane.tail === undefined) lane.head = node;
      else lane.tail.laneNext = node;
      lane.tail = node;
    }
    if (node.dueAt < this.#timerAt) this.#arm(node.dueAt, now);
  }

  /** `node` falls due at `at`; replaces an earlier time. For wake-ups, which know their moment rather than a span. */
  set(node: TimerNode, now: number, at: number): void {
    if (node.heapSlot >= 0) {
      if (node.dueAt === at) return;
      this.remove(node);
    }
    if (at === Infinity) return;
    // What asks for the moment that is being served gets the next one: whoever is wrong about the time must not stop it.
    node.dueAt = this.#ticking && at <= now ? now + 1 : at;
    this.#pushHeap(node);
    if (node.dueAt < this.#timerAt) this.#arm(node.dueAt, now);
  }

  /** Does nothing where the node is not waiting. The timer stays as it is: to wake once for nothing is cheaper than to set it anew. */
  remove(node: TimerNode): void {
    if (node.lane !== undefined || node.heapSlot >= 0) this.#take(node);
  }

  #take(node: TimerNode): void {
    const { lane } = node;
    if (lane !== undefined) {
      if (node.lanePrev === undefined) lane.head = node.laneNext;
      else node.lanePrev.laneNext = node.laneNext;
      if (node.laneNext === undefined) lane.tail = node.lanePrev;
      else node.laneNext.lanePrev = node.lanePrev;
      node.lane = node.lanePrev = node.laneNext = undefined;
    } else {
      this.#removeFromHeap(node);
    }
  }

  /** While anybody holds it, a set timer keeps the process alive: a caller waits for it. */
  hold(): void {
    if (this.#holders++ === 0) (this.#timer as { ref?(): void } | undefined)?.ref?.();
  }

  letGo(): void {
    if (--this.#holders === 0) (this.#timer as { unref?(): void } | undefined)?.unref?.();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#lanes.length = 0;
    this.#heap.length = 0;
  }

  #laneOf(ms: number): Lane | undefined {
    const lanes = this.#lanes;
    for (let i = 0; i < lanes.length; i++) if (lanes[i].ms === ms) return lanes[i];
    if (lanes.length >= MOST_LANES) return undefined;
    const lane: Lane = { ms, head: undefined, tail: undefined };
    lanes.push(lane);
    return lane;
  }

  #arm(at: number, now: number): void {
    if (this.#ticking) return;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timerAt = at;
    // Rounded up: a real timer counts whole milliseconds and must not fire before its time.
    const ms = Math.min(Math.max(1, Math.ceil(at - now)), LONGEST_STEP_MS);
    this.#timer = this.#clock.setTimeout(this.#tick, ms);
    if (this.#holders === 0) (this.#timer as { unref?(): void }).unref?.();
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#ticking = true;
    const now = this.#clock.now();
    try {
      for (const lane of this.#lanes) {
        while (lane.head !== undefined && lane.head.dueAt <= now) this.#fire(lane.head, now);
      }
      while (this.#heap.length > 0 && this.#heap[0].dueAt <= now) this.#fire(this.#heap[0], now);
    } finally {
      this.#ticking = false;
      const next = this.#earliest();
      if (next !== Infinity) this.#arm(next, this.#clock.now());
    }
  };

  #fire(node: TimerNode, now: number): void {
    this.remove(node);
    node.due(now);
  }

  #earliest(): number {
    let at = this.#heap.length > 0 ? this.#heap[0].dueAt : Infinity;
    for (const { head } of this.#lanes) if (head !== undefined && head.dueAt < at) at = head.dueAt;
    return at;
  }

  #pushHeap(node: TimerNode): void {
    node.heapSlot = this.#heap.length;
    this.#heap.push(node);
    this.#siftUp(node.heapSlot);
  }

  #removeFromHeap(node: TimerNode): void {
    const heap = this.#heap;
    const slot = node.heapSlot;
    const last = heap.pop() as TimerNode;
    node.heapSlot = -1;
    if (last === node) return;
    heap[slot] = last;
    last.heapSlot = slot;
    this.#siftUp(slot);
    this.#siftDown(last.heapSlot);
  }

  #siftUp(slot: number): void {
    const heap = this.#heap;
    const node = heap[slot];
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (heap[parent].dueAt <= node.dueAt) break;
      heap[slot] = heap[parent];
      heap[slot].heapSlot = slot;
      slot = parent;
    }
    heap[slot] = node;
    node.heapSlot = slot;
  }

  #siftDown(slot: number): void {
    const heap = this.#heap;
    const node = heap[slot];
    for (;;) {
      let child = slot * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].dueAt < heap[child].dueAt) child++;
      if (heap[child].dueAt >= node.dueAt) break;
      heap[slot] = heap[child];
      heap[slot].heapSlot = slot;
      slot = child;
    }
    heap[slot] = node;
    node.heapSlot = slot;
  }
}

/** A wake-up of its own, for rooms that have no object to make one of. */
export class Alarm implements TimerNode {
  dueAt = Infinity;
  lane: Lane | undefined = undefined;
  lanePrev: TimerNode | undefined = undefined;
  laneNext: TimerNode | undefined = undefined;
  heapSlot = -1;
  readonly #ring: (now: number) => void;

  constructor(ring: (now: number) => void) {
    this.#ring = ring;
  }

  /** When it rings; `Infinity` where it is not set. */
  get at(): number {
    return this.heapSlot >= 0 || this.lane !== undefined ? this.dueAt : Infinity;
  }

  due(now: number): void {
    this.#ring(now);
  }
}
