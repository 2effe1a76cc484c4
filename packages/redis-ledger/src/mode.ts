import type { StoreError } from "./errors.ts";

export type OnUnavailable = "local-share" | "closed" | "open";
/** `connecting`: nothing has been heard yet. `shared`: the store counts. */
export type LedgerMode = "connecting" | "shared" | OnUnavailable;

/** Failures in a row after which the store counts as away; a broken connection does at once. */
const FAILURES = 2;
/** Good answers in a row after which it is back. */
const GOOD = 2;
/** Missed deadlines in a row after which the connection is thrown away. */
const MISSES = 3;

/** Can the store be asked? With hysteresis both ways, so that it does not flicker. */
export class Mode {
  readonly #fallback: OnUnavailable;
  readonly #onChange: (mode: LedgerMode, fault: StoreError | undefined) => void;
  #current: LedgerMode = "connecting";
  #failures = 0;
  #good = 0;
  #misses = 0;

  constructor(fallback: OnUnavailable, onChange: (mode: LedgerMode, fault: StoreError | undefined) => void) {
    this.#fallback = fallback;
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
  failed(error: StoreError): boolean {
    this.#good = 0;
    this.#failures++;
    this.#misses = error.kind === "timeout" ? this.#misses + 1 : 0;
    const atOnce = error.kind !== "timeout" && error.kind !== "damaged";
    if (!this.isAway && (atOnce || this.#failures >= FAILURES)) this.#change(this.#fallback, error);
    if (this.#misses < MISSES) return false;
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
