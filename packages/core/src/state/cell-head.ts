// 200,000 cells have to fit into 5 MB of text with their exits' names: some 15 bytes each. Most fields of most cells are small or
// zero, so a cell in a file is a list of flags and of the numbers that they announce.

/** Six bits hold the number of outcomes, up to 32; the flags stand above. */
export const SAMPLES = 63;
export const LEVEL = 1 << 6;
export const RUN = 1 << 7;
export const WARNED = 1 << 8;
export const LATENCY = 1 << 9;
export const SUCCEEDED = 1 << 10;
export const COOLS = 1 << 11;
/** Successes and failures are those of the outcomes, and not written: so it is with most exits of a long list at most hosts. */
export const FEW = 1 << 12;

/** Ten numbers of at most eight bytes, and the outcomes. */
export const LONGEST_CELL = 96;

/** Recency is counted in minutes: the last success is kept to the second. */
export const AGE_MS = 1_000;
