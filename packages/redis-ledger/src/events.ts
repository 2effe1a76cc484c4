import { channel } from "node:diagnostics_channel";
import type { Fault } from "./errors.ts";
import type { LedgerMode } from "./mode.ts";

/** The ledger counts in another way from now on. */
export interface LedgerChanged {
  readonly ledger: string;
  readonly from: LedgerMode;
  readonly to: LedgerMode;
  /** What is the matter with the store; nothing where it is back. */
  readonly fault: Fault | undefined;
  /** Processes lately seen; a fair part is one of so many. */
  readonly processes: number;
}

/** The store could not do what it was asked for, or has lost what it knew. Each kind at most once a minute. */
export interface LedgerFault extends Fault {
  readonly ledger: string;
}

/** Another pool has declared another limit for the same counter. */
export interface LedgerContradiction {
  readonly ledger: string;
  readonly counter: string;
  readonly ours: { readonly limit: number; readonly perMs: number; readonly align: string };
  readonly theirs: { readonly limit: number; readonly perMs: number; readonly align: string };
  /** Whose holds: the smaller. */
  readonly holds: "ours" | "theirs";
}

export interface LedgerEvents {
  changed: LedgerChanged;
  fault: LedgerFault;
  contradiction: LedgerContradiction;
}

const CHANNELS = {
  changed: channel("multihome:ledger.changed"),
  fault: channel("multihome:ledger.fault"),
  contradiction: channel("multihome:ledger.contradiction"),
} as const;

/** Listeners of one ledger, and the channels `multihome:ledger.…` for everybody. */
export class Events {
  readonly #listeners = new Map<keyof LedgerEvents, Set<(message: never) => void>>();
  /** Hears of what a listener throws: that is no concern of a request. */
  readonly #onThrow: (error: unknown) => void;

  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow;
  }

  on<K extends keyof LedgerEvents>(name: K, listener: (message: LedgerEvents[K]) => void): () => void {
    if (!(name in CHANNELS)) throw new RangeError(`Expected one of ${Object.keys(CHANNELS).join(", ")}, got \`${String(name)}\`.`);
    let set = this.#listeners.get(name);
    if (set === undefined) this.#listeners.set(name, (set = new Set()));
    const own = (message: never): void => listener(message);
    set.add(own);
    return () => {
      set.delete(own);
    };
  }

  emit<K extends keyof LedgerEvents>(name: K, message: LedgerEvents[K]): void {
    if (CHANNELS[name].hasSubscribers) CHANNELS[name].publish(message);
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(message as never);
      } catch (error) {
        this.#onThrow(error);
      }
    }
  }
}
