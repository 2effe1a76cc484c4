const NEVER = 0xffff_ffff;
/** Room for what lies before the first moment: twelve days. */
const BEFORE = 2 ** 30;

/**
 * A moment for each of many, in four bytes: whole milliseconds, rounded up so that nothing comes too soon, on a scale that moves
 * on after five weeks. What lies more than twelve days before the first is as good as then; `Infinity` stays what it is.
 */
export class Moments {
  #at = new Uint32Array(0);
  #origin = Number.NaN;

  get(index: number): number {
    const at = this.#at[index];
    return at === NEVER ? Infinity : this.#origin + at;
  }

  /** @returns the moment as it is kept */
  set(index: number, moment: number): number {
    if (moment === Infinity) {
      this.#at[index] = NEVER;
      return Infinity;
    }
    if (Number.isNaN(this.#origin)) this.#origin = Math.floor(moment) - BEFORE;
    if (Math.ceil(moment - this.#origin) >= NEVER) this.#moveOn(moment);
    const at = Math.max(0, Math.ceil(moment - this.#origin));
    this.#at[index] = at;
    return this.#origin + at;
  }

  widen(length: number): void {
    const wider = new Uint32Array(length);
    wider.set(this.#at);
    this.#at = wider;
  }

  #moveOn(moment: number): void {
    const by = Math.floor(moment) - 2 * BEFORE - this.#origin;
    for (let i = 0; i < this.#at.length; i++) if (this.#at[i] !== NEVER) this.#at[i] = Math.max(0, this.#at[i] - by);
    this.#origin += by;
  }
}
