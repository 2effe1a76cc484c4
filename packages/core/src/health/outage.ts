/** Failures as unlikely as 1 in 10,000 if the network were well. */
const CERTAIN = Math.log(10_000);
/** Nothing has been heard for at least so long, */
const QUIET_MS = 2_000;
/** and for so many times what an answer usually takes. */
const QUIET_TIMES = 1.5;
/** No exit is so good that its silence says more than this: so it takes at least five of them. */
const MOST_EXPECTED = 0.85;
/** What had a smaller chance of an answer says nothing. */
const LEAST_CHANCE = 0.05;
/** At least so long between two looks at all attempts that are out. */
const LOOK_MS = 250;

/**
 * Is the network gone? Nothing is heard through any exit, for seconds, while much was expected: each exit that should have
 * answered and did not makes it likelier, once. Exits that nobody expected anything of say nothing, so that a list of dead
 * proxies is never taken for an outage. Any answer of a target, whatever it says, ends the doubt.
 */
export class Outage {
  standing = false;
  /** Since when the network has been there again: attempts that began before it are judged by nobody. */
  endedAt = -Infinity;
  /** When anything was heard last. */
  heardAt = -Infinity;
  /** Nothing has been heard since then: the last answer, or the first attempt that speaks for an outage if that is later. Holds while one stands. */
  since = 0;
  /** When the first attempt began of those that speak for it. */
  #suspectSince = Infinity;
  /** The highest chance that each exit had of an answer and did not take. */
  readonly #missed = new Map<number, number>();
  #lookedAt = -Infinity;

  /** An answer, to what began at `startedAt`. @returns true where this ends an outage */
  heard(now: number, startedAt: number): boolean {
    this.heardAt = now;
    if (this.#suspectSince !== Infinity) {
      this.#suspectSince = Infinity;
      this.#missed.clear();
    }
    if (!this.standing) return false;
    this.standing = false;
    // Whatever began later than the attempt that was answered is on its way. One from before the outage says nothing of when it ended.
    this.endedAt = startedAt > this.since ? startedAt : now;
    return true;
  }

  /** An attempt has ended without an answer that had such a chance of one since anything was heard. */
  failed(exit: number, chance: number, startedAt: number): void {
    if (this.standing || !(chance > LEAST_CHANCE)) return;
    this.#suspectSince = Math.min(this.#suspectSince, startedAt);
    if (chance > (this.#missed.get(exit) ?? 0)) this.#missed.set(exit, chance);
  }

  /** Is it time for a look at what is out? */
  isDue(now: number): boolean {
    return !this.standing && (now - this.#lookedAt >= LOOK_MS || now < this.#lookedAt);
  }

  /**
   * @param legs those that are out: visits each with its exit, the chance that it would have answered since anything was heard, and its start
   * @param typicalMs what an answer takes
   * @returns true where the network is gone from now on
   */
  look(now: number, typicalMs: number, legs: (visit: (exit: number, chance: number, startedAt: number) => void) => void): boolean {
    this.#lookedAt = now;
    let since = this.#suspectSince;
    // The longest out of an exit says most: what followed it was sent with less hope already.
    const missed = new Map(this.#missed);
    legs((exit, chance, startedAt) => {
      if (!(chance > LEAST_CHANCE)) return;
      if (chance > (missed.get(exit) ?? 0)) missed.set(exit, chance);
      if (startedAt < since) since = startedAt;
    });
    let doubt = 0;
    for (const chance of missed.values()) doubt += doubtOf(chance);
    this.standing = doubt >= CERTAIN && now - Math.max(since, this.heardAt) >= Math.max(QUIET_MS, QUIET_TIMES * typicalMs);
    if (this.standing) this.since = Math.max(since, this.heardAt);
    return this.standing;
  }
}

/** The chance of an answer in the time since `before`, of one that had not come until then; both as chances by that moment. */
export function chanceSince(before: number, now: number): number {
  return now > before ? (now - before) / Math.max(1e-9, 1 - before) : 0;
}

function doubtOf(chance: number): number {
  return -Math.log(1 - Math.min(MOST_EXPECTED, chance));
}
