import type { Exit, Lease } from "@multihome/core";
import type { Connector } from "./connector.ts";
import type { InnerDispatcher } from "./undici.ts";

/** Options of undici's `Agent` that hold behind an exit as well. */
export interface AgentOptions {
  /** Milliseconds from the end of the request to the head of the answer, of each attempt. @default 300_000 (undici's) */
  headersTimeout?: number | null;
  /** Milliseconds between two pieces of a body. @default 300_000 (undici's) */
  bodyTimeout?: number | null;
  /** How long an idle connection is kept where the server does not say, in milliseconds. @default 30_000: a rotation over many exits comes round in seconds */
  keepAliveTimeout?: number | null;
  keepAliveMaxTimeout?: number | null;
  keepAliveTimeoutThreshold?: number | null;
  maxHeaderSize?: number | null;
  maxResponseSize?: number | null;
  maxRequestsPerClient?: number | null;
  strictContentLength?: boolean | null;
  maxCachedSessions?: number | null;
  /** Connections of one exit to one origin. @default no limit */
  connections?: number | null;
  /** Options of `tls.connect` (ca, cert, key, rejectUnauthorized, servername, …), `timeout` in milliseconds, `lookup`, `keepAlive`. A function cannot be honoured: it would lead past the exit. */
  connect?: object;
  readonly [option: string]: unknown;
}

/** What a dispatcher beneath ours is made with: hand it to `new Agent(options)`. Its `connect` leads through the exit. */
export interface InnerOptions extends Record<string, unknown> {
  readonly connect: Connector;
  readonly allowH2: boolean;
  readonly pipelining: 1;
}

export interface ExitDispatcherOptions {
  /** Each request leaves by this lease's exit, waits there, and is never raced or moved to another. Per request, `multihome.lease` wins. */
  lease?: Lease;
  /**
   * Offer HTTP/2 to https servers.
   *
   * Off, although undici 8 has it on: what is gained by many requests on one connection is lost again where they are spread
   * over exits, a connection that breaks takes all its requests along, and most of what limits by address counts connections.
   * @default false
   */
  allowH2?: boolean;
  /** For the agents of all exits; `exits.agentOptions` of the pool goes before, option by option. */
  agent?: AgentOptions;
  /**
   * What sends through an exit, instead of undici's `Agent`. A function is asked once for each exit; what it returns is
   * closed with the exit's connections: `(exit, options) => new Agent({ ...options, connections: 4 })`. A dispatcher, such as
   * a `MockAgent`, serves all exits and stays its owner's to close.
   */
  dispatcherFor?: InnerDispatcher | ((exit: Exit, options: InnerOptions) => InnerDispatcher);
  /** Limits of what a WebSocket may receive, as undici's `Agent` takes them. */
  webSocket?: object;
  /** Limits of what an EventSource may receive, as undici's `Agent` takes them. */
  eventSource?: object;
}
