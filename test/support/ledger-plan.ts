/** What every process of a fleet does, as text on its command line. */
export interface FleetPlan {
  readonly storeUrl: string;
  readonly exchangePort: number;
  readonly exits: readonly string[];
  readonly limits: FleetLimits;
  readonly onUnavailable: "local-share" | "closed" | "open";
  /** Requests that count only by their number, a second, of one process. */
  readonly lightPerSecond: number;
  /** Loops that always have one heavy request waiting, and loops that always have an order waiting. */
  readonly heavyLoops: number;
  readonly orderLoops: number;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Three limits that are linked: every request counts on the second, some on the first or the third as well. */
export interface FleetLimits {
  readonly weight: number;
  readonly weightMs: number;
  readonly raw: number;
  readonly rawMs: number;
  readonly orders: number;
}

export const HEAVY = 10;
export const ORDERS_MS = 10_000;

export interface WorkerReport {
  readonly sent: number;
  readonly failed: number;
  readonly modes: readonly string[];
  readonly slices: number;
  readonly store: number;
  readonly alone: number;
  readonly roundTrips: number;
}
