import type { Driver, Lease } from "../../model/lease.ts";
import type { Site } from "./held.ts";
import type { Leg } from "../leg.ts";

const NOBODY = (): void => {};

/** Hands the lease to whoever asked for one. Nothing is sent here: its holder sends, settles and releases. */
export class LeaseDriver implements Driver {
  readonly #site: Site | undefined;
  #grant: (lease: Lease) => void;
  #refuse: (error: unknown) => void;

  /** @param site where the lease was asked for */
  constructor(grant: (lease: Lease) => void, refuse: (error: unknown) => void, site?: Site) {
    this.#grant = grant;
    this.#refuse = refuse;
    this.#site = site;
  }

  start(leg: Leg): void {
    const grant = this.#grant;
    // The attempt points here as long as it is out; what knows of the lease must not be found this way.
    this.#grant = this.#refuse = NOBODY;
    grant(leg.engine.hands.give(leg, this.#site));
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
