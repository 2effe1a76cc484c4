/** A first request that has brought no answer for so long keeps the others waiting no longer. */
const PATIENCE_MS = 1_000;

const NEW = 0;
const ASKED = 1;
const KNOWN = 2;

/**
 * Rows whose server-side count has not been heard of yet. A program that was killed has left its window half spent: the
 * first request goes alone, and its answer's header says what is left. Else a restart would be a volley of refusals.
 */
export class Newcomers {
  #state = new Uint8Array(8);
  readonly #askedAt = new Map<number, number>();

  /** Must a request wait for the answer to an earlier one? */
  waits(row: number, now: number): boolean {
    if (row >= this.#state.length || this.#state[row] !== ASKED) return false;
    if (now < this.until(row)) return true;
    this.heard(row);
    return false;
  }

  until(row: number): number {
    return (this.#askedAt.get(row) ?? -Infinity) + PATIENCE_MS;
  }

  taken(row: number, now: number): void {
    if (row >= this.#state.length) this.#widen(row);
    if (this.#state[row] === NEW) this.ask(row, now);
  }

  /** From now on everybody waits for an answer. */
  ask(row: number, now: number): void {
    this.#state[row] = ASKED;
    this.#askedAt.set(row, now);
  }

  /** @returns did somebody have to wait for this? */
  heard(row: number): boolean {
    if (this.#state[row] !== ASKED) return false;
    this.#state[row] = KNOWN;
    this.#askedAt.delete(row);
    return true;
  }

  /** It was never sent: the next one asks. */
  unsent(row: number): void {
    if (this.#state[row] !== ASKED) return;
    this.#state[row] = NEW;
    this.#askedAt.delete(row);
  }

  /** What the row has used is known from elsewhere. */
  know(row: number): void {
    if (row >= this.#state.length) this.#widen(row);
    this.#state[row] = KNOWN;
    this.#askedAt.delete(row);
  }

  #widen(row: number): void {
    const wider = new Uint8Array(Math.max(this.#state.length * 2, row + 1));
    wider.set(this.#state);
    this.#state = wider;
  }
}
