import type { Engine } from "../engine.ts";

/** So many exits have series of their own: as many as a person can look at, and a few more. */
export const MOST_SHOWN = 100;
/** Of more exits than that, at many targets, fewer are shown, so that a scrape stays small: so many pairs of exit and target, but some exits always. */
const MOST_PAIRS = 2_000;
const LEAST_SHOWN = 20;
/** Places are given anew so often: a series that came and went with every scrape would be of no use. */
const RANK_EVERY_MS = 60_000;

/**
 * Which exits have series of their own: all of up to 100; of more those that were used most, and those that failed or were
 * refused most, since the last time that was looked at. Each has a place, and keeps it while it has the exit.
 */
export class ShownExits {
  readonly #engine: Engine;
  /** By place. */
  readonly #exits: number[] = [];
  readonly #spare: number[] = [];
  readonly #placeOf = new Map<number, number>();
  /** What was counted when it was last looked: attempts and troubles by exit. */
  #attempts = new Float64Array(0);
  #troubles = new Float64Array(0);
  #rankedAt = -Infinity;
  #rankedAtTurn = -1;
  /** Some exit has no series of its own. */
  partial = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Exits by place; -1 where a place is free. */
  get places(): readonly number[] {
    return this.#exits;
  }

  has(exit: number): boolean {
    return this.#placeOf.has(exit);
  }

  /** @param targets with series of their own, @param onLeave told of each exit that loses its place, @param onEnter of each that gets one */
  update(now: number, targets: number, onLeave: (place: number, exit: number) => void, onEnter: (place: number, exit: number) => void): void {
    const { table } = this.#engine;
    if (table.size <= MOST_SHOWN) {
      if (table.turns !== this.#rankedAtTurn) for (let exit = 0; exit < table.length; exit++) if (table.exits[exit] !== undefined) this.#enter(exit, onEnter);
      this.#rankedAtTurn = table.turns;
      return;
    }
    if (table.turns === this.#rankedAtTurn && now - this.#rankedAt < RANK_EVERY_MS && now >= this.#rankedAt) return;
    this.partial = true;
    this.#rankedAt = now;
    this.#rankedAtTurn = table.turns;
    // Half of the places are for the busiest, half for the most troubled.
    const wanted = this.#rank(Math.min(MOST_SHOWN, Math.max(LEAST_SHOWN, Math.floor(MOST_PAIRS / Math.max(1, targets)))) >> 1);
    for (let place = 0; place < this.#exits.length; place++) {
      const exit = this.#exits[place];
      if (exit < 0 || wanted.has(exit)) continue;
      this.drop(exit);
      onLeave(place, exit);
    }
    for (const exit of wanted) this.#enter(exit, onEnter);
  }

  /** It loses its place, where it has one. */
  drop(exit: number): void {
    const place = this.#placeOf.get(exit);
    if (place === undefined) return;
    this.#placeOf.delete(exit);
    this.#exits[place] = -1;
    this.#spare.push(place);
  }

  #enter(exit: number, onEnter: (place: number, exit: number) => void): void {
    if (this.#placeOf.has(exit) || (this.#spare.length === 0 && this.#exits.length >= MOST_SHOWN)) return;
    const place = this.#spare.pop() ?? this.#exits.length;
    this.#exits[place] = exit;
    this.#placeOf.set(exit, place);
    onEnter(place, exit);
  }

  /** One pass over all exits, with a short list for each of the two questions. */
  #rank(half: number): Set<number> {
    const { table, exitTally } = this.#engine;
    const before = { attempts: this.#attempts, troubles: this.#troubles };
    this.#attempts = new Float64Array(table.length);
    this.#troubles = new Float64Array(table.length);
    const busy = new Top(half);
    const troubled = new Top(half);
    for (let exit = 0; exit < table.length; exit++) {
      if (table.exits[exit] === undefined) continue;
      // One that has its place keeps it where others are only just ahead.
      const bonus = this.#placeOf.has(exit) ? 1.25 : 1;
      const attempts = (this.#attempts[exit] = exitTally.attempts(exit));
      const troubles = (this.#troubles[exit] = exitTally.troubles(exit));
      busy.offer(exit, since(attempts, before.attempts[exit]) * bonus);
      if (troubles > 0) troubled.offer(exit, since(troubles, before.troubles[exit]) * bonus);
    }
    return new Set([...busy.exits, ...troubled.exits]);
  }
}

/** Less than before: the index has been given to another exit. */
function since(now: number, before: number | undefined): number {
  return before === undefined || now < before ? now : now - before;
}

/** The first `size` by a score, in one pass. */
class Top {
  readonly #size: number;
  readonly exits: number[] = [];
  readonly #scores: number[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  offer(exit: number, score: number): void {
    const { exits } = this;
    const scores = this.#scores;
    const full = exits.length === this.#size;
    if (full && score <= scores[scores.length - 1]) return;
    if (full) {
      exits.pop();
      scores.pop();
    }
    let at = scores.length;
    while (at > 0 && scores[at - 1] < score) at--;
    exits.splice(at, 0, exit);
    scores.splice(at, 0, score);
  }
}
