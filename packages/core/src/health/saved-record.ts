/** What is known of an exit whatever the target. */
export interface ExitRecord {
  readonly success: number;
  readonly fail: number;
  readonly successRate: number;
  readonly dead: boolean;
  readonly onTrial: boolean;
}

/** A record as plain values; times are relative, so they can be read on another clock. */
export interface SavedRecord {
  readonly success: number;
  readonly fail: number;
  /** The last outcomes as bits, the newest lowest, and how many of them there are. */
  readonly outcomes: number;
  readonly samples: number;
  /** Since the last success; `undefined`: never. */
  readonly sinceSuccessMs: number | undefined;
  /** Failures since it was last read from a source, if it had no success since. */
  readonly barren: number;
  readonly hadSuccess: boolean;
  readonly dead: boolean;
  readonly onTrial: boolean;
  readonly deaths: number;
  readonly refreshesToSitOut: number;
}
