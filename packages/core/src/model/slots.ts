import type { Duration } from "../time/duration.ts";
import type { RequestInfo } from "./request.ts";

export interface SlotOptions<T> {
  /**
   * How many slots work side by side; 1 is strictly one after the other. `"auto"`: as many as there are items in the list, exits
   * that can take work, and attempts that the backend takes (`backendLimit`), whichever is least. A number is held to the last two.
   */
  slots: number | "auto";
  /**
   * What a slot waits between the end of one item and its next.
   * @default 0
   */
  interBatchDelay?: Duration;
  /**
   * What all slots wait between two cycles, beyond `interBatchDelay`.
   * @default 0
   */
  cycleCooldown?: Duration;
  /**
   * How often all items are worked through; `Infinity` polls for ever. They are iterated anew each time.
   * @default 1
   */
  cycles?: number;
  /**
   * Names the unit of work: in hints, events and results, and to tell when an item is ready again.
   * @default a name of the run's own; an item is known by its value or identity
   */
  batchId?: (item: T) => string;
  /**
   * An item is ready again so long after it was taken.
   * @default 0
   */
  processDelay?: Duration | ((item: T) => Duration);
  /** What the lease of an item reserves. Without it the lease pins an exit and reserves nothing; its requests do so themselves. */
  request?: (item: T) => RequestInfo;
  /** Aborts the run. */
  signal?: AbortSignal;
}

/** What a worker is told beside its item and its lease. */
export interface SlotBatch {
  readonly id: string;
  /** From 0. */
  readonly slot: number;
  /** From 1. */
  readonly cycle: number;
  /** Fires when the run is aborted or the pool closes. */
  readonly signal: AbortSignal;
  /**
   * One step of several that belong together, such as buy and then sell: refused with `MH_ERR_STEP` where an earlier step of the
   * batch has failed or has not ended.
   *
   * @param succeeded false where the step has failed although it did not throw: `fetch` does not for a 500
   */
  step<R>(name: string, run: () => R | Promise<R>, succeeded?: (result: R) => boolean): Promise<R>;
}

/** @typeParam R what the worker resolves to */
export interface SlotResult<T, R = unknown> {
  item: T;
  slot: number;
  cycle: number;
  batchId: string;
  /** Empty where it never had one. */
  exit: string;
  status: "fulfilled" | "rejected";
  value?: R;
  reason?: unknown;
  /** When its worker began and ended, on the pool's own monotonic clock. */
  startedAt: number;
  endedAt: number;
}

/**
 * A run of slots. It goes on whether or not its results are read. Results that nobody reads are kept up to 1,000, the newest;
 * once they are read, slots take no further item while 1,000 wait. Leaving the loop stops the run.
 */
export interface SlotRun<T, R = unknown> extends AsyncIterable<SlotResult<T, R>> {
  /** Names it in events and in the status. */
  readonly id: string;
  /**
   * Resolves when every item is done, or after `stop`. Rejects with the reason of `abort` or the signal, with the error of a
   * source that failed, `MH_ERR_NO_EXIT` where there is no exit, `MH_ERR_CLOSED` when the pool closes. Nobody has to look at it.
   */
  readonly done: Promise<void>;
  /**
   * More slots begin at once; of fewer, those that are at work finish first.
   * @throws RangeError where it is neither "auto" nor an integer of at least 1
   */
  resize(slots: number | "auto"): void;
  /** Takes no further item; resolves when what is running has ended. Warns after ten seconds of waiting, and says for what. */
  stop(): Promise<void>;
  /** Gives everything up at once: requests on the run's leases are aborted, and the exits are back even where a worker never ends. */
  abort(reason?: unknown): void;
  status(): SlotRunStatus;
}

export interface SlotRunStatus {
  run: string;
  /** As asked for. */
  slots: number | "auto";
  /** How many may work now, after what limits them. */
  allowed: number;
  /** What holds `allowed` below what was asked for. */
  limitedBy?: "exits" | "backend-limit" | "items";
  cycle: number;
  /** Workers that run. */
  running: number;
  /** Slots that have an item and wait for an exit. */
  waiting: number;
  /** Slots in their `interBatchDelay`. */
  pausing: number;
  /** Allowed slots without an item. */
  idle: number;
  /** Items that are done, and those of them that failed. */
  processed: number;
  failed: number;
  /** Results that nobody has read yet, and those that were dropped because nobody did. */
  unread: number;
  dropped: number;
  /** How much longer rounds are made because exits back off; 1 when none does. */
  stretch: number;
  /** Until a slot does something by itself; absent where only an event can wake one. */
  nextWakeUpMs?: number;
  /** Of the worker that has been running for longest. */
  longestMs?: number;
  /** "stopping": takes no further item. "ended": `done` is settled. */
  state: "running" | "stopping" | "ended";
}

export interface SlotsStatus extends Pick<SlotRunStatus, "running" | "waiting" | "pausing" | "idle" | "processed" | "failed" | "nextWakeUpMs"> {
  runs: SlotRunStatus[];
}
