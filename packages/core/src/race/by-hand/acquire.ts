import { ClosedError } from "../../errors.ts";
import type { Dispatch, Lease } from "../../model/lease.ts";
import type { AcquireOptions, TryAcquireResult } from "../../model/pool.ts";
import type { Hints, RequestInfo } from "../../model/request.ts";
import type { Demand } from "../../quota/demand.ts";
import { ACQUIRE_OPTIONS, checkCall } from "../../option-names.ts";
import { durationMs, type Duration } from "../../time/duration.ts";
import type { Engine } from "../engine.ts";
import { HandLease } from "./hand-lease.ts";
import { Job } from "../job.ts";
import { LeaseDriver } from "./lease-driver.ts";
import { batchRefusal } from "./batch-refusal.ts";
import { launch, offer } from "../placing.ts";
import { refusalOf } from "./refusal.ts";
import { takeHints } from "../take-hints.ts";
import type { Target } from "../target.ts";
import { BY_HAND, BY_HAND_AT_ONCE, SHARED, SHARED_AT_ONCE } from "../way.ts";
import { weigh } from "../weigh.ts";

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
  checkCall("acquire", options, ACQUIRE_OPTIONS);
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
      (lease) => {
        settled();
        resolve(lease);
      },
      (error) => {
        settled();
        reject(error);
      },
      engine.hands.site(),
    );
    signal?.addEventListener("abort", onAbort);
    const dispatch: Dispatch | undefined = engine.drive(target, request, driver, options.mode === "shared" ? SHARED : BY_HAND, hints, timeoutMs(options.timeout));
  });
}

/** A lease at once, or why not. */
export function tryAcquire(engine: Engine, { request, target, hints }: Asked, options: AcquireOptions): TryAcquireResult {
  checkCall("tryAcquire", options, ACQUIRE_OPTIONS);
  if (engine.closing) throw new ClosedError(target.name);
  if (!engine.ready) return { granted: false, reason: "not-ready", retryAfterMs: 0 };
  let lease: Lease | undefined;
  const driver = new LeaseDriver(
    (given) => {
      lease = given;
    },
    () => {},
    engine.hands.site(),
  );
  const now = engine.clock.now();
  const job = new Job(engine, target, request, driver, options.mode === "shared" ? SHARED_AT_ONCE : BY_HAND_AT_ONCE, hints, now, Infinity);
  const never = (hints === undefined ? undefined : takeHints(job, hints)) ?? weigh(job, job.hints);
  if (never !== undefined) return { granted: false, ...refusalOf(engine, target, never) };
  // Whoever waits already goes first.
  const exit = engine.mayGoFirst(job, now) ? offer(job, now) : -1;
  if (exit < 0) return { granted: false, ...refusalOf(engine, target, job) };
  job.kind.requests++;
  target.line.overtaken();
  launch(job, exit, now);
  return { granted: true, lease: lease as unknown as Lease };
}

/** All or none: what the first ones took is given back when a later one is refused, and each is told that one's reason. */
export function tryAcquireAll(engine: Engine, asked: readonly Asked[], options: AcquireOptions): TryAcquireResult[] {
  const results: TryAcquireResult[] = [];
  for (const one of asked) {
    const result = tryAcquire(engine, one, options);
    results.push(result);
    if (result.granted) continue;
    for (const earlier of results) if (earlier.granted) unsend(earlier.lease);
    const answer = result.reason.startsWith("limit:") ? batchRefusal(engine, asked.map((each) => [each.target, demandOf(engine, each, options)]), results.length - 1, result) : result;
    return asked.map(() => ({ granted: false, ...answer }));
  }
  return results;
}

/** What it would take of limits, were it asked for by itself. */
function demandOf(engine: Engine, { request, target, hints }: Asked, { mode }: AcquireOptions): Demand | undefined {
  const nobody = new LeaseDriver(
    () => {},
    () => {},
  );
  const job = new Job(engine, target, request, nobody, mode === "shared" ? SHARED : BY_HAND, hints, engine.clock.now(), Infinity);
  weigh(job, hints === undefined ? undefined : engine.hintCheck.usable(hints));
  return job.demand;
}

/** A lease by hand of which nothing was used: everything comes back. */
function unsend(lease: Lease): void {
  const leg = HandLease.legOf(lease);
  if (leg === undefined || leg.over) return;
  // Likely to be asked for again in a moment: what a ledger has granted for it is kept that long.
  if (leg.grant !== undefined) leg.engine.books?.grants.keep(leg.grant);
  leg.grant = undefined;
  leg.engine.finish(leg, "aborted", false);
}
