import { ClosedError } from "../errors.ts";
import type { Dispatch, Lease } from "../model/lease.ts";
import type { AcquireOptions, TryAcquireResult } from "../model/pool.ts";
import type { Hints, RequestInfo } from "../model/request.ts";
import { durationMs, type Duration } from "../time/duration.ts";
import type { Engine } from "./engine.ts";
import { LeaseDriver } from "./lease-driver.ts";
import { refusalOf } from "./refusal.ts";
import type { Target } from "./target.ts";

export interface Asked {
  request: RequestInfo;
  target: Target;
  hints: Hints | undefined;
}

/** Milliseconds of a timeout option; `Infinity` for `false`, `undefined` where the pool's own holds. */
export function timeoutMs(timeout: Duration | false | undefined): number | undefined {
  return timeout === undefined ? undefined : timeout === false ? Infinity : durationMs(timeout);
}

/** Waits for a lease. */
export function acquire(engine: Engine, { request, target, hints }: Asked, options: AcquireOptions): Promise<Lease> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      dispatch?.abort(signal?.reason);
      reject(signal?.reason as Error);
    };
    const settled = (): void => signal?.removeEventListener("abort", onAbort);
    const driver = new LeaseDriver(
      (leg) => {
        settled();
        resolve(leg);
      },
      (error) => {
        settled();
        reject(error);
      },
    );
    signal?.addEventListener("abort", onAbort);
    const dispatch: Dispatch | undefined = engine.drive(target, request, driver, {
      hints,
      timeoutMs: timeoutMs(options.timeout),
      shared: options.mode === "shared",
      byHand: true,
    });
  });
}

/** A lease at once, or why not. */
export function tryAcquire(engine: Engine, { request, target, hints }: Asked, options: AcquireOptions): TryAcquireResult {
  if (engine.closing) throw new ClosedError(target.name);
  if (!engine.ready) return { granted: false, reason: "not-ready", retryAfterMs: 0 };
  const driver = new LeaseDriver(
    () => {},
    () => {},
  );
  const job = engine.tryDrive(target, request, driver, { hints, timeoutMs: undefined, shared: options.mode === "shared", byHand: true });
  if (driver.leg !== undefined) return { granted: true, lease: driver.leg };
  return { granted: false, ...refusalOf(engine, target, job) };
}

/** All or none: what the first ones took is given back when a later one is refused, and each is told that one's reason. */
export function tryAcquireAll(engine: Engine, asked: readonly Asked[], options: AcquireOptions): TryAcquireResult[] {
  const results: TryAcquireResult[] = [];
  for (const one of asked) {
    const result = tryAcquire(engine, one, options);
    results.push(result);
    if (result.granted) continue;
    for (const earlier of results) if (earlier.granted) engine.unsend(earlier.lease);
    return asked.map(() => ({ ...result }));
  }
  return results;
}
