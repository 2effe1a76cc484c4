/** Something that stands in a line; the fields belong to the line. */
export interface Standing {
  readonly priority: number;
  linePrev: Standing | undefined;
  lineNext: Standing | undefined;
  /** The rank that it stands in, if any. */
  rank: Rank | undefined;
}

export interface Rank {
  readonly priority: number;
  head: Standing | undefined;
  tail: Standing | undefined;
}

/** A line of requests: higher priorities first, first come first served inside one. Joining and leaving cost the same however long it is. */
export class Line<T extends Standing> {
  #size = 0;
  /** In order of priority, highest first; one in most programs. */
  readonly #ranks: Rank[] = [];

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    for (const rank of this.#ranks) if (rank.head !== undefined) return rank.head as T;
    return undefined;
  }

  /** Who stands behind `item`. */
  after(item: T): T | undefined {
    if (item.lineNext !== undefined) return item.lineNext as T;
    const ranks = this.#ranks;
    for (let i = ranks.indexOf(item.rank as Rank) + 1; i < ranks.length; i++) if (ranks[i].head !== undefined) return ranks[i].head as T;
    return undefined;
  }

  push(item: T): void {
    const rank = this.#rankOf(item.priority);
    item.rank = rank;
    item.linePrev = rank.tail;
    item.lineNext = undefined;
    if (rank.tail === undefined) rank.head = item;
    else rank.tail.lineNext = item;
    rank.tail = item;
    this.#size++;
  }

  /** To the head of its priority. */
  unshift(item: T): void {
    const rank = this.#rankOf(item.priority);
    item.rank = rank;
    item.lineNext = rank.head;
    item.linePrev = undefined;
    if (rank.head === undefined) rank.tail = item;
    else rank.head.linePrev = item;
    rank.head = item;
    this.#size++;
  }

  /** Does nothing where it does not stand here. */
  remove(item: T): void {
    const { rank } = item;
    if (rank === undefined) return;
    if (item.linePrev === undefined) rank.head = item.lineNext;
    else item.linePrev.lineNext = item.lineNext;
    if (item.lineNext === undefined) rank.tail = item.linePrev;
    else item.lineNext.linePrev = item.linePrev;
    item.rank = item.linePrev = item.lineNext = undefined;
    this.#size--;
  }

  #rankOf(priority: number): Rank {
    const ranks = this.#ranks;
    let at = 0;
    while (at < ranks.length && ranks[at].priority > priority) at++;
    if (at < ranks.length && ranks[at].priority === priority) return ranks[at];
    const rank: Rank = { priority, head: undefined, tail: undefined };
    ranks.splice(at, 0, rank);
    return rank;
  }
}
