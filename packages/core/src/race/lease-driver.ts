import type { Driver, Leg } from "../model/lease.ts";

/** Hands the leg itself to whoever asked for a lease. Nothing is sent here: its holder sends, settles and releases. */
export class LeaseDriver implements Driver {
  leg: Leg | undefined;
  readonly #grant: (leg: Leg) => void;
  readonly #refuse: (error: unknown) => void;

  constructor(grant: (leg: Leg) => void, refuse: (error: unknown) => void) {
    this.#grant = grant;
    this.#refuse = refuse;
  }

  start(leg: Leg): void {
    this.leg = leg;
    this.#grant(leg);
  }

  /** Only the end of the pool stops a lease by hand. */
  stop(leg: Leg): void {
    leg.release();
  }

  deliver(): void {}

  reject(error: unknown): void {
    this.#refuse(error);
  }
}
