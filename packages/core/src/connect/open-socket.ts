import type { LookupFunction, Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { Exit } from "../model/exit.ts";
import { connectThrough } from "./connect-through.ts";

/** As long as a pool gives a connection by default. */
const DEFAULT_TIMEOUT_MS = 8_000;

export interface OpenSocketOptions {
  /** Name or address of the target. Through a proxy, the name is resolved there. */
  host: string;
  port: number;
  /** TLS is done, and verified against this name, when it is given. */
  servername?: string;
  /** Options of `tls.connect`; TLS is done when they are given, verified against `servername` or else `host`. */
  tls?: ConnectionOptions;
  /** Instead of `dns.lookup`; local and direct exits only. */
  lookup?: LookupFunction;
  signal?: AbortSignal;
  /** Over TCP, proxy handshake and TLS together. @default 8000 */
  timeoutMs?: number;
}

/**
 * A socket through an exit: bound to its address or tunnelled through its proxy, and secured where `servername` or `tls`
 * is given. For protocols of one's own; for HTTP take a client's adapter, or the agents of `@multihome/core/node-http`.
 *
 * Rejects with the signal's reason, or with an error that has a `code` and a `phase` (see `ConnectError`); nothing is left
 * open then. The socket is the caller's from then on, and has no error listener yet.
 */
export function openSocket(exit: Exit, options: OpenSocketOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connectThrough(exit, { ...options, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS }, (error, socket) => {
      if (socket === undefined) reject(error);
      else resolve(socket);
    });
  });
}
