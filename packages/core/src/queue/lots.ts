import { TimeHeap } from "../time/time-heap.ts";
import { insert, unlink, type Chain } from "./chain.ts";
import type { Line, Rank, Standing } from "./line.ts";

/** So many of one rank are looked at for one that needs less than those that were refused. */
const LOOK_FOR_LIGHTER = 64;

/** One that may be parked; the fields belong to the lots. */
export interface Parkable extends Standing {
  /** The lot that it waits in. */
  lot: Lot | undefined;
  /** The lot that it has come from to find out how things are. */
  scoutOf: Lot | undefined;
  /** How much it needs of what its lot waits for. */
  need: number;
  /** Where something is kept for its kind it takes nothing from those who wait for more. */
  readonly kind: { readonly reserve: number };
}

/** What a request was refused for, whichever exit it would have left by. */
export interface Lack {
  /** Names what is short. */
  readonly key: string | number;
  readonly need: number;
  /** When there may be enough. */
  readonly until: number;
  /** So long those who need less may go first. */
  readonly patienceMs: number;
}

interface Queue extends Chain {
  scout: Parkable | undefined;
}

/** Those who wait for one thing that is short. */
export interface Lot {
  readonly id: number;
  readonly key: string | number;
  size: number;
  until: number;
  /** So much was not there when it was last asked for; `Infinity`: nobody has asked since it may have changed. */
  short: number;
  /** Somebody has waited here for so long that nobody who needs less may go before. */
  strict: boolean;
  stirred: boolean;
  readonly queues: Map<Rank, Queue>;
}

/**
 * Requests of one line that wait for something which no exit makes up for: a counter of an account's, say. They stand in nobody's
 * way, and keep their places: once there may be enough, one of each rank, a scout, stands in the line again, and while those
 * get what they need the next one follows. So an event costs a scout's question, however many wait.
 */
export class Lots<T extends Parkable> {
  size = 0;
  readonly #line: Line<T>;
  /** Told of each that comes back to the line. */
  readonly #onBack: (item: T) => void;
  readonly #byKey = new Map<string | number, Lot>();
  readonly #byId = new Map<number, Lot>();
  readonly #wakes = new TimeHeap();
  #stirred: Lot[] = [];
  #made = 0;

  constructor(line: Line<T>, onBack: (item: T) => void) {
    this.#line = line;
    this.#onBack = onBack;
  }

  /** One that stands in the line was refused for want of that. */
  park(item: T, { key, need, until, patienceMs }: Lack, now: number): void {
    const lot = this.#byKey.get(key) ?? this.#make(key);
    const rank = item.rank as Rank;
    let queue = lot.queues.get(rank);
    if (queue === undefined) lot.queues.set(rank, (queue = { head: undefined, tail: undefined, scout: undefined }));
    this.#line.setAside(item);
    item.need = need;
    item.lot = lot;
    insert(queue, item);
    lot.size++;
    this.size++;
    if (need < lot.short) lot.short = need;
    if (now - item.createdAt > patienceMs) lot.strict = true;
    if (until < lot.until) {
      lot.until = until;
      this.#wakes.push(until, lot.id);
    }
    const from = item.scoutOf;
    if (from === undefined) return;
    item.scoutOf = undefined;
    this.#next(from, rank, item);
  }

  /** It has what its lot waits for, wants something else, or is gone: the next one may find out. */
  passed(item: T): void {
    const { scoutOf } = item;
    if (scoutOf === undefined) return;
    item.scoutOf = undefined;
    for (const [rank, queue] of scoutOf.queues) if (queue.scout === item) this.#next(scoutOf, rank, item);
  }

  /** One that is parked waits no longer. */
  remove(item: T): void {
    this.#takeFrom(item.lot as Lot, item);
    this.#line.forget(item);
  }

  /** What that lot waits for may be another amount now. */
  stir(key: string | number): void {
    const lot = this.#byKey.get(key);
    if (lot === undefined || lot.stirred) return;
    lot.stirred = true;
    this.#stirred.push(lot);
  }

  /** The same of all whose key is a name, or of all there are. */
  stirAll(named: boolean): void {
    for (const key of this.#byKey.keys()) if (!named || typeof key === "string") this.stir(key);
  }

  /** Has one which needs so much to wait behind those who are parked there? */
  bars(key: string | number, need: number, item: T): boolean {
    const lot = this.#byKey.get(key);
    return lot !== undefined && lot !== item.scoutOf && ((lot.strict && item.kind.reserve === 0) || need >= lot.short);
  }

  /** Sends scouts from where there may be enough. */
  open(now: number): void {
    while (this.#wakes.nextAt <= now) {
      const lot = this.#byId.get(this.#wakes.pop());
      if (lot !== undefined && lot.until <= now) this.stir(lot.key);
    }
    if (this.#stirred.length === 0) return;
    const stirred = this.#stirred;
    this.#stirred = [];
    for (const lot of stirred) {
      lot.stirred = lot.strict = false;
      lot.short = lot.until = Infinity;
      for (const [rank, queue] of lot.queues) if (queue.scout === undefined) this.#scout(lot, rank, queue);
    }
  }

  /** May somebody have what he waits for, if he asked? */
  isDue(now: number): boolean {
    return this.#stirred.length > 0 || this.nextAt <= now;
  }

  /** When the next lot is to be looked at. */
  get nextAt(): number {
    while (this.#wakes.size > 0 && this.#byId.get(this.#wakes.nextItem)?.until !== this.#wakes.nextAt) this.#wakes.pop();
    return this.#wakes.nextAt;
  }

  /** Does anybody wait for that? */
  has(key: string | number): boolean {
    return this.#byKey.has(key);
  }

  /** Any of those who are parked. */
  first(): T | undefined {
    return this[Symbol.iterator]().next().value as T | undefined;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const { queues } of this.#byKey.values()) {
      for (const { head } of queues.values()) for (let item = head; item !== undefined; item = item.lineNext) yield item as T;
    }
  }

  #make(key: string | number): Lot {
    const lot: Lot = { id: this.#made++, key, size: 0, until: Infinity, short: Infinity, strict: false, stirred: false, queues: new Map() };
    this.#byKey.set(key, lot);
    this.#byId.set(lot.id, lot);
    return lot;
  }

  #takeFrom(lot: Lot, item: T): void {
    unlink(lot.queues.get(item.rank as Rank) as Queue, item);
    item.lot = undefined;
    lot.size--;
    this.size--;
    if (lot.size > 0) return;
    this.#byKey.delete(lot.key);
    this.#byId.delete(lot.id);
  }

  #next(lot: Lot, rank: Rank, was: Parkable): void {
    const queue = lot.queues.get(rank);
    if (queue?.scout !== was) return;
    queue.scout = undefined;
    this.#scout(lot, rank, queue);
  }

  #scout(lot: Lot, rank: Rank, queue: Queue): void {
    let looked = 0;
    for (let item = queue.head as T | undefined; item !== undefined && looked < LOOK_FOR_LIGHTER; item = item.lineNext as T | undefined, looked++) {
      if (item.need >= lot.short || (lot.strict && item.kind.reserve === 0)) continue;
      queue.scout = item;
      this.#takeFrom(lot, item);
      item.scoutOf = lot;
      this.#line.putBack(item);
      this.#onBack(item);
      return;
    }
    if (queue.head === undefined) lot.queues.delete(rank);
  }
}
