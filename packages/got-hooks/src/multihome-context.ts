import type { Hints } from "@multihome/core";

/**
 * What `context` may carry for the pool. got's own type of it takes anything, so that a check has to be asked for:
 * `context: { multihome: { priority: 1 } } satisfies MultihomeContext`.
 */
export interface MultihomeContext extends Record<string, unknown> {
  multihome?: Hints;
}
