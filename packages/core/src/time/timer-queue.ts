import type { Clock } from "./clock.ts";

/** Something that falls due. */
export interface TimerNode {
  /** While it waits. Belongs to the queue. */
  ticket: Ticket | undefined;
  due(now: number): void;
}

/**
 * The moment at which something falls due, and where it stands until then. No part of the thing itself: most requests and
 * attempts never wait for a moment, and five fields more cost each of them. Tickets are used again, so that setting a deadline
 * allocates nothing.
 */
export interface Ticket {
  node: TimerNode | undefined;
  dueAt: number;
  /** The lane that it waits in, if any. */
  lane: Lane | undefined;
  prev: Ticket | undefined;
  /** The one behind it in its lane, or among those that are to be used again. */
  next: Ticket | undefined;
  /** Its place in the heap, or -1. */
  heapSlot: number;
}

/** Jobs of one timeout fall due in the order they came: a list serves, and adding or removing is one pointer each. */
interface Lane {
  readonly ms: number;
  head: Ticket | undefined;
  tail: Ticket | undefined;
}

/** A deadline of a month would overflow the 31 bits of a real timer and fire at once; longer waits are walked in steps. */
const LONGEST_STEP_MS = 3_600_000;

/** Beyond so many different timeouts a deadline goes to the heap: callers that compute each timeout must not grow the list. */
const MOST_LANES = 32;

/** Tickets that are kept to be used again: 70 KB of them. A crowd that waits once must not be remembered for ever. */
const MOST_SPARE = 1_024;

/**
 * Every deadline and wake-up of a pool, over one timer of the clock. The timer is set for the earliest of them, and keeps
 * the process alive only while somebody holds it.
 */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #lanes: Lane[] = [];
  readonly #heap: Ticket[] = [];
  #spare: Ticket | undefined;
  #spares = 0;
  #timer: unknown;
  #timerAt = Infinity;
  #holders = 0;
  #ticking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `node` falls due `ms` after `now`; replaces an earlier time. */
  add(node: TimerNode, now: number, ms: number): void {
    if (node.ticket !== undefined) this.#take(node.ticket);
    const ticket = this.#ticketOf(node, now + ms);
    const lane = this.#laneOf(ms);
    if (lane === undefined) {
      this.#pushHeap(ticket);
    } else {
      ticket.lane = lane;
      ticket.prev = lane.tail;
      if (lane.tail === undefined) lane.head = ticket;
      else lane.tail.next = ticket;
      lane.tail = ticket;
    }
    if (ticket.dueAt < this.#timerAt) this.#arm(ticket.dueAt, now);
  }

  /** `node` falls due at `at`; replaces an earlier time. For wake-ups, which know their moment rather than a span. */
  set(node: TimerNode, now: number, at: number): void {
    const before = node.ticket;
    if (before !== undefined) {
      if (before.heapSlot >= 0 && before.dueAt === at) return;
      this.#take(before);
    }
    if (at === Infinity) return;
    // What asks for the moment that is being served gets the next one: whoever is wrong about the time must not stop it.
    const ticket = this.#ticketOf(node, this.#ticking && at <= now ? now + 1 : at);
    this.#pushHeap(ticket);
    if (ticket.dueAt < this.#timerAt) this.#arm(ticket.dueAt, now);
  }

  /** Does nothing where the node is not waiting. The timer stays as it is: to wake once for nothing is cheaper than to set it anew. */
  remove(node: TimerNode): void {
    if (node.ticket !== undefined) this.#take(node.ticket);
  }

  #ticketOf(node: TimerNode, dueAt: number): Ticket {
    let ticket = this.#spare;
    if (ticket === undefined) {
      ticket = { node, dueAt, lane: undefined, prev: undefined, next: undefined, heapSlot: -1 };
    } else {
      this.#spare = ticket.next;
      this.#spares--;
      ticket.next = undefined;
      ticket.node = node;
      ticket.dueAt = dueAt;
    }
    node.ticket = ticket;
    return ticket;
  }

  #take(ticket: Ticket): void {
    const { lane, prev, next } = ticket;
    if (lane !== undefined) {
      if (prev === undefined) lane.head = next;
      else prev.next = next;
      if (next === undefined) lane.tail = prev;
      else next.prev = prev;
      ticket.lane = ticket.prev = ticket.next = undefined;
    } else {
      this.#removeFromHeap(ticket);
    }
    // Nobody but its node and the queue has ever seen it: nothing can come late for whoever had it before.
    (ticket.node as TimerNode).ticket = undefined;
    ticket.node = undefined;
    if (this.#spares >= MOST_SPARE) return;
    this.#spares++;
    ticket.next = this.#spare;
    this.#spare = ticket;
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
    for (const { head } of this.#lanes) for (let ticket = head; ticket !== undefined; ticket = ticket.next) (ticket.node as TimerNode).ticket = undefined;
    for (const { node } of this.#heap) (node as TimerNode).ticket = undefined;
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

  #fire(ticket: Ticket, now: number): void {
    const node = ticket.node as TimerNode;
    this.#take(ticket);
    node.due(now);
  }

  #earliest(): number {
    let at = this.#heap.length > 0 ? this.#heap[0].dueAt : Infinity;
    for (const { head } of this.#lanes) if (head !== undefined && head.dueAt < at) at = head.dueAt;
    return at;
  }

  #pushHeap(ticket: Ticket): void {
    ticket.heapSlot = this.#heap.length;
    this.#heap.push(ticket);
    this.#siftUp(ticket.heapSlot);
  }

  #removeFromHeap(ticket: Ticket): void {
    const heap = this.#heap;
    const slot = ticket.heapSlot;
    const last = heap.pop() as Ticket;
    ticket.heapSlot = -1;
    if (last === ticket) return;
    heap[slot] = last;
    last.heapSlot = slot;
    this.#siftUp(slot);
    this.#siftDown(last.heapSlot);
  }

  #siftUp(slot: number): void {
    const heap = this.#heap;
    const ticket = heap[slot];
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (heap[parent].dueAt <= ticket.dueAt) break;
      heap[slot] = heap[parent];
      heap[slot].heapSlot = slot;
      slot = parent;
    }
    heap[slot] = ticket;
    ticket.heapSlot = slot;
  }

  #siftDown(slot: number): void {
    const heap = this.#heap;
    const ticket = heap[slot];
    for (;;) {
      let child = slot * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].dueAt < heap[child].dueAt) child++;
      if (heap[child].dueAt >= ticket.dueAt) break;
      heap[slot] = heap[child];
      heap[slot].heapSlot = slot;
      slot = child;
    }
    heap[slot] = ticket;
    ticket.heapSlot = slot;
  }
}

/** A wake-up of its own, for rooms that have no object to make one of. */
export class Alarm implements TimerNode {
  ticket: Ticket | undefined = undefined;
  readonly #ring: (now: number) => void;

  constructor(ring: (now: number) => void) {
    this.#ring = ring;
  }

  get isSet(): boolean {
    return this.ticket !== undefined;
  }

  /** When it rings; `Infinity` where it is not set. */
  get at(): number {
    return this.ticket === undefined ? Infinity : this.ticket.dueAt;
  }

  due(now: number): void {
    this.#ring(now);
  }
}
