import type { Reserved } from "./demand.ts";

interface Stray {
  readonly reserved: Reserved;
  readonly sentAt: number;
  /** By then it has arrived, or never will. */
  readonly until: number;
}

/** Requests that were given up without an answer. They stay in flight until they can no longer arrive: only then is it known where they count. */
export class Strays {
  #waiting: Stray[] = [];
  #head = 0;
  /** When the first of them is due; `Infinity` without any. */
  nextAt = Infinity;

  add(reserved: Reserved, sentAt: number, until: number): void {
    const last = this.#waiting.at(-1);
    // In line: the few milliseconds by which one might have been due before its predecessor are not worth a heap.
    this.#waiting.push({ reserved, sentAt, until: last === undefined ? until : Math.max(until, last.until) });
    if (this.nextAt === Infinity) this.nextAt = until;
  }

  /** The next one that is due, taken out. */
  takeDue(now: number): Stray | undefined {
    if (this.nextAt > now) return undefined;
    const stray = this.#waiting[this.#head++];
    if (this.#head > 64 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
      this.nextAt = Infinity;
    } else {
      this.nextAt = this.#waiting[this.#head].until;
    }
    return stray;
  }
}
