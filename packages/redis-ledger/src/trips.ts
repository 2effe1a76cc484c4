/** A slow answer is remembered for one to two of these. */
const SPAN_MS = 10_000;

/**
 * How long it lately took at most from a grant to its answer: somewhere in between the request arrived. A grant is no arrival, and
 * what is granted at the end of a window may be counted in the next one.
 */
export class Trips {
  #most = 0;
  #before = 0;
  #endsAt = 0;

  learn(ms: number, now: number): void {
    this.#turn(now);
    if (ms > this.#most) this.#most = ms;
  }

  longest(now: number): number {
    this.#turn(now);
    return Math.max(this.#most, this.#before);
  }

  #turn(now: number): void {
    if (now < this.#endsAt) return;
    this.#before = now < this.#endsAt + SPAN_MS ? this.#most : 0;
    this.#most = 0;
    this.#endsAt = now + SPAN_MS;
  }
}
