import type { Hints } from "../model/request.ts";

/** How the engine is to drive a request. */
export interface Wanted {
  hints: Hints | undefined;
  timeoutMs: number | undefined;
  shared: boolean;
  /** A lease by hand: one attempt, no race, settled by its holder. */
  byHand: boolean;
  /** For a slot: an exit that serves no other. */
  exclusive?: boolean;
  /** Rejects unless it succeeds, and rather than wait for a place in the queue. */
  strict?: boolean;
}
