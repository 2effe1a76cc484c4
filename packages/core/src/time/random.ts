/** Chance as the system has it. */
export const systemRandom: () => number = Math.random;
