import { ReadyTimes } from "./ready-times.ts";

/** Items that are not ready yet are passed over, but no more of them than this: whoever has a million of them has to wait. */
const MOST_PARKED = 1_000;

export type Taken<T> =
  | { readonly kind: "item"; readonly item: T; readonly key: unknown }
  /** One is being read; `onRead` is called when it is here. */
  | { readonly kind: "reading" }
  /** None is ready before `at`. */
  | { readonly kind: "later"; readonly at: number }
  /** The cycle has no more. */
  | { readonly kind: "end" };

export interface FeedRules<T> {
  /** What tells an item from others when it is met again. */
  keyOf(item: T): unknown;
  delayMsOf(item: T): number;
  /** A cycle does not wait for items that are not ready: they are met again in the next one. */
  endless: boolean;
  /** What was being read is here. */
  onRead(): void;
}

type Source<T> = { readonly async: false; readonly iterator: Iterator<T> } | { readonly async: true; readonly iterator: AsyncIterator<T> };

/** The items of a run, cycle by cycle: handed out when they are ready, in the order of the source otherwise. */
export class Feed<T> {
  readonly #items: Iterable<T> | AsyncIterable<T>;
  readonly #rules: FeedRules<T>;
  readonly #ready = new ReadyTimes();
  #source: Source<T> | undefined;
  /** Read already, and not yet looked at. */
  #ahead: { readonly item: T } | undefined;
  #parked: { readonly item: T; readonly key: unknown }[] = [];
  #reading = false;
  #exhausted = false;
  #closed = false;
  /** What the source failed with, or a function that was to say something about an item. */
  failure: { readonly error: unknown } | undefined;
  /** Items handed out in this cycle. */
  taken = 0;

  constructor(items: Iterable<T> | AsyncIterable<T>, rules: FeedRules<T>) {
    this.#items = items;
    this.#rules = rules;
  }

  /** How many items a cycle has, where that can be told. */
  get size(): number {
    const { length, size } = this.#items as { length?: unknown; size?: unknown };
    return typeof length === "number" ? length : typeof size === "number" ? size : Infinity;
  }

  /** Has everything been handed out that this cycle waits for? */
  get ended(): boolean {
    if (this.failure !== undefined) return true;
    return this.#exhausted && !this.#reading && this.#ahead === undefined && (this.#parked.length === 0 || (this.#rules.endless && this.taken > 0));
  }

  /** The next cycle. */
  rewind(): void {
    this.#source = undefined;
    this.#exhausted = false;
    this.#parked = [];
    this.taken = 0;
  }

  take(now: number): Taken<T> {
    const parked = this.#fromParked(now);
    if (parked !== undefined) return parked;
    while (this.#parked.length < MOST_PARKED) {
      const next = this.#next();
      if (next === undefined) break;
      try {
        const key = this.#rules.keyOf(next.item);
        if (this.#ready.of(key) <= now) return this.#hand(next.item, key, now);
        this.#parked.push({ item: next.item, key });
      } catch (error) {
        this.failure = { error };
      }
    }
    if (this.#reading) return { kind: "reading" };
    if (this.#parked.length > 0 && !this.ended) return { kind: "later", at: this.#parked.reduce((at, { key }) => Math.min(at, this.#ready.of(key)), Infinity) };
    return { kind: "end" };
  }

  /** Finds out whether there is a further item, without handing it out. */
  peek(): void {
    const next = this.#next();
    if (next !== undefined) this.#ahead = next;
  }

  /** The source is asked for nothing more, and told so. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const source = this.#source;
    this.#ahead = undefined;
    this.#parked = [];
    if (source === undefined || this.#exhausted || this.failure !== undefined) return;
    try {
      // A generator in the middle of a read hears of it afterwards. What it says no longer matters.
      const closing = source.iterator.return?.() as Promise<unknown> | undefined;
      if (source.async) closing?.catch(() => {});
    } catch {
      // As above.
    }
  }

  #fromParked(now: number): Taken<T> | undefined {
    let best = -1;
    for (const [index, { key }] of this.#parked.entries()) {
      const at = this.#ready.of(key);
      if (at <= now && (best < 0 || at < this.#ready.of(this.#parked[best].key))) best = index;
    }
    if (best < 0) return undefined;
    const [{ item, key }] = this.#parked.splice(best, 1);
    try {
      return this.#hand(item, key, now);
    } catch (error) {
      this.failure = { error };
      return { kind: "end" };
    }
  }

  #hand(item: T, key: unknown, now: number): Taken<T> {
    this.#ready.taken(key, this.#rules.delayMsOf(item), now);
    this.taken++;
    return { kind: "item", item, key };
  }

  /** `undefined`: there is none, or it is on its way. */
  #next(): { readonly item: T } | undefined {
    const { item } = this.#ahead ?? {};
    if (this.#ahead !== undefined) {
      this.#ahead = undefined;
      return { item: item as T };
    }
    if (this.#exhausted || this.#reading || this.#closed || this.failure !== undefined) return undefined;
    try {
      const source = (this.#source ??= this.#open());
      if (source.async) {
        void this.#read(source.iterator);
        return undefined;
      }
      const result = source.iterator.next();
      if (result.done !== true) return { item: result.value };
      this.#exhausted = true;
    } catch (error) {
      this.failure = { error };
    }
    return undefined;
  }

  async #read(iterator: AsyncIterator<T>): Promise<void> {
    this.#reading = true;
    try {
      const result = await iterator.next();
      if (result.done === true) this.#exhausted = true;
      else if (!this.#closed) this.#ahead = { item: result.value };
    } catch (error) {
      this.failure = { error };
    } finally {
      this.#reading = false;
    }
    if (!this.#closed) this.#rules.onRead();
  }

  #open(): Source<T> {
    const items = this.#items as Partial<AsyncIterable<T> & Iterable<T>>;
    const sync = items[Symbol.iterator];
    return items[Symbol.asyncIterator] === undefined && sync !== undefined ? { async: false, iterator: sync.call(items) } : { async: true, iterator: (items as AsyncIterable<T>)[Symbol.asyncIterator]() };
  }
}
