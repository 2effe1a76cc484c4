/** A request that was given to the pool: a promise of its answer, with a name and a way to call it off. */
export interface TaskHandle<R> extends Promise<R> {
  /** Names the task in log lines and events. */
  readonly id: string;
  /** Gives the task up, whether it waits or runs: its attempts are stopped, the promise rejects with `reason`. Later than its end it does nothing. */
  cancel(reason?: unknown): void;
}

/** How an item ended. */
// The names that are not there are undefined, so that `{ item, value, reason }` can be taken apart before the status is asked.
export type Settled<T, R> = { item: T; status: "fulfilled"; value: R; reason?: undefined } | { item: T; status: "rejected"; reason: unknown; value?: undefined };

export interface MapOptions {
  /**
   * How many items are worked on at a time.
   * @default `maxInFlight` of the pool, else 100
   */
  concurrency?: number;
  /**
   * Results in the order of their items instead of in the order in which they came.
   * @default false
   */
  ordered?: boolean;
  /** Ends the iteration: what runs is aborted, the iterator throws the signal's reason. */
  signal?: AbortSignal;
}
