import type { Step } from "../table.ts";

export function stepWeight(steps: readonly Step[], value: number): number {
  for (const [upTo, weight] of steps) {
    if (upTo === "more" || value <= upTo) return weight;
  }
  return heaviest(steps);
}

export function heaviest(steps: readonly Step[]): number {
  return Math.max(...steps.map(([, weight]) => weight));
}

export function lightest(steps: readonly Step[]): number {
  return Math.min(...steps.map(([, weight]) => weight));
}

/** "101 to 500", "above 1000"; `undefined` when no step weighs that. */
export function stepRange(steps: readonly Step[], weight: number): string | undefined {
  const index = steps.findIndex((step) => step[1] === weight);
  if (index < 0) return undefined;
  const from = index === 0 ? 1 : (steps[index - 1][0] as number) + 1;
  const upTo = steps[index][0];
  if (upTo === "more") return index === 0 ? "any" : `above ${from - 1}`;
  return `${from} to ${upTo}`;
}
