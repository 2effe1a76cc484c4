/** Lists that an order may have: as many as seven bits tell apart, 0 meaning none. */
export const WORTH_LISTS = 127;
const WORDS = WORTH_LISTS / 32 + 1;
/** An exit's own number, plus one: 131,070 exits. */
const EXIT_BITS = 17;
const EXIT = (1 << EXIT_BITS) - 1;
const LIST_SHIFT = EXIT_BITS;
const PREV_SHIFT = 24;

/**
 * Lists over the exits of a target, and a bitmap that says which are not empty, so that the best of 20,000 is found by looking at
 * four words. Six bytes an exit: the next one (17 bits), the list (7), the one before (17, of which 8 lie in the first word).
 */
export class WorthLists {
  #low: Uint32Array;
  #high: Uint16Array;
  readonly #head = new Int32Array(WORTH_LISTS + 1);
  readonly #tail = new Int32Array(WORTH_LISTS + 1);
  readonly #filled = new Int32Array(WORDS);
  size = 0;

  /** @param exits how many there will be, where that is known */
  constructor(exits: number) {
    this.#low = new Uint32Array(exits);
    this.#high = new Uint16Array(exits);
  }

  /** Those below this may stand in a list. */
  get exits(): number {
    return this.#low.length;
  }

  get bytes(): number {
    return this.#low.byteLength + this.#high.byteLength;
  }

  /** From 1 on; 0 where it stands in none. */
  listOf(exit: number): number {
    return exit < this.#low.length ? (this.#low[exit] >>> LIST_SHIFT) & WORTH_LISTS : 0;
  }

  /** The one that has stood in the list for longest, or -1. */
  headOf(list: number): number {
    return this.#head[list] - 1;
  }

  nextOf(exit: number): number {
    return (this.#low[exit] & EXIT) - 1;
  }

  /** The highest list up to `limit` that holds an exit, or 0. */
  highest(limit: number): number {
    let word = limit >> 5;
    // Bits up to the limit: the shift takes away those above it.
    let bits = this.#filled[word] & (0xffff_ffff >>> (31 - (limit & 31)));
    while (bits === 0) {
      if (--word < 0) return 0;
      bits = this.#filled[word];
    }
    return word * 32 + (31 - Math.clz32(bits));
  }

  /** To the tail of a list; it stands in none. */
  insert(exit: number, list: number): void {
    if (exit >= this.#low.length) this.#widen(exit);
    const tail = this.#tail[list];
    this.#low[exit] = (list << LIST_SHIFT) | ((tail & 0xff) << PREV_SHIFT);
    this.#high[exit] = tail >>> 8;
    if (tail === 0) {
      this.#head[list] = exit + 1;
      this.#filled[list >>> 5] |= 1 << (list & 31);
    } else {
      this.#low[tail - 1] = (this.#low[tail - 1] & ~EXIT) | (exit + 1);
    }
    this.#tail[list] = exit + 1;
    this.size++;
  }

  /** It stands in one. */
  remove(exit: number): void {
    const word = this.#low[exit];
    const list = (word >>> LIST_SHIFT) & WORTH_LISTS;
    const next = word & EXIT;
    const prev = (word >>> PREV_SHIFT) | (this.#high[exit] << 8);
    if (prev === 0) this.#head[list] = next;
    else this.#low[prev - 1] = (this.#low[prev - 1] & ~EXIT) | next;
    if (next === 0) {
      this.#tail[list] = prev;
    } else {
      this.#low[next - 1] = (this.#low[next - 1] & ~(0xff << PREV_SHIFT)) | ((prev & 0xff) << PREV_SHIFT);
      this.#high[next - 1] = prev >>> 8;
    }
    if (prev === 0 && next === 0) this.#filled[list >>> 5] &= ~(1 << (list & 31));
    this.#low[exit] = 0;
    this.#high[exit] = 0;
    this.size--;
  }

  /** By a sixteenth: doubling would leave a table of 20,000 with room for 12,000 more. */
  #widen(exit: number): void {
    const exits = Math.max(8, this.#low.length + (this.#low.length >>> 4), exit + 1);
    const low = new Uint32Array(exits);
    low.set(this.#low);
    this.#low = low;
    const high = new Uint16Array(exits);
    high.set(this.#high);
    this.#high = high;
  }
}
