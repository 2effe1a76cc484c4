import type { Leg } from "../leg.ts";

/** A shared lease whose last connection has ended goes back after so long: long enough to connect again. */
export const IDLE_MS = 30_000;

/** Where something was called; reads like the frames of an error. */
export interface Site {
  readonly stack: string;
}

/** What the holders of one lease have in common. */
export class Held {
  readonly leg: Leg;
  readonly site: Site | undefined;
  holders = 0;
  /** Connections and requests that are under way on it. */
  uses = 0;
  settled = false;

  constructor(leg: Leg, site: Site | undefined) {
    this.leg = leg;
    this.site = site;
  }

  /** The last holder gives the lease back. */
  drop(): void {
    if (--this.holders === 0 && !this.leg.over) this.leg.release();
  }

  /** Something is sent on it. */
  begin(): void {
    const { leg } = this;
    if (this.uses++ === 0 && leg.job.shared) leg.engine.timers.remove(leg);
  }

  end(): void {
    const { leg } = this;
    if (--this.uses > 0 || leg.over || !leg.job.shared) return;
    leg.engine.timers.add(leg, leg.engine.clock.now(), IDLE_MS);
  }
}

/** Of a lease that a caller holds; `undefined` of an attempt of an adapter's. */
export function heldOf(leg: Leg): Held | undefined {
  return leg.driverState instanceof Held ? leg.driverState : undefined;
}
