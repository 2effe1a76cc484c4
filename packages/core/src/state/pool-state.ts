import { yieldToLoop } from "../time/yield-to-loop.ts";
import { parseState } from "./parse-state.ts";
import type { Parts, Remembered } from "./parts.ts";
import { Recall } from "./recall.ts";
import { takeSnapshot } from "./snapshot.ts";

export type Applied =
  /** `exits`: of how many exits of the pool something was known; `left`: how many entries were not as they were written. */
  | { readonly kind: "restored"; readonly exits: number; readonly left: number }
  | { readonly kind: "bad"; readonly reason: string };

/** What a pool remembers from one process to the next. */
export class PoolState {
  readonly #parts: Parts;
  #recall: Recall | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Puts back what the text of a state file holds, whatever text it is. To be called when the exits are known and before
   * anything is sent. Never rejects.
   */
  async apply(text: string): Promise<Applied> {
    const parsed = parseState(text);
    if (parsed.kind === "bad") return parsed;
    await yieldToLoop();
    const recall = (this.#recall = new Recall(this.#parts, parsed.state));
    for (const target of [...this.#parts.targets]) {
      recall.made(target);
      await yieldToLoop();
    }
    const exits = recall.restored;
    this.#tidy();
    return { kind: "restored", exits, left: parsed.left + recall.broken };
  }

  /** Exits have come that were not there before. */
  admitted(exits: readonly number[]): void {
    if (exits.length === 0 || this.#recall === undefined) return;
    this.#recall.admitted(exits);
    this.#tidy();
  }

  /** A target was made. */
  made(target: Remembered): void {
    if (this.#recall === undefined) return;
    this.#recall.made(target);
    this.#tidy();
  }

  /** The text of a state file. @param closing nothing is sent any more */
  take(closing: boolean): Promise<string> {
    return takeSnapshot(this.#parts, this.#recall, closing);
  }

  #tidy(): void {
    if (this.#recall?.finished === true) this.#recall = undefined;
  }
}
