/** A request that was written may still arrive this long after, at most: what is lost on the way is not repeated for longer. */
const LONGEST_MS = 5_000;
const SHORTEST_MS = 1_000;
/** Slower than any trip seen lately, for those that we cannot see the end of. */
const SAFETY = 1.5;
/** A longest trip is half forgotten after some 700 answers. */
const FORGET = 0.999;

/** How long requests to one target are on their way, learnt from answers. */
export class Trips {
  #longestMs = LONGEST_MS / SAFETY;
  /** The longest round trip of late; 0 before the first. */
  roundMs = 0;

  learn(ms: number): void {
    this.#longestMs = Math.max(this.#longestMs * FORGET, ms);
    this.roundMs = Math.max(this.roundMs * 0.99, ms);
  }

  /** From when on a request that was given up has arrived or never will. */
  arrivedBy(sentAt: number, now: number): number {
    return Math.max(now, sentAt + Math.min(LONGEST_MS, Math.max(SHORTEST_MS, this.#longestMs * SAFETY)));
  }
}
