import { MultihomeError } from "@multihome/core";

/** What Node says of a request that was destroyed, or whose connection went away, before its answer. */
export function hangUp(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

/** What Node says of an answer whose connection went away before its end. */
export function cutShort(): Error {
  return Object.assign(new Error("aborted"), { code: "ECONNRESET" });
}

/** The caller let go of the request. One for all: a stack trace costs ten microseconds, and nobody is shown this one. */
export const GIVEN_UP: Error = Object.freeze(Object.assign(new Error("The request was given up."), { code: "ECONNRESET" }));

export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("The request was stopped.", { cause: reason });
}

/** got makes its own RequestError of it, with this one as `cause` and its `code`, which no retry rule of got's knows. */
export function conflict(problem: string): MultihomeError {
  return new MultihomeError("MH_ERR_CONFIG", problem);
}
