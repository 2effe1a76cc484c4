import { fairPart } from "./fallback.ts";

/** Whoever has not been heard of for so long is gone, and nothing is set aside for him any more. */
export const REMEMBERED_MS = 60_000;

/**
 * Who else there is, and for whom a fair part is set aside: a process that does not see the store spends its part alone, and nobody
 * can tell it from one that has died.
 */
export class Lost {
  /** Processes lately seen, this one among them; 0 while nobody knows. */
  processes: number;
  /** As one of how many this process spends alone: never of fewer than the store was told. */
  declared = 0;
  /** Of whom nothing was heard lately: as one of how many each spends alone, and how many such there are. */
  #silent: readonly (readonly [of: number, count: number])[] = [];
  /** Of those who were there before the store lost its memory, and have not come back. */
  #missing = 0;
  #heldUntil = -Infinity;
  #met = false;
  readonly #alone: boolean;

  /**
   * @param expected processes, by the user's word
   * @param alone do they spend anything without the store?
   */
  constructor(expected: number, alone: boolean) {
    this.processes = expected;
    this.#alone = alone;
  }

  /**
   * The store has said whom it knows.
   *
   * @param knowsUs had it heard of us before?
   * @param isAway it was only asked whether it is there
   */
  seen(total: number, knowsUs: boolean, silent: readonly (readonly [of: number, count: number])[], isAway: boolean, now: number): void {
    // A store that has lost its memory has to get to know everybody again.
    if (this.#met && !knowsUs) this.#heldUntil = now + REMEMBERED_MS;
    this.#met = true;
    this.#silent = silent;
    const held = now < this.#heldUntil || isAway ? this.processes : 1;
    this.#missing = this.#alone && now < this.#heldUntil ? Math.max(0, this.processes - total) : 0;
    this.processes = Math.max(total, held);
  }

  /** How many there are for whom something is set aside. */
  silentAt(now: number): number {
    let count = now < this.#heldUntil ? this.#missing : 0;
    for (const [, silent] of this.#silent) count += silent;
    return count;
  }

  /** Units of a limit that others may be spending without the store. */
  asideOf(limit: number, now: number): number {
    let units = 0;
    for (const [of, count] of this.#silent) units += count * fairPart(limit, of);
    if (now < this.#heldUntil) units += this.#missing * fairPart(limit, this.processes);
    return Math.min(Math.floor(limit), units);
  }

  /** Without the store nobody takes himself for one of fewer than he said when he was last heard. */
  get aloneOf(): number {
    return Math.max(this.processes, this.declared);
  }
}
