import { performance } from "node:perf_hooks";

/** Time as the pool sees it. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Epoch milliseconds; may jump. */
  wallTime(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

// Captured at load: programs that fake timers in their tests must not stop the pool's.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;
const wall = Date.now;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => wall(),
  setTimeout: (callback, ms) => startTimer(callback, ms),
  clearTimeout: (handle) => stopTimer(handle as NodeJS.Timeout),
};
