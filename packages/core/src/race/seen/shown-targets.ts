import type { Tally } from "./tally.ts";
import type { Target } from "../target.ts";

/** Of hosts without a target of their own, so many have series of their own in metrics. */
const MOST_SHOWN = 50;

/** Which targets have series of their own: those of the options, and the first of the others. */
export class ShownTargets {
  readonly #others: Tally;
  #shown = 0;

  /** @param others counts what those have counted that are forgotten */
  constructor(others: Tally) {
    this.#others = others;
  }

  made(target: Target): void {
    target.shown = !target.byDefault || this.#shown < MOST_SHOWN;
    if (target.byDefault && target.shown) this.#shown++;
  }

  /** What was counted among the others' stays there: a counter never falls. The place of one that was shown goes to another. */
  forgotten(target: Target, rest: Iterable<Target>): void {
    if (!target.shown) {
      this.#others.add(target.tally);
      return;
    }
    this.#shown--;
    for (const next of rest) {
      if (next.shown) continue;
      // Its series begins now; what came before has been shown among the others'.
      this.#others.add(next.tally);
      next.tally.clear();
      this.made(next);
      return;
    }
  }
}
