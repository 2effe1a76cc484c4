import type { Leg } from "./leg.ts";

export const NO_EXITS: readonly number[] = [];
export const NO_LEGS: readonly Leg[] = [];
/** So many exits are avoided in a further round; `maxAttempts` may be Infinity. */
const MOST_TRIED = 16;

/** The exits that a request has been sent by, latest last. */
export function alsoTried(tried: readonly number[], legs: readonly Leg[]): readonly number[] {
  const fresh = legs.map((leg) => leg.exitIndex).filter((exit) => !tried.includes(exit));
  return [...tried, ...fresh].slice(-MOST_TRIED);
}
