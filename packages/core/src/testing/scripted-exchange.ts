import type { Clock } from "../time/clock.ts";

/** What was sent, and what became of it. Times are on the clock's `now()` scale. */
export interface SentRecord {
  /** 0 for the first attempt that was sent. */
  readonly index: number;
  readonly exit: string;
  readonly target: string;
  readonly weight: number;
  readonly method: string;
  readonly url: string;
  readonly at: number;
  /** When its head or its error came. */
  answeredAt?: number;
  /** When it was over: rejected, aborted, discarded, or its body ended. */
  endedAt?: number;
  /** Its signal fired before it was over. */
  aborted: boolean;
  /** With `aborted`: the signal's reason. */
  reason?: unknown;
  discarded: boolean;
  /** How its body ended. */
  finished?: "whole" | "cut";
}

/** The life of one attempt: it ends once, and leaves no timer and no listener behind. */
export class ScriptedExchange {
  readonly sent: SentRecord;
  body?: Promise<void>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  #stopWaiting: (() => void) | undefined;

  constructor(sent: SentRecord, clock: Clock, signal: AbortSignal, onEnd: () => void) {
    this.sent = sent;
    this.#clock = clock;
    this.#signal = signal;
    this.#onEnd = onEnd;
  }

  end(finished?: "whole" | "cut"): void {
    if (this.sent.endedAt !== undefined) return;
    this.sent.endedAt = this.#clock.now();
    if (finished !== undefined) this.sent.finished = finished;
    this.#stopWaiting?.();
    this.#onEnd();
  }

  /** Resolves after `ms`, never where it is `undefined` or the exchange ends first; rejects with the reason of an abort. */
  wait(ms: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.sent.aborted = true;
        this.sent.reason = this.#signal.reason;
        this.end();
        reject(this.#signal.reason);
      };
      if (this.#signal.aborted) return abort();
      const timer = ms === undefined ? undefined : this.#clock.setTimeout(() => {
        this.#stopWaiting?.();
        resolve();
      }, ms);
      this.#signal.addEventListener("abort", abort, { once: true });
      this.#stopWaiting = () => {
        this.#stopWaiting = undefined;
        this.#signal.removeEventListener("abort", abort);
        if (timer !== undefined) this.#clock.clearTimeout(timer);
      };
    });
  }
}
