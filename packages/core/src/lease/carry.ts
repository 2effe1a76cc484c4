/** Two refusals of one exit within this time are no accident; the first alone only pauses it. */
const FREQUENT_MS = 60_000;
/** Every so long a tenth of what it carried before is given back, so that all of it is back after less than two minutes … */
const GIVE_BACK_EVERY_MS = 10_000;
/** … which is slow beside a window of a minute, and beside the pauses that a server asks for. */
const GIVE_BACK_SHARE = 0.1;

/**
 * How much exits may carry at once at one target. A 429 pauses its exit; when they come again and again although nothing is
 * sent meanwhile, what is too much is what is sent together: it is halved, and given back bit by bit (additive increase,
 * multiplicative decrease, as TCP does it: RFC 5681).
 */
export class Carry {
  /** By then everything has been given back; until then somebody may be held to less. */
  until = 0;
  /** What an exit could carry right after it was refused; 0: any number. */
  #most = new Uint16Array(0);
  /** In flight when it was first held to less: at so many it is free again. */
  #before = new Uint16Array(0);
  #refusedAt = new Float64Array(0);
  #shrunkAt = new Float64Array(0);

  /**
   * An attempt of the exit was refused.
   *
   * @param inFlight attempts of it at this target, this one included
   * @param sentAt when it was sent: those that were under way when the last one was refused say nothing new
   * @returns how many it may carry from now on, where that is less than before
   */
  refused(exit: number, inFlight: number, sentAt: number, now: number): number | undefined {
    if (exit >= this.#most.length) this.#widen(exit);
    const last = this.#refusedAt[exit];
    if (last > 0 && sentAt <= last) return undefined;
    this.#refusedAt[exit] = now;
    // 0 is "never"; a clock may begin below a minute.
    if (last === 0 || now - last > FREQUENT_MS) return undefined;
    const held = this.mostOf(exit, now);
    if (held === Infinity) this.#before[exit] = Math.min(0xffff, Math.max(2, inFlight));
    // Held to less, it carried that when this was sent; by now some of it may have ended well.
    this.#most[exit] = Math.max(1, Math.floor(Math.min(held === Infinity ? inFlight : held, 0xffff) / 2));
    this.#shrunkAt[exit] = now;
    this.until = Math.max(this.until, now + this.#wholeAfterMs(exit));
    return this.#most[exit];
  }

  /** `Infinity`: any number. */
  mostOf(exit: number, now: number): number {
    const most = this.#most[exit] ?? 0;
    if (most === 0) return Infinity;
    const back = most + Math.floor((now - this.#shrunkAt[exit]) / GIVE_BACK_EVERY_MS) * this.#stepOf(exit);
    return back >= this.#before[exit] ? Infinity : back;
  }

  /** The index is given to another exit. */
  forget(exit: number): void {
    if (exit < this.#most.length) this.#most[exit] = this.#refusedAt[exit] = 0;
  }

  #stepOf(exit: number): number {
    return Math.max(1, Math.ceil(this.#before[exit] * GIVE_BACK_SHARE));
  }

  #wholeAfterMs(exit: number): number {
    return Math.ceil((this.#before[exit] - this.#most[exit]) / this.#stepOf(exit)) * GIVE_BACK_EVERY_MS;
  }

  #widen(exit: number): void {
    const length = Math.max(8, exit + 1 + (exit >>> 1));
    const widened = <A extends Uint16Array | Float64Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    this.#most = widened(this.#most, new Uint16Array(length));
    this.#before = widened(this.#before, new Uint16Array(length));
    this.#refusedAt = widened(this.#refusedAt, new Float64Array(length));
    this.#shrunkAt = widened(this.#shrunkAt, new Float64Array(length));
  }
}
