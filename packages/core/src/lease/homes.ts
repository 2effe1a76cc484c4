import { LRUCache } from "lru-cache";
import type { ExitTable } from "../exits/exit-table.ts";
import type { Exit } from "../model/exit.ts";
import { keyHash } from "./key-hash.ts";

/** Keys whose exit is remembered; of others it is worked out again, which takes 0.1 ms among 20,000 exits. */
const MOST_KEYS = 10_000;
/** Keys at one target whose own exit is away. */
const MOST_STAND_INS = 10_000;
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
}

/** At one target: which exits are away from it, and who serves their keys meanwhile. */
export class StandIns {
  readonly #isAway: (exit: number, now: number) => boolean;
  readonly #byKey = new Map<number, { exit: Exit | undefined; index: number; lookAgainAt: number }>();

  /** @param isAway is it banned, dead or resting there, so that there is no point in waiting for it? */
  constructor(isAway: (exit: number, now: number) => boolean) {
    this.#isAway = isAway;
  }

  isAway(exit: number, now: number): boolean {
    return this.#isAway(exit, now);
  }

  /** The key's own exit is there. */
  end(key: number): void {
    if (this.#byKey.size > 0) this.#byKey.delete(key);
  }

  /** The exit that stands in for the key's own, -1: none does; `undefined`: one has to be found. */
  of(key: number, exits: readonly (Exit | undefined)[], now: number): number | undefined {
    const known = this.#byKey.get(key);
    if (known === undefined) return undefined;
    if (known.index < 0) return now < known.lookAgainAt ? -1 : undefined;
    return exits[known.index] === known.exit && !this.#isAway(known.index, now) ? known.index : undefined;
  }

  found(key: number, index: number, exit: Exit | undefined, now: number): void {
    if (this.#byKey.size >= MOST_STAND_INS) this.#byKey.clear();
    this.#byKey.set(key, { exit, index, lookAgainAt: now + LOOK_AGAIN_MS });
  }
}

/**
 * Which exit a key belongs to (rendezvous hashing): the one whose name and key together give the largest number. An exit that
 * comes takes over only the keys that belong to it, and one that goes leaves only its own to others. While it is away the
 * next one stands in; once it is back, the key is back with it.
 */
export class Homes {
  readonly #table: ExitTable;
  readonly #homes = new LRUCache<number, Home>({ max: MOST_KEYS });
  #names = new Uint32Array(0);
  #named = 0;
  #reused = 0;

  constructor(table: ExitTable) {
    this.#table = table;
  }

  /** The exit for a key, by its hash, at one target; -1 where every exit is away from it. */
  exitOf(key: number, now: number, here: StandIns): number {
    let home = this.#homes.get(key);
    if (home === undefined) {
      home = { exit: undefined, index: -1, weight: -1, seen: 0, reused: 0 };
      this.#homes.set(key, home);
    }
    const { exits, length, reused } = this.#table;
    if (home.reused !== reused || (home.index >= 0 && exits[home.index] !== home.exit)) {
      home.index = home.weight = -1;
      home.seen = 0;
      home.reused = reused;
    }
    if (home.seen < length) this.#settle(home, key);
    if (home.index < 0) return -1;
    if (!here.isAway(home.index, now)) {
      here.end(key);
      return home.index;
    }
    const known = here.of(key, exits, now);
    if (known !== undefined) return known;
    const found = this.#heaviest(key, now, here);
    here.found(key, found, exits[found], now);
    return found;
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

  #heaviest(key: number, now: number, here: StandIns): number {
    const { exits, length } = this.#table;
    let best = -1;
    let most = -1;
    for (let index = 0; index < length; index++) {
      if (exits[index] === undefined) continue;
      const weight = this.#weightOf(key, index);
      if (weight > most && !here.isAway(index, now)) {
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
