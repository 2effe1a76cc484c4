import { insert, unlink, type Chain } from "./chain.ts";

/** What requests that stand in line for one thing have in common: those of one share stand behind one another. */
export interface Share {
  /** Its part among shares of equal priority. */
  readonly weight: number;
}

/** Something that stands in a line; the fields belong to the line. */
export interface Standing {
  readonly priority: number;
  readonly share: Share;
  /** Since when it waits, on any clock that only goes forward. */
  readonly createdAt: number;
  /** Its number in the line, which it keeps while it is set aside. */
  place: number;
  linePrev: Standing | undefined;
  lineNext: Standing | undefined;
  /** The rank that it stands in, if any. */
  rank: Rank | undefined;
}

export interface Rank extends Chain {
  readonly priority: number;
  readonly share: Share;
  /** Who stands in it or is set aside. */
  members: number;
  /** What it has had so far, by its weight; compared among ranks of one priority. */
  had: number;
  /** The same before its last turn. */
  hadBefore: number;
}

/**
 * While several ranks wait, every so many turns the one that has waited longest goes, whatever its priority: low priorities
 * wait longer, never for ever. Often enough to be felt within seconds at ten requests a second, too seldom (6 %) to matter to
 * those before it.
 */
export const LONGEST_WAITING_EVERY = 16;

/** Priorities are numbers of the callers' own: ranks that nobody stands in are forgotten above so many. */
const MANY_RANKS = 32;

/**
 * A line of requests: higher priorities first; shares of one priority by their weights (start-time fair queueing: next is
 * who has had least for its weight); first come first served inside one. Joining and leaving cost the same however long the
 * line is.
 */
export class Line<T extends Standing> {
  #size = 0;
  /** Ranks that somebody stands in. */
  #standing = 0;
  /** Ranks with somebody in them, those set aside included. */
  #busy = 0;
  #lastPlace = 0;
  #firstPlace = 0;
  #turn = 0;
  /** In order of priority, highest first; one in most programs. */
  readonly #ranks: Rank[] = [];

  get size(): number {
    return this.#size;
  }

  /** How many ranks somebody stands in. */
  get busyRanks(): number {
    return this.#standing;
  }

