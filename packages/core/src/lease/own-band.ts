/** What differs from the usual by less than e^1.1, three times, is chance or no matter among addresses of one machine; and so far above the usual another way begins to be worth more. */
const WIDTH = 1.1;
/** The usual worth follows one in twenty … */
const GAIN = 0.05;
/** … and is told anew once it has moved by half of the width: what stands in one list takes turns there. */
const STEP = WIDTH / 2;

/**
 * The machine's own addresses share the work: they lead the same way, and what one of them seems to be worth more than another is
 * mostly chance. Those whose worth is near the usual count alike; what is far from it, dead or many times slower, counts as what it is.
 */
export class OwnBand {
  /** Logarithm of the usual worth, as it is told and as it is. */
  #told = Number.NaN;
  #usual = Number.NaN;

  /** Does it count like the others? @param ln logarithm of its worth */
  has(ln: number): boolean {
    return Math.abs(ln - this.#told) <= WIDTH;
  }

  /** The worth that stands for its own. */
  level(ln: number): number {
    return this.has(ln) ? this.#told : ln;
  }

  /** One that is in use is worth so much. @returns true where all are to be put in their places anew */
  saw(ln: number): boolean {
    // Upwards at once: what shows that all may be better is that one of them is, and until the others are looked at anew it would have all the work.
    const jumps = Number.isNaN(this.#usual) || ln > this.#told + WIDTH;
    this.#usual = jumps ? ln : this.#usual + GAIN * (ln - this.#usual);
    if (Math.abs(this.#usual - this.#told) <= STEP) return false;
    this.#told = this.#usual;
    return true;
  }
}
