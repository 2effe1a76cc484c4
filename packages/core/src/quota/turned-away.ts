/** So much was refused, and until when nobody need ask for as much again. */
interface Refusal {
  units: number;
  until: number;
}

/**
 * Counters that a ledger said have no room: whoever asks for as much waits until the ledger said that there may be some. A
 * lighter request may still ask. Nothing is kept where nobody is refused.
 */
export class TurnedAway {
  readonly #rows = new Map<number, Refusal>();

  add(row: number, units: number, until: number, now: number): void {
    const known = this.#rows.get(row);
    if (known === undefined || known.until <= now) {
      this.#rows.set(row, { units, until });
      return;
    }
    // The lighter one that was refused speaks for the heavier ones; nobody waits less for it.
    known.units = Math.min(known.units, units);
    known.until = Math.max(known.until, until);
  }

  /** Until when somebody who wants so many need not ask; 0 where he may. */
  until(row: number, units: number, now: number): number {
    const known = this.#rows.get(row);
    if (known === undefined) return 0;
    if (known.until <= now) {
      this.#rows.delete(row);
      return 0;
    }
    return units >= known.units ? known.until : 0;
  }
}
