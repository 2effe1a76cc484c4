import type { Values } from "../params.ts";

/** A cheaper way to ask. */
export interface Advice {
  readonly change: string;
  readonly weight: number;
  readonly saves: number;
}

/** One closed form of a rule: what it reads, what it weighs, and what it has to say about it. */
export interface Form {
  /** Parameters that it looks at; none: the weight is always `max`. */
  readonly names: readonly string[];
  readonly min: number;
  readonly max: number;
  weigh(values: Values): number;
  /** Cheaper ways, best known first. Without values: for any request of that weight. */
  advise(weight: number, values?: Values): Advice[];
  /** Which requests weigh that, for reports: `"limit 101 to 500"`. */
  band(weight: number): string | undefined;
  /** Parameters that could not be read. */
  unclear(values: Values): string[];
}

/** As it is printed in a warning: short, and free of control characters. */
export function shown(value: string): string {
  const clean = value.replace(/[^\x20-\x7e]/g, "?");
  return clean.length > 40 ? `${clean.slice(0, 40)}…` : clean;
}
