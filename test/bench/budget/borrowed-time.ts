import type { ManualClock } from "@multihome/core/testing";

/** Runs `body` while everybody's timers and dates are the manual clock's: other libraries have no clock that could be given to them. */
export async function withBorrowedTime<T>(clock: ManualClock, body: () => Promise<T>): Promise<T> {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, setInterval: globalThis.setInterval, clearInterval: globalThis.clearInterval, now: Date.now, performanceNow: performance.now };
  const set = (callback: (...values: unknown[]) => void, ms = 0, ...values: unknown[]): Timer => new Timer(clock, () => callback(...values), ms, false);
  const repeat = (callback: (...values: unknown[]) => void, ms = 0, ...values: unknown[]): Timer => new Timer(clock, () => callback(...values), ms, true);
  const clear = (timer: unknown): void => {
    if (timer instanceof Timer) timer.clear();
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear, setInterval: repeat, clearInterval: clear });
  Date.now = () => clock.wallTime();
  performance.now = () => clock.now();
  try {
    return await body();
  } finally {
    const { now, performanceNow, ...timers } = real;
    Object.assign(globalThis, timers);
    Date.now = now;
    performance.now = performanceNow;
  }
}

class Timer {
  readonly #clock: ManualClock;
  #handle: unknown;

  constructor(clock: ManualClock, callback: () => void, ms: number, again: boolean) {
    this.#clock = clock;
    const fire = (): void => {
      if (again) this.#handle = clock.setTimeout(fire, ms);
      callback();
    };
    this.#handle = clock.setTimeout(fire, ms);
  }

  clear(): void {
    this.#clock.clearTimeout(this.#handle);
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}
