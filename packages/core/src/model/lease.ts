import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Exit } from "./exit.ts";
import type { RequestInfo } from "./request.ts";
import type { ResponseInfo } from "./response.ts";
import type { Verdict, VerdictKind } from "./verdict.ts";

/** The right to send through one exit to one target. Settled once, released once; whatever comes later is ignored. */
export interface Lease extends Disposable, AsyncDisposable {
  readonly exit: Exit;
  /** The target's name. */
  readonly target: string;
  /** What was reserved on limits of unit "weight". */
  readonly weight: number;
  readonly mode: "ephemeral" | "shared";
  /** The source address, of a local exit. */
  readonly localAddress?: string;
  /** For clients of one's own (ws, node:https); made when first read, over sockets that all leases of the exit share. Keeps the lease from being lost. */
  readonly agent: { http: HttpAgent; https: HttpsAgent };
  /** What the head of an answer says, for the quota; may come before `settle`. */
  observe(info: ResponseInfo): void;
  /**
   * What came of it in the end. A lease that is released without it counts as aborted, never as a success.
   * @throws TypeError where it is none of these; the lease is as unsettled as before
   */
  settle(outcome: Verdict | VerdictKind | ResponseInfo | Error): void;
  /**
   * One more holder: a lease of the same exit that has to be released by itself. The exit is given back with the last of them;
   * `settle` counts once for all.
   * @throws TypeError where this one has been released
   */
  retain(): Lease;
  /** Gives it back. Later than that, requests on it are refused with `MH_ERR_LEASE_OVER`, and everything else is ignored. */
  release(): void;
}

/** One attempt, and its lease: an adapter is handed it by `Driver.start` and must end it by `end`, `fail` or `release`. */
export interface Leg extends Lease {
  /** The adapter's own; the core never looks at it. */
  driverState: unknown;
  /**
   * Whatever comes of it, the request has no other leg, neither beside it nor after it: its answer is always delivered, so that an
   * adapter may let its client's own request through as it is.
   */
  readonly sole: boolean;
  /**
   * How much of the body `respond` has to see: nothing, its first bytes, or all of it (at most 10 MiB). An adapter may
   * always answer with less for an event stream. */
  readonly peek: "none" | "first" | "full";
  /** The same, now that the status is known: many classifiers need the body of refusals alone. */
  peekAt(status: number): "none" | "first" | "full";
  /** Final headers, never 1xx; once. The quota learns here. The answer says what becomes of the response. */
  respond(info: ResponseInfo): "deliver" | "hold" | "drop";
  /** A piece of the body went by. Cheap; tells a reader that is slow from one that has gone. */
  progress(): void;
  /** The response has ended, whole or (with an error) cut. Health learns here, the lease is released. */
  end(error?: unknown): void;
  /** No response. `sent: false` promises that no byte left and the body was not touched. */
  fail(error: unknown, sent: boolean): void;
}

/** How a client is driven. Every call is synchronous and none may throw; `start` may come before `drive` has returned. */
export interface Driver {
  /** Open one exchange through `leg.exit`. */
  start(leg: Leg): void;
  /** Give it up: lost, aborted or late; also the winner, after it was delivered. The adapter then releases the leg. */
  stop(leg: Leg, reason: unknown): void;
  /** A response that was held is the answer after all; in a microtask of its own. */
  deliver(leg: Leg): void;
  /** No leg brought a response; once. */
  reject(error: unknown): void;
}

export interface Dispatch {
  /** Most legs that this request may have; 1 lets 1xx, progress and sent events straight through. */
  readonly width: number;
  /** How many legs have been started so far, over all rounds. */
  readonly started: number;
  /** At any time, also after delivery, until the leg has ended. */
  abort(reason: unknown): void;
}

/** The easy level: one promise for each attempt. */
export interface Transport<R> {
  /**
   * One exchange through `lease.exit`: resolves at the head of the answer, rejects when none came. A signal is made only
   * for functions that declare a second parameter.
   */
  send(lease: Lease, signal: AbortSignal, request: RequestInfo): Promise<R>;
  inspect(response: R): ResponseInfo;
  /** A response that lost or is about to be tried again. Never the one that was handed over: that is the caller's. */
  discard(response: R): void;
  /** When the body of the response that was handed over has ended: resolves whole, rejects cut. Absent or `undefined`: it was whole already. */
  finished?(response: R): Promise<void> | undefined;
  /** After a rejection: is it certain that no byte left and the body was not touched? */
  unsent?(error: unknown, lease: Lease): boolean;
}
