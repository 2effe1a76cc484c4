import type { Standing } from "./line.ts";

/** Items one behind another, by their places. */
export interface Chain {
  head: Standing | undefined;
  tail: Standing | undefined;
}

/** Where its place is: at the end for most, and near the head for one that comes back. */
export function insert(chain: Chain, item: Standing): void {
  let next: Standing | undefined;
  if (chain.tail !== undefined && chain.tail.place > item.place) {
    next = chain.head;
    while (next !== undefined && next.place < item.place) next = next.lineNext;
  }
  const previous = next === undefined ? chain.tail : next.linePrev;
  item.linePrev = previous;
  item.lineNext = next;
  if (previous === undefined) chain.head = item;
  else previous.lineNext = item;
  if (next === undefined) chain.tail = item;
  else next.linePrev = item;
}

export function unlink(chain: Chain, item: Standing): void {
  if (item.linePrev === undefined) chain.head = item.lineNext;
  else item.linePrev.lineNext = item.lineNext;
  if (item.lineNext === undefined) chain.tail = item.linePrev;
  else item.lineNext.linePrev = item.linePrev;
  item.linePrev = item.lineNext = undefined;
}
