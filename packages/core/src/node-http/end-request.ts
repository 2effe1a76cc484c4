import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

/** What Node says of a request whose connection went away; also for one that its caller destroyed without saying why. */
export function hangUp(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

/** Requests can only be destroyed with errors; signals can be aborted with anything. */
export function toError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  return Object.assign(new Error("The request was aborted.", { cause: reason }), { name: "AbortError", code: "ABORT_ERR" });
}

/**
 * Calls `listener` when the request is destroyed. Node itself tells nobody before the agent comes back with a socket or an
 * error, which may take until the end of a hung handshake. The answer ends the watching.
 */
export function watchDestroy(request: ClientRequest, listener: (error: Error | undefined) => void): () => void {
  const destroy = request.destroy;
  let watching = true;
  // On the instance: signals, `abort` and every client come by here.
  request.destroy = function destroyWatched(error?: Error) {
    const first = watching && !this.destroyed;
    const result = destroy.call(this, error);
    if (first) {
      watching = false;
      listener(error);
    }
    return result;
  };
  return () => {
    watching = false;
  };
}

/**
 * Ends a request that no agent has taken, with the error it was destroyed with or else `error`: it emits `error` and `close`
 * as if its connection had failed. In a turn of its own, because its caller may not have got hold of it yet.
 */
export function endRequest(request: ClientRequest, error: Error | undefined): void {
  if (error !== undefined && !request.destroyed) request.destroy(error);
  setImmediate(() => request.onSocket(null as unknown as Socket));
}
