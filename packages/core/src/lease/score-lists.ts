const WORDS = 3;
/** Lists that an order may have; list 0 of a link means none, so they are stored from 1 to 128. */
export const LISTS = 128;
/** Lists whose exits have yet to show what they can do: the even ones, as bits of a word. */
const EVEN = 0x5555_5555;

/**
 * 128 lists over the exits of a target, each in the order of last use, and a bitmap that says which are not empty: the best
 * exit of 20,000 is found by looking at four words. Twelve bytes an exit, side by side: the next one (24 bits, so up to 16.7
 * million exits) and the list; the one before; when it was last used.
 */
export class ScoreLists {
  #links: Uint32Array;
  readonly #head = new Int32Array(LISTS).fill(-1);
  readonly #tail = new Int32Array(LISTS).fill(-1);
  readonly #filled = new Int32Array(LISTS / 32);
  size = 0;

  constructor(exits: number) {
    this.#links = new Uint32Array(exits * WORDS);
  }

  /** Those below this may stand in a list. */
  get exits(): number {
    return this.#links.length / WORDS;
  }

  get bytes(): number {
    return this.#links.byteLength;
  }

  /** The list that holds the exit, or -1. */
  listOf(exit: number): number {
    const at = exit * WORDS;
    return at < this.#links.length ? (this.#links[at] & 0xff) - 1 : -1;
  }

  headOf(list: number): number {
    return this.#head[list];
  }

  nextOf(exit: number): number {
    return (this.#links[exit * WORDS] >>> 8) - 1;
  }

  /** The highest list below `limit` that holds an exit, or -1. */
  highest(limit: number): number {
    return this.#highest(limit, -1);
  }

  /** The highest list of exits that are yet to be explored, or -1. */
  highestUnproven(): number {
    return this.#highest(LISTS, EVEN);
  }

  stamp(exit: number, use: number): void {
    if (exit * WORDS >= this.#links.length) this.#widen(exit);
    this.#links[exit * WORDS + 2] = use;
  }

  /**
   * Into a list, behind those that were used before it. Who comes back from a rest was most often used last of all, or
   * longest ago of all; between these it is placed by a few steps from the tail, exactly enough for a tie.
   */
  insert(exit: number, list: number): void {
    if (exit * WORDS >= this.#links.length) this.#widen(exit);
    const links = this.#links;
    const used = links[exit * WORDS + 2];
    let after = this.#tail[list];
    if (after >= 0 && isBefore(used, links[after * WORDS + 2])) {
      if (isBefore(used, links[this.#head[list] * WORDS + 2])) after = -1;
      else for (let steps = 0; steps < 4 && after >= 0 && isBefore(used, links[after * WORDS + 2]); steps++) after = links[after * WORDS + 1] - 1;
    }
    this.#link(exit, list, after);
    this.size++;
  }

  remove(exit: number): void {
    const links = this.#links;
    const at = exit * WORDS;
    const list = (links[at] & 0xff) - 1;
    const next = (links[at] >>> 8) - 1;
    const prev = links[at + 1] - 1;
    if (prev < 0) this.#head[list] = next;
    else links[prev * WORDS] = (links[prev * WORDS] & 0xff) | ((next + 1) << 8);
    if (next < 0) this.#tail[list] = prev;
    else links[next * WORDS + 1] = prev + 1;
    if (prev < 0 && next < 0) this.#filled[list >>> 5] &= ~(1 << (list & 31));
    links[at] = 0;
    links[at + 1] = 0;
    this.size--;
  }

  #link(exit: number, list: number, prev: number): void {
    const links = this.#links;
    const next = prev < 0 ? this.#head[list] : (links[prev * WORDS] >>> 8) - 1;
    links[exit * WORDS] = ((next + 1) << 8) | (list + 1);
    links[exit * WORDS + 1] = prev + 1;
    if (prev < 0) this.#head[list] = exit;
    else links[prev * WORDS] = (links[prev * WORDS] & 0xff) | ((exit + 1) << 8);
    if (next < 0) this.#tail[list] = exit;
    else links[next * WORDS + 1] = exit + 1;
    this.#filled[list >>> 5] |= 1 << (list & 31);
  }

  #highest(limit: number, mask: number): number {
    let word = (limit - 1) >> 5;
    if (word < 0) return -1;
    // Bits below the limit; where it stands at a border of words, all of them.
    let bits = this.#filled[word] & mask & ((limit & 31) === 0 ? -1 : (1 << (limit & 31)) - 1);
    while (bits === 0) {
      if (--word < 0) return -1;
      bits = this.#filled[word] & mask;
    }
    return word * 32 + (31 - Math.clz32(bits));
  }

  /** By a sixteenth: doubling would leave a table of 20,000 with room for 12,000 more. */
  #widen(exit: number): void {
    const exits = this.#links.length / WORDS;
    const wider = new Uint32Array(Math.max(8, exits + (exits >>> 4), exit + 1) * WORDS);
    wider.set(this.#links);
    this.#links = wider;
  }
}

/** Numbers of uses, which begin anew at 2^32. */
function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
