import type { SlotResult } from "../model/slots.ts";

/** So many results wait for a reader: a second's worth for a fast run, and little memory. */
const MOST_UNREAD = 1_000;

/** Results on their way to whoever iterates over a run. */
export class Results<T> implements AsyncIterable<SlotResult<T>> {
  dropped = 0;
  #waiting: (SlotResult<T> | undefined)[] = [];
  #head = 0;
  #readers: { resolve(result: IteratorResult<SlotResult<T>, undefined>): void; reject(error: unknown): void }[] = [];
  #read = false;
  #left = false;
  #end: { error?: unknown } | undefined;
  readonly #onRead: () => void;
  readonly #onLeave: () => void;

  constructor(onRead: () => void, onLeave: () => void) {
    this.#onRead = onRead;
    this.#onLeave = onLeave;
  }

  get unread(): number {
    return this.#waiting.length - this.#head;
  }

  /** Somebody reads, and is behind. */
  get full(): boolean {
    return this.#read && this.unread >= MOST_UNREAD;
  }

  push(result: SlotResult<T>): void {
    if (this.#left) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ value: result, done: false });
      return;
    }
    this.#waiting.push(result);
    if (!this.#read && this.unread > MOST_UNREAD) {
      this.#take();
      this.dropped++;
    }
  }

  /** There will be no more. */
  end(outcome: { error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = outcome;
    for (const reader of this.#readers.splice(0)) this.#settle(reader);
  }

  [Symbol.asyncIterator](): AsyncIterator<SlotResult<T>, undefined> {
    this.#read = true;
    return {
      next: () =>
        new Promise((resolve, reject) => {
          if (this.unread > 0) {
            resolve({ value: this.#take() as SlotResult<T>, done: false });
            this.#onRead();
          } else if (this.#end !== undefined || this.#left) this.#settle({ resolve, reject });
          else this.#readers.push({ resolve, reject });
        }),
      return: () => {
        this.#left = true;
        this.#waiting = [];
        this.#head = 0;
        for (const reader of this.#readers.splice(0)) reader.resolve({ value: undefined, done: true });
        this.#onLeave();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  #take(): SlotResult<T> | undefined {
    const result = this.#waiting[this.#head];
    this.#waiting[this.#head++] = undefined;
    if (this.#head > 64 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return result;
  }

  /** An error is told once, as by a generator. */
  #settle({ resolve, reject }: { resolve(result: IteratorResult<SlotResult<T>, undefined>): void; reject(error: unknown): void }): void {
    const end = this.#end;
    if (end !== undefined && "error" in end) {
      this.#end = {};
      reject(end.error);
    } else {
      resolve({ value: undefined, done: true });
    }
  }
}
