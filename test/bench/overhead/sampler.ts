import process from "node:process";

/** What is measured: `burst` requests in one call. */
export interface Contestant {
  readonly name: string;
  readonly burst: number;
  run(requests: number): void | Promise<void>;
}

export interface Figure {
  readonly name: string;
  /** CPU of a request, in microseconds: the lowest of all samples, because whatever else runs on the machine only ever adds. */
  readonly lowest: number;
  readonly median: number;
}

/** All in turn, again and again, so that what the machine does meanwhile falls on all of them alike. */
export async function sampleInTurn(contestants: readonly Contestant[], rounds: number): Promise<Figure[]> {
  const samples = contestants.map((): number[] => []);
  for (const { run, burst } of contestants) for (let warmUp = 0; warmUp < 3; warmUp++) await run(burst);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run, burst }] of contestants.entries()) {
      const before = process.cpuUsage();
      await run(burst);
      const { user, system } = process.cpuUsage(before);
      samples[index].push((user + system) / burst);
    }
  }
  return contestants.map(({ name }, index) => {
    const sorted = samples[index].toSorted((a, b) => a - b);
    return { name, lowest: sorted[0], median: sorted[sorted.length >> 1] };
  });
}

/** A section of the report: the first is bare, of the others it is said what they add. */
export function tableOf(title: string, figures: readonly Figure[]): string {
  const [bare] = figures;
  const lines = figures.map(({ name, lowest, median }, index) => {
    const added = index === 0 ? "" : (lowest - bare.lowest).toFixed(2);
    const share = index === 0 ? "" : `${((100 * (lowest - bare.lowest)) / bare.lowest).toFixed(0)} %`;
    return `${name.padEnd(52)}${lowest.toFixed(2).padStart(10)}${median.toFixed(2).padStart(10)}${added.padStart(10)}${share.padStart(10)}`;
  });
  return [`${title.padEnd(52)}${"lowest".padStart(10)}${"median".padStart(10)}${"added".padStart(10)}${"".padStart(10)}`, ...lines].join("\n");
}
