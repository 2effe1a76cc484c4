import { Rows } from "../health/rows.ts";
import type { VerdictKind } from "../model/verdict.ts";
import { REST_REASONS, type RestReason } from "./tally.ts";

const ATTEMPTS = 0;
const TROUBLES = 1;
const RESTS = 2;
const WORDS = RESTS + REST_REASONS.length;

/** What each exit has counted over all targets: 24 bytes an exit. */
export class ExitTally {
  readonly #rows = new Rows(WORDS);
  readonly #rests = new Float64Array(REST_REASONS.length);

  /** An attempt has ended. */
  ended(exit: number, kind: VerdictKind): void {
    const { u32 } = this.#rows.open(exit);
    const at = this.#rows.offset(exit);
    u32[at + ATTEMPTS]++;
    if (kind !== "success" && kind !== "aborted" && kind !== "target-error") u32[at + TROUBLES]++;
  }

  /** A rest of the exit has begun. */
  rested(exit: number, reason: RestReason): void {
    const index = REST_REASONS.indexOf(reason);
    this.#rows.open(exit).u32[this.#rows.offset(exit) + RESTS + index]++;
    this.#rests[index]++;
  }

  /** The index is given to another exit. */
  forget(exit: number): void {
    this.#rows.wipe(exit);
  }

  attempts(exit: number): number {
    return this.#read(exit, ATTEMPTS);
  }

  /** Failures and refusals. */
  troubles(exit: number): number {
    return this.#read(exit, TROUBLES);
  }

  rests(exit: number, reason: RestReason): number {
    return this.#read(exit, RESTS + REST_REASONS.indexOf(reason));
  }

  restsOfAll(reason: RestReason): number {
    return this.#rests[REST_REASONS.indexOf(reason)];
  }

  #read(exit: number, word: number): number {
    const page = this.#rows.peek(exit);
    return page === undefined ? 0 : page.u32[this.#rows.offset(exit) + word];
  }
}
