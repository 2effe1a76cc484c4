/** One page of rows, seen as whole numbers and as fractions. */
export interface Page {
  /** Rows that it has room for. */
  readonly exits: number;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
}

/** Exits a page: large enough that its own 450 bytes do not count, small enough that a few scattered exits do not cost a table. */
const PAGE_BITS = 9;
export const PAGE_EXITS = 1 << PAGE_BITS;
const IN_PAGE = PAGE_EXITS - 1;
const FIRST_EXITS = 8;

/**
 * A few numbers for each exit, all zero until they are first written. The numbers of one exit lie side by side: looking at
 * an exit among 20,000 costs one miss of the cache, and with a column each it would cost one for every number.
 * Pages are made when one of their exits is first used.
 */
export class Rows {
  readonly words: number;
  private pages: (Page | undefined)[] = [];
  /** Exits that there is room for now. */
  exits = 0;

  constructor(words: number) {
    this.words = words;
  }

  /** Where an exit's numbers begin in its page. */
  offset(exit: number): number {
    return (exit & IN_PAGE) * this.words;
  }

  /** The page of an exit, if it has one. */
  peek(exit: number): Page | undefined {
    const page = this.pages[exit >>> PAGE_BITS];
    return page !== undefined && (exit & IN_PAGE) < page.exits ? page : undefined;
  }

  /** Written out: by way of `peek` this would be one call more, four times for each attempt. */
  open(exit: number): Page {
    const page = this.pages[exit >>> PAGE_BITS];
    return page !== undefined && (exit & IN_PAGE) < page.exits ? page : this.make(exit);
  }

  /** Makes the pages of the first `exits` exits at once, where else they would grow bit by bit. They share one piece of memory: forty small ones cost a good part of what is then read into them. */
  makeRoom(exits: number): void {
    const pages = exits >>> PAGE_BITS;
    const pageBytes = PAGE_EXITS * this.words * 4;
    let left = 0;
    for (let p = 0; p < pages; p++) if (this.pages[p] === undefined) left++;
    const buffer = new ArrayBuffer(left * pageBytes);
    for (let p = 0; p < pages; p++) {
      if (this.pages[p] === undefined) this.put(p, PAGE_EXITS, new Uint32Array(buffer, --left * pageBytes, PAGE_EXITS * this.words));
      else this.open((p << PAGE_BITS) + PAGE_EXITS - 1);
    }
    if (exits > pages << PAGE_BITS) this.open(exits - 1);
  }

  get bytes(): number {
    return this.exits * this.words * 4;
  }

  clear(): void {
    this.pages = [];
    this.exits = 0;
  }

  wipe(exit: number): void {
    const at = this.offset(exit);
    this.peek(exit)?.u32.fill(0, at, at + this.words);
  }

  /** Calls back with the page, the offset and the exit of every row there is, used or not. */
  each(visit: (page: Page, at: number, exit: number) => void): void {
    for (let p = 0; p < this.pages.length; p++) {
      const page = this.pages[p];
      if (page === undefined) continue;
      for (let at = 0, exit = p << PAGE_BITS; at < page.u32.length; at += this.words, exit++) visit(page, at, exit);
    }
  }

  /** Calls back with every page and the first of its exits, for who looks at so many rows that a call for each would be felt. */
  eachPage(visit: (page: Page, first: number) => void): void {
    for (let p = 0; p < this.pages.length; p++) {
      const page = this.pages[p];
      if (page !== undefined) visit(page, p << PAGE_BITS);
    }
  }

  /** Sets `mark` for each exit whose number at `word` is above `value`, and says how many there are: one tight loop over everything. */
  markAbove(word: number, value: number, marks: Uint8Array, mark: number): number {
    const { words } = this;
    let count = 0;
    for (let p = 0; p < this.pages.length; p++) {
      const page = this.pages[p];
      if (page === undefined) continue;
      const { u32 } = page;
      const first = p << PAGE_BITS;
      const end = Math.min(u32.length, (marks.length - first) * words);
      for (let at = word, exit = first; at < end; at += words, exit++) {
        if (u32[at] <= value) continue;
        marks[exit] |= mark;
        count++;
      }
    }
    return count;
  }

  /** A small pool does not pay for a whole page. */
  private make(exit: number): Page {
    const index = exit >>> PAGE_BITS;
    const old = this.pages[index];
    let exits = old === undefined ? FIRST_EXITS : (old.u32.length / this.words) * 2;
    while (exits <= (exit & IN_PAGE)) exits *= 2;
    const u32 = new Uint32Array(exits * this.words);
    if (old !== undefined) u32.set(old.u32);
    return this.put(index, exits, u32);
  }

  private put(index: number, exits: number, u32: Uint32Array<ArrayBuffer>): Page {
    this.exits += exits - (this.pages[index]?.exits ?? 0);
    const page: Page = { exits, u32, f32: new Float32Array(u32.buffer, u32.byteOffset, u32.length) };
    while (this.pages.length <= index) this.pages.push(undefined);
    this.pages[index] = page;
    return page;
  }
}
