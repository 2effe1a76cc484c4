import { isMultihomeError } from "@multihome/core";
import type { MultihomeError } from "@multihome/core";
import type { UndiciModule } from "./undici.ts";

/** What undici's errors recognise each other by, in every version: `instanceof UndiciError` asks for it. */
const UNDICI_ERROR = Symbol.for("undici.error.UND_ERR");

/**
 * Failures that the caller has brought about: an argument, a limit or a timeout of his own, a mock that does not match.
 * They end the request; they say nothing about the exit, and another one would not help.
 */
const CALLERS_OWN: ReadonlySet<unknown> = new Set([
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_MAX_ORIGINS_REACHED",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_RES_EXCEEDED_MAX_SIZE",
  "UND_MOCK_ERR_MOCK_NOT_MATCHED",
]);

export function isCallersOwn(error: unknown): boolean {
  return typeof error === "object" && error !== null && CALLERS_OWN.has((error as { code?: unknown }).code);
}

/** An error of the client's own class with our code, our sentence, and ours as its cause. */
export function inTheirWords(Class: new (message?: string) => Error, ours: MultihomeError): Error {
  const error = new Class(ours.message);
  Object.defineProperty(error, "cause", { value: ours, configurable: true, writable: true, enumerable: false });
  return Object.assign(error, { code: ours.code });
}

/**
 * What the caller is told when the pool gave up. A client's own error stays as it is. Ours stays itself, so that it is the
 * cause of fetch's TypeError, and is an `UndiciError` as well for those who ask `instanceof`; a closed pool is a closed client.
 */
export function forCaller(error: unknown, undici: UndiciModule): unknown {
  if (!isMultihomeError(error)) return error;
  if (error.code === "MH_ERR_CLOSED") return inTheirWords(undici.errors.ClientClosedError, error);
  if (Object.isExtensible(error)) Object.defineProperty(error, UNDICI_ERROR, { value: true, configurable: true });
  return error;
}

/** A handler that throws while it is told of an error has nobody left to tell: loud, but not in the middle of our books. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
