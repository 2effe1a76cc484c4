import type { ExitTable } from "../exits/exit-table.ts";
import type { PoolHealth } from "../health/pool-health.ts";
import type { TargetHealth } from "../health/target-health.ts";
import type { Pauses } from "../quota/pauses.ts";
import type { Quota } from "../quota/quota.ts";
import type { Clock } from "../time/clock.ts";
import type { ServerClock } from "../time/server-clock.ts";

/** A target as far as there is something of it to remember; `Target` is one. */
export interface Remembered {
  readonly name: string;
  readonly pauses: Pauses;
  readonly quota: Quota | undefined;
  readonly health: TargetHealth;
  readonly serverClock: ServerClock;
  readonly desk: {
    /** Every exit's standing may be another now. */
    rescoredAll(): void;
  };
}

/** The targets of a pool; `Targets` is one. */
export interface RememberedTargets extends Iterable<Remembered> {
  get(name: string): Remembered | undefined;
}

/** What of a pool is remembered. */
export interface Parts {
  readonly clock: Clock;
  readonly table: ExitTable;
  readonly health: PoolHealth;
  readonly targets: RememberedTargets;
}
