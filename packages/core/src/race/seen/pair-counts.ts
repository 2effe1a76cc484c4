import { MOST_SHOWN } from "./shown-exits.ts";
import type { Target } from "../target.ts";

export const RESULTS = ["success", "failure", "refused"] as const;
const WIDTH = RESULTS.length;

/**
 * Attempts of the shown exits at one target, and of all the rest together. Exits come and go among the shown, and a counter
 * must never fall: so what a series shows is the sum of what was added while it was shown, and the rest gets whatever of the
 * target's own count belongs to none of them.
 */
export class PairCounts {
  readonly #last = new Float64Array(MOST_SHOWN * WIDTH);
  readonly #shown = new Float64Array(MOST_SHOWN * WIDTH);
  readonly #lastTotal = new Float64Array(WIDTH);
  readonly #other = new Float64Array(WIDTH);
  readonly #now = new Float64Array(WIDTH);
  readonly #added = new Float64Array(WIDTH);

  /** @param anew the exit's counts before now belong to the rest */
  enter(target: Target, place: number, exit: number, anew: boolean): void {
    this.#read(target, exit);
    for (let i = 0; i < WIDTH; i++) {
      this.#last[place * WIDTH + i] = this.#now[i];
      this.#shown[place * WIDTH + i] = anew ? 0 : this.#now[i];
    }
  }

  /** The rest begins with what the target has counted so far, but for what is shown. */
  begin(target: Target): void {
    const shown = this.#added.fill(0);
    for (let at = 0; at < this.#shown.length; at++) shown[at % WIDTH] += this.#shown[at];
    const totals = totalsOf(target);
    for (let i = 0; i < WIDTH; i++) {
      this.#other[i] = Math.max(0, totals[i] - shown[i]);
      this.#lastTotal[i] = totals[i];
    }
  }

  update(target: Target, places: readonly number[]): void {
    const added = this.#added.fill(0);
    for (let place = 0; place < places.length; place++) {
      const exit = places[place];
      if (exit < 0) continue;
      this.#read(target, exit);
      for (let i = 0; i < WIDTH; i++) {
        const at = place * WIDTH + i;
        // Less than before: what was known of the target was given up to make room.
        const more = this.#now[i] >= this.#last[at] ? this.#now[i] - this.#last[at] : this.#now[i];
        this.#last[at] = this.#now[i];
        this.#shown[at] += more;
        added[i] += more;
      }
    }
    const totals = totalsOf(target);
    for (let i = 0; i < WIDTH; i++) {
      this.#other[i] += Math.max(0, totals[i] - this.#lastTotal[i] - added[i]);
      this.#lastTotal[i] = totals[i];
    }
  }

  shown(place: number, result: number): number {
    return this.#shown[place * WIDTH + result];
  }

  other(result: number): number {
    return this.#other[result];
  }

  #read({ health, refusals }: Target, exit: number): void {
    this.#now[0] = health.successes(exit);
    this.#now[1] = health.failures(exit);
    const page = refusals.peek(exit);
    this.#now[2] = page === undefined ? 0 : page.u32[refusals.offset(exit)];
  }
}

function totalsOf({ tally }: Target): number[] {
  return [tally.attempts("success"), tally.attempts("blocked") + tally.attempts("exit-error"), tally.attempts("rate-limited") + tally.attempts("banned")];
}
