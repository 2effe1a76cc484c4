import type { Clock } from "@multihome/core";

/** Something that falls due. Its fields belong to `Deadlines`: part of the object itself, so that a deadline allocates nothing. */
export interface DeadlineNode {
  dueAt: number;
  lane: Lane | undefined;
  earlier: DeadlineNode | undefined;
  later: DeadlineNode | undefined;
  due(): void;
}

interface Lane {
  readonly ms: number;
  head: DeadlineNode | undefined;
  tail: DeadlineNode | undefined;
  armed: boolean;
}

/** Beyond so many different timeouts each gets a lane that goes with it: callers that compute each timeout must not grow the list. */
const MOST_LANES = 64;
/** A real timer counts 31 bits of milliseconds; more would fire at once. */
const LONGEST_STEP_MS = 0x7fff_ffff;

/**
 * The timeouts of all requests. Programs use few different ones, and requests of one timeout fall due in the order they came:
 * a list for each, and one timer for its first. Setting a timer for each request would cost more than its way through the pool.
 *
 * The timers keep no process alive: what they wait for has a connection, or a place in the pool's queue, which does.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lanes = new Map<number, Lane>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(node: DeadlineNode, ms: number): void {
    let lane = this.#lanes.get(ms);
    if (lane === undefined) {
      lane = { ms, head: undefined, tail: undefined, armed: false };
      if (this.#lanes.size < MOST_LANES) this.#lanes.set(ms, lane);
    }
    node.dueAt = this.#clock.now() + ms;
    node.lane = lane;
    node.earlier = lane.tail;
    if (lane.tail === undefined) lane.head = node;
    else lane.tail.later = node;
    lane.tail = node;
    if (!lane.armed) this.#arm(lane, ms);
  }

  /** Does nothing where it is not waiting. The timer stays: to wake once for nothing is cheaper than to set it anew. */
  remove(node: DeadlineNode): void {
    const { lane, earlier, later } = node;
    if (lane === undefined) return;
    if (earlier === undefined) lane.head = later;
    else earlier.later = later;
    if (later === undefined) lane.tail = earlier;
    else later.earlier = earlier;
    node.lane = node.earlier = node.later = undefined;
  }

  #arm(lane: Lane, ms: number): void {
    lane.armed = true;
    // Rounded up: a timer counts whole milliseconds, and must not fire before its time.
    const timer = this.#clock.setTimeout(() => this.#onTimer(lane), Math.min(Math.max(1, Math.ceil(ms)), LONGEST_STEP_MS));
    (timer as { unref?(): void }).unref?.();
  }

  #onTimer(lane: Lane): void {
    lane.armed = false;
    const now = this.#clock.now();
    for (let node = lane.head; node !== undefined && node.dueAt <= now; node = lane.head) {
      this.remove(node);
      node.due();
    }
    // What fell due may have led to another request of the same timeout.
    if (lane.head !== undefined && !lane.armed) this.#arm(lane, lane.head.dueAt - now);
  }
}
