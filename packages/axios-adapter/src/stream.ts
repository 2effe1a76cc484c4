import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { wasCut } from "./head.ts";

export function isReadable(data: unknown): data is Readable {
  if (typeof data !== "object" || data === null) return false;
  const { once, destroy } = data as { once?: unknown; destroy?: unknown };
  return typeof once === "function" && typeof destroy === "function";
}

/**
 * Follows the stream that a caller has to its end, once: read to it, given up, or (with an error) cut by the connection.
 *
 * @param source the response that it is made of, where that is another: decompressed, measured or limited
 */
export function followStream(data: Readable, source: IncomingMessage | undefined, onEnd: (cut: Error | undefined) => void): void {
  const ended = (): void => onEnd(undefined);
  const closed = (): void => {
    // A stream made of a generator that was never begun leaves what it is made of open.
    if (source !== undefined && source !== data && !source.readableEnded) source.destroy();
    onEnd(source === undefined ? undefined : wasCut(source));
  };
  if (data.readableEnded) return ended();
  if (data.destroyed) return closed();
  data.once("end", ended);
  data.once("close", closed);
  if (source === undefined || source === data) return;
  source.once("close", () => {
    const cut = wasCut(source);
    if (cut !== undefined) onEnd(cut);
  });
}

/** Calls `onIdle` when nothing has moved on the response's connection for so long. Ends with the response: its socket may then serve others. */
export function watchIdle(response: IncomingMessage, ms: number, onIdle: () => void): void {
  // Over before it could be handed on, as one that says gzip and is none: Node has taken its socket from it.
  if (response.destroyed || response.readableEnded) return;
  const { socket } = response;
  const stop = (): void => {
    if (socket.listeners("timeout").includes(onIdle)) socket.setTimeout(0);
    socket.removeListener("timeout", onIdle);
  };
  socket.setTimeout(ms);
  socket.on("timeout", onIdle);
  // Comes before the socket is given back to its agent, which sets a timeout of its own.
  response.once("end", stop);
  response.once("close", stop);
}
