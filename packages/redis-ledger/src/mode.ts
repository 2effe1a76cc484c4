import type { StoreError } from "./errors.ts";

export type OnUnavailable = "local-share" | "closed" | "open";
/** `connecting`: nothing has been heard yet. `shared`: the store counts. */
export type LedgerMode = "connecting" | "shared" | OnUnavailable;

/**
 * Failures in a row, and so many deadlines between the first and the last of them, after which the store counts as away; a connection that was refused or
 * closed does at once. A machine that is busy for a moment is no reason: those who still reach the store would spend all, and whoever
 * does not his share as well.
 */
const FAILURES = 3;
const SILENT_DEADLINES = 10;
/** Good answers in a row after which it is back. */
const GOOD = 2;

/** Can the store be asked? With hysteresis both ways, so that it does not flicker. */
export class Mode {
  readonly #fallback: OnUnavailable;
  readonly #silentMs: number;
  readonly #onChange: (mode: LedgerMode, fault: StoreError | undefined) => void;
  #current: LedgerMode = "connecting";
  #failures = 0;
  #good = 0;
  #misses = 0;
  #failingSince = Infinity;

  constructor(fallback: OnUnavailable, deadlineMs: number, onChange: (mode: LedgerMode, fault: StoreError | undefined) => void) {
    this.#fallback = fallback;
    this.#silentMs = deadlineMs * SILENT_DEADLINES;
    this.#onChange = onChange;
  }

  get current(): LedgerMode {
    return this.#current;
  }

  /** Asked and answered in time: only then is it worth waiting for. */
  get isAway(): boolean {
    return this.#current !== "shared" && this.#current !== "connecting";
  }

  /** @returns is it time for a new connection? */
  failed(error: StoreError, now: number): boolean {
    this.#good = 0;
    this.#failures++;
    this.#misses = error.kind === "timeout" ? this.#misses + 1 : 0;
    if (this.#failures === 1) this.#failingSince = now;
    const silent = now - this.#failingSince >= this.#silentMs;
    const atOnce = error.kind !== "timeout" && error.kind !== "damaged";
    if (!this.isAway && (atOnce || (this.#failures >= FAILURES && silent))) this.#change(this.#fallback, error);
    if (this.#misses < FAILURES || !silent) return false;
    this.#misses = 0;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#misses = 0;
  }

  /** A beat was answered. @returns is it time to come back? The caller first brings what was spent meanwhile, then says `back`. */
  beaten(): boolean {
    this.succeeded();
    if (this.#current === "shared") return false;
    return ++this.#good >= (this.#current === "connecting" ? 1 : GOOD);
  }

  back(): void {
    if (this.#current !== "shared") this.#change("shared", undefined);
  }

  #change(mode: LedgerMode, fault: StoreError | undefined): void {
    this.#current = mode;
    this.#good = 0;
    this.#failures = 0;
    this.#onChange(mode, fault);
  }
}
