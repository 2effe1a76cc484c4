import type { AdapterHost } from "@multihome/core";
import type { Wishes } from "./attempts.ts";
import { hintsOf } from "./conflicts.ts";
import type { GotOptions } from "./got-options.ts";
import type { BodyChunk } from "./outgoing-body.ts";

const NO_WISHES: Wishes = { hints: undefined, connectTimeoutMs: undefined, readTimeoutMs: undefined, body: undefined };

/** What got's options say beyond what Node's request is given. Read at each request, because hooks may change them. */
export function wishesOf(options: GotOptions | undefined, host: AdapterHost): Wishes {
  if (options === undefined) return NO_WISHES;
  return { hints: hintsOf(options.context), connectTimeoutMs: connectTimeoutOf(options, host), readTimeoutMs: options.timeout.read, body: bodyOf(options) };
}

/**
 * got's own timers for these never start: they wait for a socket that is connecting, and ours is handed over when its
 * connection stands. The pool's own deadline still holds where it is shorter.
 */
export function connectTimeoutOf({ timeout }: GotOptions, host: AdapterHost): number | undefined {
  const { lookup, connect, secureConnect } = timeout;
  if (lookup === undefined && connect === undefined && secureConnect === undefined) return undefined;
  return Math.min((lookup ?? 0) + (connect ?? 0) + (secureConnect ?? 0), host.connectTimeoutMs);
}

/** Where it is there as a whole: got has turned `json` and `form` into text by now. */
export function bodyOf({ body }: GotOptions): BodyChunk | undefined {
  return typeof body === "string" || body instanceof Uint8Array ? body : undefined;
}
