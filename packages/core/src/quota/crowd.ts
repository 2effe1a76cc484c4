/**
 * As many may be on their way when it may turn out that a window is fuller than was thought: they are refused together, and
 * whoever goes on after a refusal is banned. How many a server lets pass is not published anywhere; these are few, and still
 * enough to use what is left within some round trips.
 */
const MOST = 6;

/** How many requests are in flight of each row, units apart. */
export class Crowd {
  #inFlight = new Uint32Array(16);

  enter(row: number): void {
    if (row >= this.#inFlight.length) this.#widen(row);
    this.#inFlight[row]++;
  }

  /** @returns was it one too many for another one to go with them? */
  leave(row: number): boolean {
    if (!(this.#inFlight[row] > 0)) return false;
    return this.#inFlight[row]-- === MOST;
  }

  isFull(row: number): boolean {
    return this.#inFlight[row] >= MOST;
  }

  #widen(row: number): void {
    const wider = new Uint32Array(Math.max(this.#inFlight.length * 2, row + 1));
    wider.set(this.#inFlight);
    this.#inFlight = wider;
  }
}
