import type { Task } from "../arena.ts";
import type { Attempt } from "../network.ts";
import type { Cell } from "./beliefs.ts";

/** One attempt and why it was made. */
export interface Leg {
  readonly task: Work;
  readonly cell: Cell;
  readonly probe: boolean;
  /** In seconds. */
  readonly startedAt: number;
  readonly scale: number;
  /** Started with hardly a doubt about proxy and host: what it shows is how long answers take. */
  readonly clean: boolean;
}

/** A task at work. */
export interface Work extends Task {
  readonly legs: Map<Attempt, Leg>;
  hedgeTimer: unknown;
}
