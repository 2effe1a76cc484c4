import type { Align } from "@multihome/core";

const PARTS = 40;

/**
 * What this process has spent of one counter, by its own knowledge: of use only while the store cannot be asked. A bucket is
 * counted like a sliding window, which holds back more.
 */
export class LocalCount {
  readonly #perMs: number;
  readonly #fixed: boolean;
  readonly #units = new Map<number, number>();

  constructor(align: Align, perMs: number) {
    this.#fixed = align === "fixed";
    this.#perMs = perMs;
  }

  add(units: number, now: number, first: number, last: number): void {
    const from = this.#fixed ? first : this.#part(now);
    const to = this.#fixed ? last : from;
    for (let place = from; place <= to; place++) this.#units.set(place, Math.max(0, (this.#units.get(place) ?? 0) + units));
    if (this.#units.size > PARTS + 4) this.#forget(now, first);
  }

  /** In the fullest of these windows, or in the span that ends now. */
  used(now: number, first: number, last: number): number {
    let used = 0;
    if (this.#fixed) {
      for (let window = first; window <= last; window++) used = Math.max(used, this.#units.get(window) ?? 0);
      return used;
    }
    const oldest = this.#part(now) - PARTS;
    for (const [part, units] of this.#units) if (part >= oldest) used += units;
    return used;
  }

  /** Window by window; of what slides all in one, as place 0. */
  *entries(now: number): IterableIterator<[place: number, units: number]> {
    if (this.#fixed) yield* this.#units;
    else yield [0, this.used(now, 0, 0)];
  }

  #part(now: number): number {
    return Math.floor((now * PARTS) / this.#perMs);
  }

  #forget(now: number, first: number): void {
    const oldest = this.#fixed ? first - 1 : this.#part(now) - PARTS;
    for (const place of this.#units.keys()) if (place < oldest) this.#units.delete(place);
  }
}
