/** A refusal below this share of the limit is not what the table says it is. */
const SUSPECT_BELOW = 0.9;
/** Of what had been counted when it was refused, so much is allowed from then on. */
const SHRINK_TO = 0.8;
/** A limit that was suspected is back at its full size after so many spans without a further refusal, or after an hour. */
const RECOVER_SPANS = 20;
const RECOVER_MS = 3_600_000;

interface Doubt {
  /** Units allowed at `since`. */
  allowed: number;
  since: number;
  /** Refusals until then were on their way when the first was heard. */
  deafUntil: number;
}

/**
 * Rows that were refused although little was used: the limit is smaller than we think, a weight is too low, or somebody
 * spends there without our seeing it. They get less until the cause is found, and slowly more again.
 */
export class Suspicion {
  readonly #doubts = new Map<number, Doubt>();

  get none(): boolean {
    return this.#doubts.size === 0;
  }

  /** A request was refused with `used` counted. @returns is that suspect? */
  refused(row: number, used: number, limit: number, perMs: number, now: number, roundMs: number): boolean {
    const known = this.#doubts.get(row);
    if (known !== undefined && now < known.deafUntil) return true;
    const most = known === undefined ? limit : allowedAt(known, limit, perMs, now);
    if (used >= most * SUSPECT_BELOW && known === undefined) return false;
    this.#doubts.set(row, { allowed: Math.max(1, SHRINK_TO * Math.min(used, most)), since: now, deafUntil: now + roundMs });
    return true;
  }

  /** Units of the limit that are not to be used now. */
  withheld(row: number, limit: number, perMs: number, now: number): number {
    const doubt = this.#doubts.get(row);
    if (doubt === undefined) return 0;
    const allowed = allowedAt(doubt, limit, perMs, now);
    if (allowed < limit) return limit - allowed;
    this.#doubts.delete(row);
    return 0;
  }

  /** When no more than `units` are withheld, if no further refusal comes. */
  releaseAt(row: number, units: number, limit: number, perMs: number, now: number): number {
    const over = this.withheld(row, limit, perMs, now) - units;
    return over <= 0 ? now : now + (over * recoverMs(perMs)) / limit;
  }
}

function allowedAt(doubt: Doubt, limit: number, perMs: number, now: number): number {
  return Math.min(limit, doubt.allowed + ((now - doubt.since) * limit) / recoverMs(perMs));
}

function recoverMs(perMs: number): number {
  return Math.min(RECOVER_MS, perMs * RECOVER_SPANS);
}
