/** Hedges wait until that share of the answers is there: the more has been spent, the longer. Sooner than two of five buys less than a test. */
const HEDGE_AT = { usual: 0.6, soonest: 0.4, latest: 0.95 };
const MOST = 60;
const MOST_TESTS = 30;
/** Tests for each other request while all is well. */
const TEST_SHARE = 0.35;
/** With that much saved up tests may go beyond their share. */
const PLENTY = 10;

/** Attempts that a request may cost on average: as many as a race of the documents has legs. */
export const ATTEMPTS = 3;
/** Legs of one request that are out at a time, unless the user says otherwise: few need them, and those are the slowest of a hundred. */
export const MOST_LEGS = 6;

/** What extras may cost: so many requests a task over all, saved up to a limit. Attempts after a failure are never refused by it. */
export class Budget {
  #tokens = 0;
  #testTokens = 0;

  /** May there be a test while nothing is missing, beside what is being done anyway? */
  get allowsTest(): boolean {
    return this.#testTokens > 0 || this.#tokens > PLENTY;
  }

  /** Share of the answers that a hedge waits for. */
  get hedgeAt(): number {
    return Math.min(HEDGE_AT.latest, Math.max(HEDGE_AT.soonest, HEDGE_AT.usual - this.#tokens / 100));
  }

  /** A request has come that may have so many legs. */
  task(width: number): void {
    this.#tokens = Math.min(MOST, this.#tokens + Math.min(ATTEMPTS, width));
  }

  attempt(test: boolean): void {
    this.#tokens = Math.max(-MOST, this.#tokens - 1);
    this.#testTokens = test ? Math.max(-MOST_TESTS, this.#testTokens - 1) : Math.min(MOST_TESTS, this.#testTokens + TEST_SHARE);
  }
}
