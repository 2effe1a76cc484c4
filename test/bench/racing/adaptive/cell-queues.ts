import { HOSTS, SPACING_MS } from "../../../support/world-parameters.ts";
import type { Beliefs, Cell } from "./beliefs.ts";

const GAP = SPACING_MS / 1_000;

interface Entry {
  readonly cell: Cell;
  readonly index: number;
  readonly version: number;
}

/**
 * Which cells may be used now, best first. A cell that was used returns through one queue, because spacing is the same for all;
 * then its index places it in its host's heap. What is worth nothing is in no heap: a success of its proxy brings it back.
 */
export class ReadyCells {
  readonly #beliefs: Beliefs;
  readonly #heaps: Entry[][] = Array.from({ length: HOSTS }, () => []);
  #spaced: Cell[] = [];
  #head = 0;

  constructor(beliefs: Beliefs) {
    this.#beliefs = beliefs;
  }

  /** When the next one returns. */
  get nextAt(): number {
    return this.#head < this.#spaced.length ? this.#spaced[this.#head].readyAt : Infinity;
  }

  comeBack(now: number): void {
    for (; this.nextAt <= now; this.#head++) this.reindex(this.#spaced[this.#head], now);
    if (this.#head > 1_024 && this.#head * 2 > this.#spaced.length) {
      this.#spaced = this.#spaced.slice(this.#head);
      this.#head = 0;
    }
  }

  /** It was sent through. */
  used(cell: Cell, now: number): void {
    cell.version++;
    cell.readyAt = now + GAP;
    this.#spaced.push(cell);
  }

  /** Its beliefs have changed for the better, or it has returned. */
  reindex(cell: Cell, now: number): void {
    if (cell.readyAt > now) return;
    cell.version++;
    const index = this.#beliefs.index(cell, now);
    if (index > 0) push(this.#heaps[cell.host], { cell, index, version: cell.version });
  }

  /** The best one of a host and its index; one whose worth has fallen since is put back in its place first. */
  top(host: number, now: number): Entry | undefined {
    const heap = this.#heaps[host];
    for (let entry = heap[0]; entry !== undefined; entry = heap[0]) {
      if (entry.version !== entry.cell.version) {
        pop(heap);
        continue;
      }
      const index = this.#beliefs.index(entry.cell, now);
      if (index >= 0.9 * entry.index) return entry;
      pop(heap);
      if (index > 0) push(heap, { cell: entry.cell, index, version: entry.version });
    }
    return undefined;
  }

  /** The best one whose proxy is not among `but`. The others keep their places. */
  topBut(host: number, now: number, but: (cell: Cell) => boolean): Entry | undefined {
    const aside: Entry[] = [];
    let found = this.top(host, now);
    while (found !== undefined && but(found.cell)) {
      aside.push(found);
      pop(this.#heaps[host]);
      found = this.top(host, now);
    }
    for (const entry of aside) push(this.#heaps[host], entry);
    return found;
  }
}

function push(heap: Entry[], entry: Entry): void {
  let slot = heap.length;
  heap.push(entry);
  while (slot > 0) {
    const above = (slot - 1) >> 1;
    if (heap[above].index >= entry.index) break;
    heap[slot] = heap[above];
    slot = above;
  }
  heap[slot] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop() as Entry;
  if (heap.length === 0) return;
  let slot = 0;
  for (;;) {
    let below = 2 * slot + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && heap[below + 1].index > heap[below].index) below++;
    if (heap[below].index <= last.index) break;
    heap[slot] = heap[below];
    slot = below;
  }
  heap[slot] = last;
}
