import type { ExitRecords } from "../../health/exit-record.ts";
import { Rows } from "../../health/rows.ts";
import { REST_REASONS, type RestReason } from "./tally.ts";

const REFUSED = 0;
const RESTS = 1;
const WORDS = RESTS + REST_REASONS.length;

/** What each exit has counted over all targets, beside its successes and failures: 20 bytes of those exits that were in trouble. */
export class ExitTally {
  readonly #records: ExitRecords;
  readonly #rows = new Rows(WORDS);
  readonly #rests = new Float64Array(REST_REASONS.length);

  constructor(records: ExitRecords) {
    this.#records = records;
  }

  /** 429 or 418. */
  refused(exit: number): void {
    this.#rows.open(exit).u32[this.#rows.offset(exit) + REFUSED]++;
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

  /** Attempts that said something about it. */
  attempts(exit: number): number {
    return this.#records.outcomes(exit) + this.#read(exit, REFUSED);
  }

  /** Failures and refusals. */
  troubles(exit: number): number {
    return this.#records.failures(exit) + this.#read(exit, REFUSED);
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
