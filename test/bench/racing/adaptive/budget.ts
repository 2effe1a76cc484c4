/** Hedges wait until that share of the answers is there: the more has been spent, the longer. */
const HEDGE_AT = { usual: 0.6, soonest: 0.4, latest: 0.95 };
const MOST = 60;
const MOST_PROBES = 30;
/** Tests for each normal request. */
const PROBE_SHARE = 0.35;

/** What extras may cost: so many requests a task over all, saved up to a limit. Attempts after a failure are never refused by it. */
export class Budget {
  readonly #perTask: number;
  #tokens = 0;
  #probeTokens = 0;

  constructor(perTask: number) {
    this.#perTask = perTask;
  }

  /** Tests while nothing is missing, beside what is being done anyway. */
  get allowsProbe(): boolean {
    return this.#probeTokens > 0 || this.#tokens > 10;
  }

  get hedgeQuantile(): number {
    return Math.min(HEDGE_AT.latest, Math.max(HEDGE_AT.soonest, HEDGE_AT.usual - this.#tokens / 100));
  }

  task(): void {
    this.#tokens = Math.min(MOST, this.#tokens + this.#perTask);
  }

  request(probe: boolean): void {
    this.#tokens = Math.max(-MOST, this.#tokens - 1);
    this.#probeTokens = probe ? this.#probeTokens - 1 : Math.min(MOST_PROBES, this.#probeTokens + PROBE_SHARE);
  }
}
