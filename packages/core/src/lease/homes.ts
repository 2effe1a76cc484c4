import { LRUCache } from "lru-cache";
import type { ExitTable } from "../exits/exit-table.ts";
import type { Exit } from "../model/exit.ts";
import { keyHash } from "./key-hash.ts";

/** Keys whose exit is remembered at one target; of others it is worked out again, which takes 0.1 ms among 20,000 exits. */
const MOST_KEYS = 10_000;
/** Where no exit is left it is looked for again after so long, not with every request. */
const LOOK_AGAIN_MS = 100;

interface Home {
  /** The exit that the key belongs to, and its index. */
  exit: Exit | undefined;
  index: number;
  weight: number;
  /** Exits of the table that have been compared, and how often indices had been given anew by then. */
  seen: number;
  reused: number;
  /** Serves the key while its own exit is away; -1: none. */
  standIn: number;
  lookAgainAt: number;
}

/**
 * Which exit a key belongs to (rendezvous hashing): the one whose name and key together give the largest number. An exit that
 * comes takes over only the keys that belong to it, and one that goes leaves only its own to others. While it is away the
 * next one stands in; once it is back, the key is back with it.
 */
export class Homes {
  readonly #table: ExitTable;
  readonly #isAway: (exit: number, now: number) => boolean;
  readonly #homes = new LRUCache<number, Home>({ max: MOST_KEYS });
  #names = new Uint32Array(0);
  #named = 0;
  #reused = 0;

  /** @param isAway is it banned, dead or resting, so that there is no point in waiting for it? */
  constructor(table: ExitTable, isAway: (exit: number, now: number) => boolean) {
    this.#table = table;
    this.#isAway = isAway;
  }

  /** The exit for a key, by its hash, or -1 where every exit is away. */
  exitOf(key: number, now: number): number {
    let home = this.#homes.get(key);
    if (home === undefined) {
      home = { exit: undefined, index: -1, weight: -1, seen: 0, reused: 0, standIn: -1, lookAgainAt: 0 };
      this.#homes.set(key, home);
    }
    const { exits, length, reused } = this.#table;
    if (home.reused !== reused || (home.index >= 0 && exits[home.index] !== home.exit)) {
      home.index = home.weight = home.standIn = -1;
      home.seen = 0;
      home.reused = reused;
    }
    if (home.seen < length) this.#settle(home, key);
    if (home.index < 0) return -1;
    if (!this.#isAway(home.index, now)) {
      home.standIn = -1;
      home.lookAgainAt = 0;
      return home.index;
    }
    if (home.standIn >= 0 && exits[home.standIn] !== undefined && !this.#isAway(home.standIn, now)) return home.standIn;
    if (now < home.lookAgainAt) return -1;
    home.standIn = this.#heaviest(key, now);
    if (home.standIn < 0) home.lookAgainAt = now + LOOK_AGAIN_MS;
    return home.standIn;
  }

  /** Compares it with the exits that have come since it was looked at. */
  #settle(home: Home, key: number): void {
    this.#nameAll();
    const { exits, length } = this.#table;
    for (let index = home.seen; index < length; index++) {
      if (exits[index] === undefined) continue;
      const weight = this.#weightOf(key, index);
      if (weight <= home.weight) continue;
      home.weight = weight;
      home.index = index;
      home.exit = exits[index];
    }
    home.seen = length;
  }

  #heaviest(key: number, now: number): number {
    const { exits, length } = this.#table;
    let best = -1;
    let most = -1;
    for (let index = 0; index < length; index++) {
      if (exits[index] === undefined) continue;
      const weight = this.#weightOf(key, index);
      if (weight > most && !this.#isAway(index, now)) {
        most = weight;
        best = index;
      }
    }
    return best;
  }

  #weightOf(key: number, index: number): number {
    let mixed = Math.imul((key | 0) ^ this.#names[index], 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ ((key / 4294967296) | 0), 0xc2b2ae35);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x27d4eb2f);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  #nameAll(): void {
    const { exits, length, reused } = this.#table;
    if (this.#reused !== reused) this.#named = 0;
    this.#reused = reused;
    if (length > this.#names.length) {
      const names = new Uint32Array(Math.max(8, length + (length >>> 2)));
      names.set(this.#names);
      this.#names = names;
    }
    for (; this.#named < length; this.#named++) this.#names[this.#named] = keyHash(exits[this.#named]?.id ?? "") >>> 0;
  }
}
