/** A window is looked at in so many parts: programs that work by the clock do it at the same part of each minute. */
export const PARTS = 6;

/** How much of a window's figures replaces what was believed: of the last five or so. */
const LEARN = 0.3;
/** The largest burst is half forgotten after some 35 windows without one like it. */
const FORGET = 0.98;

/** Where others spend such a share of what they do in a part on average, a burst may come that has only been seen elsewhere. */
const ALIKE = 0.7;

/** Of what came between two looks, so much of what is usual then is taken to have come evenly. */
const EXPLAINED = 0.8;

/** What others spend in the parts of a window. Phases run from 0 at its turn to 1 at its end. */
export class Profile {
  /** Units that they usually spend in each part. */
  readonly #usual = new Float64Array(PARTS);
  /** The most by which what came at once was above that. */
  readonly #bursts = new Float64Array(PARTS);
  /** This window's. */
  readonly #spent = new Float64Array(PARTS);
  readonly #leaps = new Float64Array(PARTS);
  /** What is usual is a guess: the next window that is seen replaces it. */
  #guessed = true;
  /** The guess is of this window: its own figures are what made us guess. */
  #fresh = false;

  /** Units in a window, as far as is believed. */
  get all(): number {
    return sum(this.#usual, 0, PARTS) + Math.max(...this.#bursts);
  }

  /** `units` were spent between two looks. */
  note(units: number, from: number, to: number): void {
    if (units <= 0) return;
    const begin = Math.min(PARTS, Math.max(0, from * PARTS));
    const end = Math.min(PARTS, Math.max(begin + 1e-6, to * PARTS));
    for (let part = Math.floor(begin); part < end; part++) this.#spent[part] += (units * (Math.min(end, part + 1) - Math.max(begin, part))) / (end - begin);
    const last = Math.min(PARTS - 1, Math.floor(end));
    this.#leaps[last] = Math.max(this.#leaps[last], units - sum(this.#usual, begin, end) * EXPLAINED);
    if (!this.#guessed) {
      this.#bursts[last] = Math.max(this.#bursts[last], this.#leaps[last]);
      return;
    }
    // What is not known is taken to be at least as much, part for part, as has been seen; of half a window, for little says little.
    const spent = sum(this.#spent, 0, PARTS);
    const each = spent / Math.max(PARTS / 2, end);
    for (let part = 0; part < PARTS; part++) this.#usual[part] = Math.max(this.#usual[part], each);
  }

  /** Others want more: so many units in each part, until it has been seen what they take. */
  guess(more: number, most: number): void {
    for (let part = 0; part < PARTS; part++) this.#usual[part] = Math.min(most, this.#usual[part] + more);
    this.#guessed = this.#fresh = true;
  }

  /** Units that others usually spend from there to the end: then and there, or at any time, whichever is more. */
  usual(from: number): number {
    return Math.max(sum(this.#usual, from * PARTS, PARTS), sum(this.#usual, 0, PARTS) * (1 - from));
  }

  /**
   * The largest burst that may come from there to the end.
   *
   * @param elsewhere so much at most of one that was only seen in other parts
   */
  burst(from: number, elsewhere: number): number {
    const first = Math.min(PARTS - 1, Math.floor(from * PARTS));
    const alike = (sum(this.#usual, 0, PARTS) / PARTS) * ALIKE;
    let most = 0;
    let other = 0;
    let isAlike = false;
    for (let part = 0; part < PARTS; part++) {
      const burst = this.#bursts[part];
      if (part < first) other = Math.max(other, burst);
      else {
        most = Math.max(most, burst);
        isAlike ||= this.#usual[part] > alike;
      }
    }
    if (isAlike) most = Math.max(most, Math.min(other, elsewhere));
    // Of a first window little is known: what came at once in it may come at once again.
    if (this.#guessed) for (const leap of this.#leaps) if (leap > most) most = leap;
    return most;
  }

  /**
   * The window has ended; it was seen in between.
   *
   * @param windows how many have passed since
   * @param unseen what to add to each part when so little was seen of it that room must be made to look
   */
  finish(from: number, to: number, windows: number, unseen: number, most: number): void {
    const little = to - from < 0.5;
    const spent = sum(this.#spent, 0, PARTS);
    for (let part = 0; part < PARTS; part++) {
      const seen = Math.max(0, Math.min(to * PARTS, part + 1) - Math.max(from * PARTS, part));
      if (this.#guessed) {
        if (!little && !this.#fresh) this.#usual[part] = seen > 0.5 ? this.#spent[part] / seen : spent / ((to - from) * PARTS);
      } else {
        // What was not seen is taken to have gone on as usual.
        this.#usual[part] += (this.#spent[part] + this.#usual[part] * (1 - seen) - this.#usual[part]) * LEARN;
      }
      this.#bursts[part] *= FORGET ** Math.min(50, Math.max(1, windows));
    }
    this.#guessed = little || this.#fresh;
    if (little && !this.#fresh) this.guess(unseen, most);
    this.#fresh = false;
    this.#spent.fill(0);
    this.#leaps.fill(0);
  }
}

/** Units of whole and broken parts. */
function sum(parts: Float64Array, from: number, to: number): number {
  let units = 0;
  for (let part = Math.max(0, Math.floor(from)); part < to && part < PARTS; part++) units += parts[part] * (Math.min(to, part + 1) - Math.max(from, part));
  return units;
}
