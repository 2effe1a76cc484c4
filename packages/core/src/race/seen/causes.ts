import type { Cause } from "../../model/decision.ts";
import type { Leg } from "../leg.ts";
import { pathOnly } from "../path-only.ts";

/** Exits of one target whose last trouble is remembered; older ones are forgotten first. */
const MOST = 1_000;
/** Stands for the target as a whole. */
const ALL = -1;

type Kept = Omit<Cause, "agoMs"> & { readonly at: number };

/** Why exits keep away from a target: the answer that brought it. Written only when something goes wrong. */
export class Causes {
  readonly #byExit = new Map<number, Kept>();

  exit(leg: Leg, reason: string, retryAfterMs: number | undefined, now: number): void {
    this.#keep(leg.exitIndex, leg, reason, retryAfterMs, now);
  }

  target(leg: Leg, reason: string, retryAfterMs: number | undefined, now: number): void {
    this.#keep(ALL, leg, reason, retryAfterMs, now);
  }

  /** @param exit the exit, or `undefined` for the target as a whole */
  of(exit: number | undefined, now: number): Cause | undefined {
    const kept = this.#byExit.get(exit ?? ALL);
    if (kept === undefined) return undefined;
    const { at, ...rest } = kept;
    return { agoMs: Math.max(0, Math.round(now - at)), ...rest };
  }

  /** The index is given to another exit. */
  forget(exit: number): void {
    this.#byExit.delete(exit);
  }

  #keep(key: number, { job, reason: said }: Leg, reason: string, retryAfterMs: number | undefined, now: number): void {
    const { request } = job;
    this.#byExit.delete(key);
    const oldest = this.#byExit.size < MOST ? undefined : this.#byExit.keys().next().value;
    if (oldest !== undefined) this.#byExit.delete(oldest);
    this.#byExit.set(key, { at: now, reason: said === undefined || said === reason ? reason : `${reason}: ${said}`, request: `${request.method} ${pathOnly(request)}`, task: job.id, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
}
