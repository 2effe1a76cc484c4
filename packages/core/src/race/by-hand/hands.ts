import { fileURLToPath } from "node:url";
import type { Lease } from "../../model/lease.ts";
import type { Engine } from "../engine.ts";
import { HandLease } from "./hand-lease.ts";
import { Held, type Site } from "./held.ts";
import type { Leg } from "../leg.ts";

/** A lease that is no connection and is held for longer is worth a word. */
export const HELD_LONG_MS = 300_000;
/** Where a lease was taken is kept for the first so many, and for one in so many after that: it costs 5 µs, a lease 2. */
const FIRST_SITES = 1_000;
const SITE_EVERY = 64;
const SITE_FRAMES = 12;

/** Frames of this package say nothing to whoever looks for a lease of his own. */
const OURS = new URL("../..", import.meta.url);
const OUR_PATHS: readonly string[] = [OURS.href, fileURLToPath(OURS)];

/**
 * Leases that callers hold. One that its holder has lost, so that nobody can release it any more, comes back by itself when
 * the garbage collector finds out, and is warned about with where it was taken.
 */
export class Hands {
  readonly #engine: Engine;
  readonly #registry = new FinalizationRegistry<Held>((held) => this.#forgotten(held));
  #taken = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Call it while the caller is on the stack: a lease that had to be waited for is granted from elsewhere. */
  site(): Site | undefined {
    const taken = this.#taken++;
    if (taken >= FIRST_SITES && taken % SITE_EVERY !== 0) return undefined;
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = SITE_FRAMES;
    const site = {} as Site;
    // Formatted when it is read, which is hardly ever.
    Error.captureStackTrace(site);
    Error.stackTraceLimit = stackTraceLimit;
    return site;
  }

  give(leg: Leg, site: Site | undefined): HandLease {
    const { engine } = leg;
    const held = new Held(leg, site);
    leg.driverState = held;
    if (!leg.job.shared) engine.timers.add(leg, leg.startedAt, HELD_LONG_MS);
    return this.handle(held);
  }

  /** One more holder. */
  handle(held: Held): HandLease {
    const handle = new HandLease(this, held);
    held.holders++;
    this.#registry.register(handle, held, handle);
    return handle;
  }

  released(handle: Lease, held: Held): void {
    this.#registry.unregister(handle);
    held.drop();
  }

  /** Its time has come: nobody has connected again, or it has been held for long. */
  due(leg: Leg): void {
    const held = leg.driverState as Held;
    if (leg.job.shared) {
      leg.reason = "idle";
      leg.release();
      return;
    }
    this.#engine.warn(`A lease of ${leg.exit.id} for ${leg.target} has been held for ${Math.round(HELD_LONG_MS / 60_000)} minutes; is it released on every path?${taken(held.site)}`, { exit: leg.exit.id, target: leg.target, heldMs: HELD_LONG_MS });
  }

  #forgotten(held: Held): void {
    const { leg, site } = held;
    if (leg.over) return;
    const heldMs = Math.round(this.#engine.clock.now() - leg.startedAt);
    this.#engine.warn(`A lease of ${leg.exit.id} for ${leg.target} was never released, and nobody holds it any more; it has come back by itself.${taken(site)}`, { exit: leg.exit.id, target: leg.target, heldMs });
    leg.reason = "forgotten";
    held.drop();
  }
}

function taken(site: Site | undefined): string {
  if (site === undefined) return "";
  const all = site.stack.split("\n").slice(1);
  const frames = all.slice(all.findLastIndex((line) => OUR_PATHS.some((path) => line.includes(path))) + 1);
  return frames.length === 0 ? "" : ` It was taken here:\n${frames.join("\n")}`;
}
