import { BINS, EDGES } from "./shape-bins.ts";

/** Likelihoods are told apart to 1/32, and straight between them: what is worth comparing differs by more. */
const LEVELS = 32;

/**
 * What an attempt is worth, by its likelihood of success and by how many bins it may last, for one shape: successes to be had
 * by the best moment to give up, over the time that it takes up until then. The table makes a comparison of two exits two
 * look-ups instead of some fifty divisions each; it is filled anew when the shape has changed, a thousand cells at most once a second.
 */
export class WorthTable {
  /** Logarithm of successes per time scale; row p, column last bin. */
  readonly #ln = new Float64Array((LEVELS + 1) * BINS);
  /** The bin at whose end to give up. */
  readonly #cut = new Uint8Array((LEVELS + 1) * BINS);

  fill(F: Float64Array, areaF: Float64Array, areaX: Float64Array, phi: number): void {
    for (let level = 0; level <= LEVELS; level++) {
      const p = level === 0 ? 1 / (4 * LEVELS) : level / LEVELS;
      let best = 0;
      let cut = 0;
      for (let bin = 0; bin < BINS; bin++) {
        const time = p * areaF[bin] + (1 - p) * (phi * areaX[bin] + (1 - phi) * EDGES[bin]);
        const value = (p * F[bin]) / time;
        if (value > best) {
          best = value;
          cut = bin;
        }
        this.#ln[level * BINS + bin] = Math.log(Math.max(1e-9, best));
        this.#cut[level * BINS + bin] = cut;
      }
    }
  }

  /** Logarithm of the successes per time scale that an attempt of likelihood `p` brings. */
  ln(p: number, lastBin: number): number {
    const at = Math.min(1, Math.max(0, p)) * LEVELS;
    const level = Math.min(LEVELS - 1, Math.floor(at));
    const from = this.#ln[level * BINS + lastBin];
    return from + (at - level) * (this.#ln[(level + 1) * BINS + lastBin] - from);
  }

  /** When it is best given up, in time scales. */
  cutAt(p: number, lastBin: number): number {
    const level = Math.round(Math.min(1, Math.max(0, p)) * LEVELS);
    return EDGES[this.#cut[level * BINS + lastBin]];
  }
}
