/** In units of a proxy's own time scale, thirds of an octave from 1/16: as the adaptive policy counts them. */
const EDGES: readonly number[] = Array.from({ length: 36 }, (_, bin) => 2 ** (bin / 3 - 4));

export interface Cut {
  /** Successes per second that an attempt brings which is given up at `at`. */
  readonly index: number;
  /** In seconds. */
  readonly at: number;
}

/** How long answers take where that is known and need not be learnt: successes and failures that answer come by one law. */
export class KnownCurve {
  /** Of the answers to come, the share that has come by the end of each bin. */
  readonly #come: readonly number[];
  /** How long an attempt waits on average that is given up then. */
  readonly #waited: readonly number[];
  /** Share of the failures that answer. */
  readonly #answering: number;

  /**
   * @param share of all answers, by elapsed time
   * @param success share of attempts that succeed; @param answered share that fails with an answer
   */
  constructor(share: (r: number) => number, success: number, answered: number) {
    const all = share(EDGES[EDGES.length - 1]);
    this.#answering = Math.min(1, (answered * all) / (1 - success * all));
    this.#come = EDGES.map((edge) => share(edge) / all);
    let waited = 0;
    this.#waited = EDGES.map((edge, bin) => (waited += (edge - (EDGES[bin - 1] ?? 0)) * (1 - ((this.#come[bin - 1] ?? 0) + this.#come[bin]) / 2)));
  }

  /** The time by which that share of the answers has come, straight between the ends of bins. */
  quantile(share: number): number {
    const found = this.#come.findIndex((come) => come >= share);
    const bin = found < 0 ? EDGES.length - 1 : found;
    const from = EDGES[bin - 1] ?? 0;
    const below = this.#come[bin - 1] ?? 0;
    const rise = this.#come[bin] - below;
    return rise <= 0 ? EDGES[bin] : from + (EDGES[bin] - from) * Math.min(1, (share - below) / rise);
  }

  /** When an attempt that succeeds with likelihood `p` is best given up: successes to be had by then over the time that it takes. */
  best(p: number, scale: number, limit: number): Cut {
    let index = 0;
    let at = 0;
    for (let bin = 0; bin < EDGES.length && EDGES[bin] * scale <= limit; bin++) {
      const failing = this.#answering * this.#waited[bin] + (1 - this.#answering) * EDGES[bin];
      const value = (p * this.#come[bin]) / (p * this.#waited[bin] + (1 - p) * failing);
      if (value <= index) continue;
      index = value;
      at = bin;
    }
    return { index: index / scale, at: EDGES[at] * scale };
  }
}
