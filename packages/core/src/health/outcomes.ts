import type { VerdictKind } from "../model/verdict.ts";

/** Weight of the newest latency in the average; about the last ten count. */
const LATENCY_GAIN = 0.2;

/** What came of the attempts of each exit at one target. */
export class Outcomes {
  #success = new Uint32Array(0);
  #fail = new Uint32Array(0);
  #inARow = new Uint16Array(0);
  #warnings = new Uint32Array(0);
  #latencyMs = new Float32Array(0);
  #inFlight = new Uint16Array(0);

  started(exit: number): void {
    if (exit >= this.#success.length) this.#widen(exit);
    this.#inFlight[exit]++;
  }

  ended(exit: number, kind: VerdictKind, latencyMs: number): void {
    this.#inFlight[exit]--;
    switch (kind) {
      case "success":
        this.#success[exit]++;
        this.#inARow[exit] = 0;
        this.#latencyMs[exit] = this.#success[exit] === 1 ? latencyMs : this.#latencyMs[exit] + LATENCY_GAIN * (latencyMs - this.#latencyMs[exit]);
        break;
      case "blocked":
      case "exit-error":
        this.#fail[exit]++;
        this.#inARow[exit]++;
        break;
      case "rate-limited":
      case "banned":
        this.#warnings[exit]++;
        break;
      case "target-error":
      case "aborted":
        break;
      default: {
        const never: never = kind;
        throw new TypeError(`Unknown verdict ${String(never)}.`);
      }
    }
  }

  of(exit: number): { success: number; fail: number; consecutiveFails: number; warnings: number; avgLatencyMs: number; inflight: number } {
    const known = exit < this.#success.length;
    return {
      success: known ? this.#success[exit] : 0,
      fail: known ? this.#fail[exit] : 0,
      consecutiveFails: known ? this.#inARow[exit] : 0,
      warnings: known ? this.#warnings[exit] : 0,
      avgLatencyMs: known ? Math.round(this.#latencyMs[exit] * 10) / 10 : 0,
      inflight: known ? this.#inFlight[exit] : 0,
    };
  }

  #widen(exit: number): void {
    const length = Math.max(8, this.#success.length * 2, exit + 1);
    const copy = <A extends Uint32Array | Uint16Array | Float32Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    this.#success = copy(this.#success, new Uint32Array(length));
    this.#fail = copy(this.#fail, new Uint32Array(length));
    this.#inARow = copy(this.#inARow, new Uint16Array(length));
    this.#warnings = copy(this.#warnings, new Uint32Array(length));
    this.#latencyMs = copy(this.#latencyMs, new Float32Array(length));
    this.#inFlight = copy(this.#inFlight, new Uint16Array(length));
  }
}
