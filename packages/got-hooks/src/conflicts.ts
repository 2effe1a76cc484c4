import type { Hints, MultihomeError } from "@multihome/core";
import { conflict } from "./errors.ts";
import type { GotOptions } from "./got-options.ts";
import type { NativeOptions } from "./request-call.ts";

/**
 * Why a request cannot be bound to an exit: each of these would leave by another way than the one that was leased, or do
 * something else than was asked for, and neither may happen in silence.
 */
export function conflictOf(options: NativeOptions, got: GotOptions | undefined): MultihomeError | undefined {
  if (options.socketPath !== undefined) return conflict("A Unix socket does not lead through an exit: use an instance of got without gotHooks for it.");
  if (isForHttp2(options.agent) || (got?.http2 === true && got.url instanceof URL && got.url.protocol === "https:")) {
    return conflict("got's option `http2` cannot be bound to an exit: got opens HTTP/2 sessions by itself. Leave it out; HTTP/1.1 works.");
  }
  if (options.agent !== undefined) return conflict("got's option `agent` contradicts gotHooks, which brings the agents of the exits: leave it out, or give agent options to the pool (exits.agentOptions).");
  if (options.localAddress !== undefined && options.localAddress !== null) return conflict("got's option `localAddress` contradicts gotHooks: name the address in the pool (exits.local).");
  if (options.createConnection !== undefined && options.createConnection !== null) return conflict("got's option `createConnection` contradicts gotHooks, which opens the connections: leave it out.");
  if (options.h2session !== undefined && options.h2session !== null) return conflict("got's option `h2session` contradicts gotHooks: an HTTP/2 session has a connection of its own, which does not lead through an exit.");
  return undefined;
}

/** With `http2`, and only with it, got hands over all of its agents at once. */
function isForHttp2(agent: unknown): boolean {
  return typeof agent === "object" && agent !== null && "http2" in agent && !("addRequest" in agent);
}

/** `context.multihome`, checked. @throws MultihomeError `MH_ERR_CONFIG` */
export function hintsOf(context: Record<string, unknown> | undefined): Hints | undefined {
  const hints = context?.multihome;
  if (hints === undefined || hints === null) return undefined;
  if (typeof hints !== "object") throw conflict(`Expected \`context.multihome\` to be an object such as { priority: 1 }, got \`${String(hints)}\`.`);
  return hints;
}
