import type { SavedCellBelief, SavedExitBelief } from "../health/saved-beliefs.ts";
import { readExitBeliefs, readHostBeliefs } from "./beliefs.ts";
import type { SavedHost } from "./format.ts";
import type { Recall } from "./recall.ts";

/** What is believed fades within the hour; that an exit has ever worked, and how quick it was, is worth a day: lists of free proxies drop and name the same ones again. */
const KEPT_MS = 86_400_000;
/** So many of those that are not there, the newest: some 60 kB. */
const MOST_KEPT = 5_000;

/** What an earlier file believes of exits that have not come back, as far as it is worth handing on to the next. */
export class KeptBeliefs {
  readonly #before: Pick<Recall, "state" | "placeOf" | "missing">;
  readonly #sinceMs: number;
  /** By their numbers in that file. */
  readonly #exits = new Map<number, SavedExitBelief>();

  /** @param sinceMs since that file was saved */
  constructor(before: Pick<Recall, "state" | "placeOf" | "missing">, sinceMs: number) {
    this.#before = before;
    this.#sinceMs = sinceMs;
    const { missing, state } = before;
    if (missing.size === 0) return;
    const found: { exit: number; belief: SavedExitBelief }[] = [];
    readExitBeliefs(state.beliefs, state.exits.length, sinceMs, (exit, belief) => {
      if (belief.ageMs <= KEPT_MS && missing.has(exit)) found.push({ exit, belief: { ...belief } });
    });
    if (found.length > MOST_KEPT) found.sort((a, b) => a.belief.ageMs - b.belief.ageMs).length = MOST_KEPT;
    for (const { exit, belief } of found) this.#exits.set(exit, belief);
  }

  /** Of an exit by its number in the earlier file. */
  of(exit: number): SavedExitBelief | undefined {
    return this.#exits.get(exit);
  }

  /** What a host was believed to think of these. @param alsoThere and of those that have come back: nobody has asked for the host since */
  eachAt(host: SavedHost, alsoThere: boolean, visit: (exit: number, belief: SavedCellBelief) => void): void {
    const { placeOf } = this.#before;
    if (this.#exits.size === 0 && !alsoThere) return;
    readHostBeliefs(host.beliefs, placeOf.length, this.#sinceMs, (exit, belief) => {
      if (belief.ageMs <= KEPT_MS && (this.#exits.has(exit) || (alsoThere && placeOf[exit] >= 0))) visit(exit, belief);
    });
  }
}
