import type { Order } from "./order.ts";

/** Any of the usable ones, each as likely as another. */
export class RandomOrder implements Order {
  readonly #exits: number[] = [];
  readonly #slot: number[] = [];
  readonly #random: () => number;
  #start = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#exits.length;
  }

  has(exit: number): boolean {
    return (this.#slot[exit] ?? -1) >= 0;
  }

  add(exit: number): void {
    if (this.has(exit)) return;
    this.#slot[exit] = this.#exits.length;
    this.#exits.push(exit);
  }

  remove(exit: number): void {
    const slot = this.#slot[exit] ?? -1;
    if (slot < 0) return;
    const last = this.#exits.pop() as number;
    this.#slot[exit] = -1;
    if (last === exit) return;
    this.#exits[slot] = last;
    this.#slot[last] = slot;
  }

  first(): number {
    if (this.#exits.length === 0) return -1;
    this.#start = Math.floor(this.#random() * this.#exits.length);
    return this.#exits[this.#start];
  }

  after(exit: number): number {
    const slot = (this.#slot[exit] + 1) % this.#exits.length;
    return slot === this.#start ? -1 : this.#exits[slot];
  }

  used(): void {}
}