  /** Whose turn it is. Asking changes nothing; `served` does. */
  first(): T | undefined {
    const ranks = this.#ranks;
    return (ranks.length === 1 ? ranks[0].head : this.#next()?.head) as T | undefined;
  }

  /** Who may go where `item` cannot: who stands behind it, then the others in order of priority. */
  after(item: T): T | undefined {
    return item.lineNext === undefined ? this.afterRank(item) : (item.lineNext as T);
  }

  /** The same without those who stand behind it. */
  afterRank(item: T): T | undefined {
    if (this.#busy <= 1) return undefined;
    const ranks = this.#ranks;
    const began = this.#next();
    for (let i = item.rank === began ? 0 : ranks.indexOf(item.rank as Rank) + 1; i < ranks.length; i++) {
      if (ranks[i] !== began && ranks[i].head !== undefined) return ranks[i].head as T;
    }
    return undefined;
  }

  /** Would it be the first of all? */
  outranks(priority: number): boolean {
    for (const rank of this.#ranks) if (rank.head !== undefined) return priority > rank.priority;
    return true;
  }

  /** It has had its turn, and is about to leave. @param cost what it took, for its share */
  served({ rank }: T, cost: number): void {
    if (rank === undefined) return;
    if (this.#busy > 1) {
      rank.hadBefore = rank.had;
      rank.had += cost / rank.share.weight;
    }
    if (this.#busy > 1 || this.owesTurn) this.#turn = (this.#turn + 1) % LONGEST_WAITING_EVERY;
  }

  /** Is the next turn that of who has waited longest? */
  get owesTurn(): boolean {
    return this.#turn === LONGEST_WAITING_EVERY - 1;
  }

  /** Who has waited longest was offered what there is: it has taken it, or could not. */
  turnOver(): void {
    if (this.owesTurn) this.#turn = 0;
  }

  /** Somebody who came just now has gone before all who stand here: a turn like any other, except that it is never theirs. */
  overtaken(): void {
    if (this.#size > 0 && !this.owesTurn) this.#turn++;
  }

  push(item: T): void {
    item.place = ++this.#lastPlace;
    this.#join(item);
  }

  /** To the head of its rank: it has waited there before. */
  unshift(item: T): void {
    item.place = --this.#firstPlace;
    this.#join(item);
  }

  /** Does nothing where it does not stand here. */
  remove(item: T): void {
    const { rank } = item;
    if (rank === undefined) return;
    this.#unlink(item, rank);
    this.forget(item);
  }

  /** It stands here no longer, and keeps its rank and its place. */
  setAside(item: T): void {
    this.#unlink(item, item.rank as Rank);
  }

  /** One that was set aside stands here again, where its place is. */
  putBack(item: T): void {
    const rank = item.rank as Rank;
    if (rank.head === undefined) {
      this.#standing++;
      this.#catchUp(rank);
    }
    insert(rank, item);
    this.#size++;
  }

  /** One that was set aside does not come back. */
  forget(item: T): void {
    const rank = item.rank as Rank;
    item.rank = undefined;
    if (--rank.members === 0) this.#busy--;
  }

  #join(item: T): void {
    const rank = this.#rankOf(item);
    item.rank = rank;
    if (rank.head === undefined) {
      this.#standing++;
      if (rank.members === 0) this.#begin(rank);
      else this.#catchUp(rank);
    }
    rank.members++;
    insert(rank, item);
    this.#size++;
  }

  #unlink(item: T, rank: Rank): void {
    unlink(rank, item);
    this.#size--;
    if (rank.head === undefined) this.#standing--;
  }

  #next(): Rank | undefined {
    if (this.owesTurn) return this.#longestWaiting();
    let next: Rank | undefined;
    for (const rank of this.#ranks) {
      if (rank.head === undefined) continue;
      if (next === undefined) next = rank;
      else if (rank.priority !== next.priority) break;
      else if (rank.had < next.had) next = rank;
    }
    return next;
  }

  #longestWaiting(): Rank | undefined {
    let longest: Rank | undefined;
    for (const rank of this.#ranks) {
      if (rank.head !== undefined && (longest === undefined || rank.head.createdAt < (longest.head as Standing).createdAt)) longest = rank;
    }
    return longest;
  }

  /** Somebody stands in it again. What it did not use while nobody did is not kept for it, nor is it made to pay for what was spare. */
  #begin(rank: Rank): void {
    this.#busy++;
    if (this.#ranks.length === 1) return;
    let least = Infinity;
    let alone = true;
    for (const other of this.#ranks) {
      if (other.priority !== rank.priority || other.members === 0) continue;
      alone = false;
      if (other.head !== undefined && other.had < least) least = other.had;
    }
    if (alone) for (const other of this.#ranks) if (other.priority === rank.priority) other.had = other.hadBefore = 0;
    if (least !== Infinity) rank.had = Math.max(rank.had, least);
    else if (!alone) this.#catchUp(rank);
  }

  /** All of it was set aside: what others had meanwhile is not made up for. What it had less than they before that is. */
  #catchUp(rank: Rank): void {
    for (const other of this.#ranks) if (other.priority === rank.priority && other.hadBefore > rank.had) rank.had = other.hadBefore;
  }

  #rankOf({ priority, share }: T): Rank {
    const ranks = this.#ranks;
    let at = 0;
    while (at < ranks.length && ranks[at].priority > priority) at++;
    while (at < ranks.length && ranks[at].priority === priority && ranks[at].share !== share) at++;
    if (at < ranks.length && ranks[at].priority === priority) return ranks[at];
    const rank: Rank = { priority, share, head: undefined, tail: undefined, members: 0, had: 0, hadBefore: 0 };
    ranks.splice(at, 0, rank);
    if (ranks.length > MANY_RANKS) this.#forgetEmpty(rank);
    return rank;
  }

  #forgetEmpty(but: Rank): void {
    const kept = this.#ranks.filter((rank) => rank.members > 0 || rank === but);
    this.#ranks.splice(0, this.#ranks.length, ...kept);
  }
}
