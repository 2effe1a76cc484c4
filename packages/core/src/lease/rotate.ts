import type { Order } from "./order.ts";

const NONE = -1;
/** Not in the list; distinct from NONE, which ends it. */
const OUT = -2;

/**
 * The least recently used first: a list whose head has waited longest. Walks the whole pool, so that no exit goes stale and
 * none is hit alone.
 */
export class Rotate implements Order {
  private next = new Int32Array(0);
  private prev = new Int32Array(0);
  private usedAt = new Float64Array(0);
  private head = NONE;
  private tail = NONE;
  private uses = 0;
  /** Where the last rested exit went: they come back in the order in which they left, so the next one belongs behind it. */
  private finger = NONE;
  size = 0;

  has(exit: number): boolean {
    return exit < this.next.length && this.next[exit] !== OUT;
  }

  add(exit: number, rested: boolean): void {
    if (exit >= this.next.length) this.widen(exit);
    if (this.next[exit] !== OUT) return;
    this.size++;
    if (!rested || this.head === NONE) {
      this.insertAfter(exit, rested ? NONE : this.tail);
      return;
    }
    let after = this.finger;
    if (after === NONE || this.next[after] === OUT || this.usedAt[after] > this.usedAt[exit]) after = NONE;
    let next = after === NONE ? this.head : this.next[after];
    while (next !== NONE && this.usedAt[next] < this.usedAt[exit]) {
      after = next;
      next = this.next[next];
    }
    this.insertAfter(exit, after);
    this.finger = exit;
  }

  remove(exit: number): void {
    if (!this.has(exit)) return;
    this.size--;
    this.unlink(exit);
    this.next[exit] = OUT;
  }

  first(): number {
    return this.head;
  }

  after(exit: number): number {
    return this.next[exit];
  }

  used(exit: number): void {
    if (exit >= this.next.length) this.widen(exit);
    this.usedAt[exit] = ++this.uses;
    if (this.next[exit] === OUT || this.tail === exit) return;
    this.unlink(exit);
    this.insertAfter(exit, this.tail);
  }

  private unlink(exit: number): void {
    const next = this.next[exit];
    const prev = this.prev[exit];
    if (prev === NONE) this.head = next;
    else this.next[prev] = next;
    if (next === NONE) this.tail = prev;
    else this.prev[next] = prev;
    if (this.finger === exit) this.finger = prev;
  }

  /** After NONE means at the head. */
  private insertAfter(exit: number, after: number): void {
    const next = after === NONE ? this.head : this.next[after];
    this.prev[exit] = after;
    this.next[exit] = next;
    if (after === NONE) this.head = exit;
    else this.next[after] = exit;
    if (next === NONE) this.tail = exit;
    else this.prev[next] = exit;
  }

  private widen(exit: number): void {
    const length = Math.max(8, this.next.length * 2, exit + 1);
    const next = new Int32Array(length).fill(OUT);
    next.set(this.next);
    this.next = next;
    const prev = new Int32Array(length);
    prev.set(this.prev);
    this.prev = prev;
    const usedAt = new Float64Array(length);
    usedAt.set(this.usedAt);
    this.usedAt = usedAt;
  }
}
