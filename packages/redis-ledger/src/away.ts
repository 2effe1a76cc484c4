import { isConfigFault, type StoreError } from "./errors.ts";
import type { LedgerMode } from "./mode.ts";

/** Whoever runs the program is told that the store is away at most once in so long. */
const TELL_MS = 60_000;

/**
 * Says in the log that the store has gone and is back: without a word of it a pool whose requests all wait looks like one whose
 * limits are used up.
 */
export class Away {
  readonly #warn: (message: string, fields: object) => void;
  #toldAt = -Infinity;
  #told = false;

  constructor(warn: (message: string, fields: object) => void) {
    this.#warn = warn;
  }

  /** @param processes that share the limits; 0 where nobody knows */
  changed(to: LedgerMode, fault: StoreError | undefined, processes: number, now: number): void {
    if (to === "shared") {
      if (this.#told) this.#warn("The store of the shared limits answers again, and counts from now on.", { mode: to });
      this.#told = false;
      return;
    }
    // What is wrong from the outset has been said by itself.
    if (to === "connecting" || (fault !== undefined && isConfigFault(fault.kind)) || now - this.#toldAt < TELL_MS) return;
    this.#toldAt = now;
    this.#told = true;
    this.#warn(`The store of the shared limits cannot be used${fault === undefined ? "" : ` (${fault.message.replace(/\.$/, "")})`}. ${meanwhile(to, processes)}`, { mode: to, kind: fault?.kind });
  }
}

function meanwhile(mode: Exclude<LedgerMode, "connecting" | "shared">, processes: number): string {
  switch (mode) {
    case "local-share":
      if (processes === 0) return "Requests that count on a limit wait: it has never been seen, so that nobody knows how many processes share the limits. The option `processes` would say it.";
      return `Meanwhile this process spends its share, as one of ${processes}.`;
    case "closed":
      return "Meanwhile requests that count on a limit wait.";
    case "open":
      return "Meanwhile this process counts for itself alone.";
    default:
      return mode satisfies never;
  }
}
