import type { Order } from "./order.ts";
import { RANK_AT_ONCE, type Changes } from "./score-order.ts";
import { OwnBand } from "./own-band.ts";
import { WORTH_LISTS, WorthLists } from "./worth-lists.ts";

/** What the order has to know about exits; the beliefs of a target are one. */
export interface Worth {
  /** Logarithm of the successes per millisecond that an attempt brings; -Infinity where the exit is no choice but a test. */
  lnWorth(exit: number, lnLimit: number): number;
  /** Of an exit that works elsewhere and is new here. */
  isUntested(exit: number): boolean;
  isUp(exit: number): boolean;
  /** An address of this machine's own. */
  isOwn(exit: number): boolean;
  /** @returns false where it has been put among those to be tried before */
  list(exit: number): boolean;
  unlist(exit: number): void;
  /** Nothing is known of it, here or elsewhere. */
  isUnknown(exit: number): boolean;
}

/**
 * Worth is told apart by 8 %, over thirteen octaves: from one success in 90 s of a place, the least that a limit of eight seconds
 * can mean, to a hundred in one. What lies outside stands in the last or the first list, and is used all the same.
 */
const PER_E = 13.5;
const LN_LEAST = Math.log(1 / 90_000);
/** The lowest lists are of exits that are hardly worth an attempt: those that have failed, and above them those of which nothing is known. */
const FAILED = 1;
const UNKNOWN = 2;
const LEAST = 3;
/** Exits whose worth has fallen since they were placed are put in their place when they come up, so many an offer at most. */
const MOST_MOVED = 64;
/** Exits that are better than they were, of which one offer takes note. */
const CATCH_UP = 64;
/** What befalls one own address moves what the others count as: all are put in their places anew each time that so many times their number have been looked at. */
const LOOK_AGAIN = 4;
/** Exits that keep a distance of no more between two sends, in ms, are as good as there. */
const SOON_MS = 2_000;

/**
 * The most worth first, among equals the one that has waited for longest. What is hardly worth an attempt is offered to nobody
 * but those who take what there is.
 */
export class WorthOrder implements Order {
  /** Exits that work elsewhere and are new here, in the order in which that became known. */
  readonly untested: number[] = [];
  lnLimit: number;
  /** The next question is of somebody who takes any exit that may be used, where none is worth it. */
  any = false;
  /** Told of an exit that is worth it again and is not here: what keeps it away may be over. */
  onBetter: ((exit: number) => void) | undefined;
  readonly #lists: WorthLists;
  readonly #worth: Worth;
  readonly #changes: Changes;
  readonly #own = new OwnBand();
  #ownSeen = 0;
  /** Among proxies alone nobody is asked whether it is one. */
  #someOwn = false;
  /** How many stand in the lowest lists. */
  #low = 0;
  /** Exits that were worth it when they left for a moment; a bit each, and how many. */
  #soon: Uint32Array;
  #soonCount = 0;
  #seen: number;
  /** What all exits are worth has changed: those from this one on are still to be put in their places. */
  #staleFrom = Infinity;

  /** @param lnLimit logarithm of the most that an attempt may take, in ms */
  constructor(worth: Worth, changes: Changes, lnLimit: number, exits = 0) {
    this.#worth = worth;
    this.#changes = changes;
    this.lnLimit = lnLimit;
    this.#lists = new WorthLists(exits);
    this.#soon = new Uint32Array((exits >>> 5) + 1);
    this.#seen = changes.oldest;
  }

