/** What every process of a fleet does, as text on its command line. */
export interface FleetPlan {
  readonly storeUrl: string;
  readonly exchangePort: number;
  readonly exits: readonly string[];
  readonly onUnavailable: "local-share" | "closed" | "open";
  /** Loops that always have a request waiting. */
  readonly loops: number;
  /** What answers say is used is not looked at. */
  readonly mute: boolean;
  /** Nobody begins before all have met. */
  readonly processes: number;
}

/** What a process says when it has met the others; it is answered with when to end, in epoch milliseconds. */
export const MET = "met";

/** Weight of each request, which is an order too. */
export const WEIGHT = 10;

/**
 * Three limits that are linked: each request counts on all of them, and what two addresses may send by the first two is what
 * the account may place, so that each window can be filled, and none by more than a request.
 */
export const LIMITS = { weight: 2_000, weightMs: 5_000, raw: 400, rawMs: 10_000, orders: 800, ordersMs: 10_000 } as const;

export interface WorkerReport {
  readonly sent: number;
  readonly failed: number;
  readonly modes: readonly string[];
  readonly slices: number;
  readonly store: number;
  readonly alone: number;
  readonly roundTrips: number;
  readonly stoodStillMs: number;
}
