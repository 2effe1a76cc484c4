/**
 * A run of failures as unlikely as 1 in 1,000 if the target were well. So rare a mistake costs little: the next success at
 * the target ends it.
 */
const CERTAIN = Math.log(1_000);
/** No exit is so good that one failure of it says more than this: ln(1 / (1 - 0.9)), so it takes at least three exits. */
const MOST_EXPECTED = 0.9;

/**
 * Whose fault is it when exit after exit fails at one target? Every exit that was expected to succeed there and fails makes
 * it less likely that the target is well, by the chance that it would have failed anyway. Exits of which nobody knows whether
 * they work say nothing, so that a list of dead proxies never excuses itself. The first success at the target ends the doubt.
 */
export class Blame {
  #doubt = 0;
  /** Exits that took part in this run of failures. */
  exits = 0;
  /** The target fails everywhere: failures there are its own until something succeeds. */
  standing = false;

  get doubted(): boolean {
    return this.exits > 0;
  }

  /**
   * An exit has failed for the first time since it last succeeded here: one that is down says it once.
   *
   * @param expected its chance of success, as it was known before
   * @returns true when this is the failure that proves it
   */
  failed(expected: number): boolean {
    if (this.standing || !(expected > 0)) return false;
    this.#doubt -= Math.log(1 - Math.min(MOST_EXPECTED, expected));
    this.exits++;
    this.standing = this.#doubt >= CERTAIN;
    return this.standing;
  }

  /** @returns true when this ends a blame */
  succeeded(): boolean {
    const ended = this.standing;
    this.#doubt = 0;
    this.exits = 0;
    this.standing = false;
    return ended;
  }
}