  /** Of those that are worth it. */
  get size(): number {
    // Before any was placed nobody could say whether there is one.
    if (this.#staleFrom === 0) this.#placeOn();
    return this.#lists.size - this.#low;
  }

  /** Is there one that is worth it, now or in a moment? */
  get some(): boolean {
    return this.#soonCount > 0 || this.size > 0;
  }

  get bytes(): number {
    return this.#lists.bytes + this.#soon.byteLength;
  }

  /** Is it worth an attempt? */
  has(exit: number): boolean {
    if (exit >= this.#staleFrom) this.rescored(exit);
    return this.#lists.listOf(exit) >= LEAST;
  }

  /** Is it worth an attempt, now or in a moment? */
  chooses(exit: number): boolean {
    return this.has(exit) || this.#isSoon(exit);
  }

  /** An own address that has its turns like others: it need not be tested beside. */
  takesTurns(exit: number): boolean {
    return this.#isOwn(exit) && this.#own.has(this.#worth.lnWorth(exit, this.lnLimit));
  }

  add(exit: number, rested?: boolean): void {
    if (rested !== true && this.#worth.isOwn(exit)) this.#someOwn = true;
    this.#forget(exit);
    this.#place(exit);
  }

  remove(exit: number, forMs = Infinity): void {
    this.#forget(exit);
    const list = this.#lists.listOf(exit);
    if (list === 0) return;
    this.#takeOut(exit);
    if (list >= LEAST && forMs <= SOON_MS) this.#remember(exit);
  }

  first(): number {
    if (this.#staleFrom !== Infinity) this.#placeOn();
    if (this.#seen !== this.#changes.count) this.#catchUp();
    for (let moved = 0; ; moved++) {
      const list = this.#lists.highest(WORTH_LISTS);
      if (list < LEAST) return this.#lowest(list);
      const exit = this.#lists.headOf(list);
      if (moved >= MOST_MOVED) return exit;
      const now = this.#listFor(exit);
      // One list down is within what the lists can tell apart.
      if (now >= list - 1 && now >= LEAST) return exit;
      this.#takeOut(exit);
      this.#putInto(exit, now);
    }
  }

  after(exit: number): number {
    const next = this.#lists.nextOf(exit);
    if (next >= 0) return next;
    const list = this.#lists.highest(this.#lists.listOf(exit) - 1);
    return list < LEAST ? this.#lowest(list) : this.#lists.headOf(list);
  }

  /** Where nothing tells exits apart they take turns. */
  used(exit: number): void {
    const list = this.#lists.listOf(exit);
    if (list === 0 || (list >= LEAST && !this.#isOwn(exit))) return;
    this.#takeOut(exit);
    this.#putInto(exit, list);
  }

  /** An outcome has come, or an attempt has begun: what is believed of it may be another now. */
  rescored(exit: number): void {
    if (this.#isOwn(exit)) this.#sawOwn(exit);
    if (this.#lists.listOf(exit) > 0) this.#place(exit);
    else if (this.#isSoon(exit) && this.#listFor(exit) < LEAST) this.#forget(exit);
  }

  rescoredAll(): void {
    this.#staleFrom = 0;
  }

  #placeOn(): void {
    const end = Math.min(this.#lists.exits, this.#staleFrom + RANK_AT_ONCE);
    for (let exit = this.#staleFrom; exit < end; exit++) this.rescored(exit);
    this.#staleFrom = end < this.#lists.exits ? end : Infinity;
  }

  /** Takes note of exits that are better than they were; those that are new here are to be tried. */
  #catchUp(): void {
    const { count, oldest } = this.#changes;
    let index = Math.max(this.#seen, oldest);
    for (let left = CATCH_UP; index < count && left > 0; left--) {
      const exit = this.#changes.get(index++);
      if (this.#lists.listOf(exit) > 0) this.#place(exit);
      else if (this.#listFor(exit) >= LEAST) this.onBetter?.(exit);
      if (this.#worth.isUp(exit) && this.#worth.isUntested(exit) && this.#worth.list(exit)) this.untested.push(exit);
    }
    this.#seen = index;
  }

  #place(exit: number): void {
    const from = this.#lists.listOf(exit);
    const to = this.#listFor(exit);
    if (from === to) return;
    if (from > 0) this.#takeOut(exit);
    this.#putInto(exit, to);
  }

  #putInto(exit: number, list: number): void {
    this.#lists.insert(exit, list);
    if (list < LEAST) this.#low++;
  }

  #takeOut(exit: number): void {
    if (this.#lists.listOf(exit) < LEAST) this.#low--;
    this.#lists.remove(exit);
  }

  #isSoon(exit: number): boolean {
    return ((this.#soon[exit >>> 5] ?? 0) & (1 << (exit & 31))) !== 0;
  }

  #remember(exit: number): void {
    if (exit >>> 5 >= this.#soon.length) {
      const wider = new Uint32Array(Math.max(this.#soon.length + (this.#soon.length >>> 4), (exit >>> 5) + 1));
      wider.set(this.#soon);
      this.#soon = wider;
    }
    this.#soon[exit >>> 5] |= 1 << (exit & 31);
    this.#soonCount++;
  }

  /** It is back, gone for longer, or worth nothing any more. */
  #forget(exit: number): void {
    if (!this.#isSoon(exit)) return;
    this.#soon[exit >>> 5] &= ~(1 << (exit & 31));
    this.#soonCount--;
  }

  #lowest(list: number): number {
    return this.any && list > 0 ? this.#lists.headOf(list) : -1;
  }

  #isOwn(exit: number): boolean {
    return this.#someOwn && this.#worth.isOwn(exit);
  }

  #sawOwn(exit: number): void {
    const ln = this.#worth.lnWorth(exit, this.lnLimit);
    if (ln === -Infinity) return;
    const often = ++this.#ownSeen >= LOOK_AGAIN * this.#lists.exits;
    if (often) this.#ownSeen = 0;
    if (this.#own.saw(ln) || often) this.rescoredAll();
  }

  #listFor(exit: number): number {
    let ln = this.#worth.lnWorth(exit, this.lnLimit);
    if (ln === -Infinity) return this.#worth.isUnknown(exit) ? UNKNOWN : FAILED;
    if (this.#isOwn(exit)) ln = this.#own.level(ln);
    return Math.min(WORTH_LISTS, Math.max(LEAST, Math.round((ln - LN_LEAST) * PER_E)));
  }
}
