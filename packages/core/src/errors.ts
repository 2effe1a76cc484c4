import type { AttemptRecord } from "./model/verdict.ts";

/** Every `code` that an error of multihome can carry. */
export type ErrorCode =
  | "MH_ERR_CIRCUIT_OPEN"
  | "MH_ERR_MAX_ATTEMPTS"
  | "MH_ERR_TIMEOUT"
  | "MH_ERR_POOL_FULL"
  | "MH_ERR_NO_EXIT"
  | "MH_ERR_EXIT_BIND"
  | "MH_ERR_OVER_QUOTA"
  | "MH_ERR_BANNED"
  | "MH_ERR_PLAIN_CREDENTIALS"
  | "MH_ERR_CONFIG"
  | "MH_ERR_CLOSED"
  | "MH_ERR_STEP"
  | "MH_ERR_LEASE_OVER"
  | (string & {});

export interface ErrorDetails {
  readonly target?: string;
  readonly attempts?: readonly AttemptRecord[];
  readonly retryAfterMs?: number;
  readonly capacity?: number;
  readonly elapsedMs?: number;
  readonly cause?: unknown;
}

/**
 * The base of every error that multihome itself makes. Match on `code`, or use `isMultihomeError`: two copies of the
 * package in one program have two classes, and `instanceof` tells them apart.
 *
 * A client's own error (a refused connection, an abort) is never wrapped in one; where a client insists on its own type,
 * ours is its `cause`.
 */
export class MultihomeError extends Error {
  readonly code: ErrorCode;
  // Declared only: a field without a value would be shown as undefined wherever an error is printed.
  /** The target that the request was for. */
  declare readonly target?: string;
  /** What was tried, in order. Exits are named by id, never by a URL with a password. */
  declare readonly attempts?: readonly AttemptRecord[];
  /** When it is worth asking again, in milliseconds from the moment of the error. */
  declare readonly retryAfterMs?: number;
  /** How many requests may wait for the target (`MH_ERR_POOL_FULL`). */
  declare readonly capacity?: number;
  /** How long the request had been with the pool, in milliseconds (`MH_ERR_TIMEOUT`). */
  declare readonly elapsedMs?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.target !== undefined) this.target = details.target;
    if (details.attempts !== undefined) this.attempts = details.attempts;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.capacity !== undefined) this.capacity = details.capacity;
    if (details.elapsedMs !== undefined) this.elapsedMs = details.elapsedMs;
  }

  override get name(): string {
    return "MultihomeError";
  }
}

/** The target's breaker is open: it failed too often, or it has no exit left that may be used. */
export class CircuitOpenError extends MultihomeError {
  /** @param why in a few words */
  constructor(target: string, retryAfterMs: number, why?: string) {
    super("MH_ERR_CIRCUIT_OPEN", `Circuit for ${target} is open${why === undefined ? "" : ` (${why})`}; next probe in ${Math.ceil(retryAfterMs)} ms.`, { target, retryAfterMs });
  }
  override get name(): string {
    return "CircuitOpenError";
  }
}

/** `submit` only: every round was used and none brought a success. `cause` is the last failure. */
export class MaxAttemptsError extends MultihomeError {
  constructor(target: string, rounds: number, details: ErrorDetails) {
    super("MH_ERR_MAX_ATTEMPTS", `No success for ${target} in ${rounds} ${rounds === 1 ? "attempt" : "attempts"}${lastAttempt(details.attempts)}.`, { ...details, target });
  }
  override get name(): string {
    return "MaxAttemptsError";
  }
}

/** `submit` only: as many requests wait for this target as its queue may hold. */
export class PoolFullError extends MultihomeError {
  constructor(target: string, capacity: number) {
    super("MH_ERR_POOL_FULL", `The queue for ${target} is full: ${capacity} requests are waiting (queue.capacity).`, { target, capacity });
  }
  override get name(): string {
    return "PoolFullError";
  }
}

/** The pool has been closed; it sends nothing more. */
export class ClosedError extends MultihomeError {
  constructor(target?: string) {
    super("MH_ERR_CLOSED", target === undefined ? "The pool is closed." : `The pool is closed; the request to ${target} was not sent.`, target === undefined ? {} : { target });
  }
  override get name(): string {
    return "ClosedError";
  }
}

/** What came of the last attempt, to be put behind a sentence; nothing where there was none. */
export function lastAttempt(attempts: readonly AttemptRecord[] | undefined): string {
  const last = attempts?.at(-1);
  return last === undefined ? "" : `; the last attempt, through ${last.exit}: ${last.reason ?? last.verdict}`;
}

/** @param why what became of those that were named; empty where nobody knows */
export function noExitError(target: string, why: string): MultihomeError {
  return new MultihomeError("MH_ERR_NO_EXIT", `There is no exit to reach ${target} by${why === "" ? "" : `: ${why}`}.`, { target });
}

/** True for every error made by any copy of multihome. */
export function isMultihomeError(error: unknown): error is MultihomeError {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return typeof error.code === "string" && error.code.startsWith("MH_ERR_");
}
