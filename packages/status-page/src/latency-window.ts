const SECONDS = 64;
/** Eight steps an octave: a quantile is right to 9 %. */
const PER_OCTAVE = 8;
/** Up to 2^22 ms, 70 minutes. */
const STEPS = 22 * PER_OCTAVE + 1;

/** How long requests took, second by second for a minute: 64 rows of 177 counts, whatever the traffic. */
export class LatencyWindow {
  readonly #counts = new Uint32Array(SECONDS * STEPS);
  #second = -1;

  add(now: number, latencyMs: number): void {
    const row = this.#row(now);
    // NaN and what lies below 1 ms go to the first step.
    this.#counts[row * STEPS + (latencyMs > 1 ? Math.min(STEPS - 1, Math.ceil(Math.log2(latencyMs) * PER_OCTAVE)) : 0)]++;
  }

  /** Quantiles over the last `seconds`, the running one included; `undefined` where nothing was told. */
  over(now: number, seconds: number): { p50: number; p99: number; samples: number } | undefined {
    const newest = this.#row(now);
    const sums = new Uint32Array(STEPS);
    let samples = 0;
    for (let age = 0; age < seconds; age++) {
      const at = ((newest - age + SECONDS) % SECONDS) * STEPS;
      for (let step = 0; step < STEPS; step++) {
        sums[step] += this.#counts[at + step];
        samples += this.#counts[at + step];
      }
    }
    return samples === 0 ? undefined : { p50: quantile(sums, 0.5 * samples), p99: quantile(sums, 0.99 * samples), samples };
  }

  #row(now: number): number {
    const second = Math.floor(now / 1_000);
    if (second > this.#second) {
      for (let s = Math.max(this.#second + 1, second - SECONDS + 1); s <= second; s++) this.#counts.fill(0, (s % SECONDS) * STEPS, (s % SECONDS) * STEPS + STEPS);
      this.#second = second;
    }
    return this.#second % SECONDS;
  }
}

function quantile(counts: Uint32Array, wanted: number): number {
  let seen = 0;
  for (let step = 0; step < STEPS; step++) {
    seen += counts[step];
    if (seen >= wanted && seen > 0) return step === 0 ? 1 : 2 ** (step / PER_OCTAVE);
  }
  return 2 ** ((STEPS - 1) / PER_OCTAVE);
}
