import type { IncomingHttpHeaders } from "node:http";

/** A request as the server saw it. */
export interface SeenRequest {
  /** Counted from 1, in the order in which heads arrived. */
  readonly id: number;
  /** Which connection brought it, counted from 1: two requests with one number shared a socket. */
  readonly connection: number;
  /** The source address, IPv4 as such. */
  readonly address: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values alternate, as they were sent. */
  readonly rawHeaders: readonly string[];
  /** As much of it as has arrived, as text; at most the first 16 MiB. */
  readonly body: string;
  /** Bytes of the body that have arrived. */
  readonly bodyLength: number;
  /** The body arrived whole. */
  readonly complete: boolean;
  /** The client ended the exchange before the answer was sent. */
  readonly aborted: boolean;
  /** The answer was sent, or the exchange ended without one. */
  readonly over: boolean;
}
