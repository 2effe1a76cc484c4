import type { Order } from "./order.ts";

/** In the order in which the exits were given: the first that may be used, always; the others are its backups. */
export class InTurn implements Order {
  /** One bit an exit. */
  #bits = new Uint32Array(4);
  size = 0;

  has(exit: number): boolean {
    return ((this.#bits[exit >>> 5] ?? 0) & (1 << (exit & 31))) !== 0;
  }

  add(exit: number): void {
    if (this.has(exit)) return;
    if (exit >>> 5 >= this.#bits.length) {
      const wider = new Uint32Array(Math.max(this.#bits.length * 2, (exit >>> 5) + 1));
      wider.set(this.#bits);
      this.#bits = wider;
    }
    this.#bits[exit >>> 5] |= 1 << (exit & 31);
    this.size++;
  }

  remove(exit: number): void {
    if (!this.has(exit)) return;
    this.#bits[exit >>> 5] &= ~(1 << (exit & 31));
    this.size--;
  }

  first(): number {
    return this.after(-1);
  }

  after(exit: number): number {
    let word = (exit + 1) >>> 5;
    // Bits of this word from the next exit on; a shift by 32 would be one by 0.
    let bits = (this.#bits[word] ?? 0) & (-1 << ((exit + 1) & 31));
    while (bits === 0) {
      if (++word >= this.#bits.length) return -1;
      bits = this.#bits[word];
    }
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }

  used(): void {}
}
