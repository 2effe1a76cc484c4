import type { Agent, AgentOptions, ClientRequest, RequestOptions } from "node:http";
import type { Socket } from "node:net";

/**
 * What Node's agents have, and clients and subclasses use, though the type declarations leave it out. `keepSocketAlive` and
 * `reuseSocket` are documented as made for overriding; the others have kept their shape since Node 12.
 */
export interface PoolHooks {
  options: AgentOptions;
  keepAlive: boolean;
  readonly protocol: string;
  readonly defaultPort: number;
  addRequest(request: ClientRequest, options: AgentRequestOptions): void;
  getName(options?: RequestOptions): string;
  keepSocketAlive(socket: Socket): boolean;
  reuseSocket(socket: Socket, request: ClientRequest): void;
}

export type PoolAgent = Agent & PoolHooks;

/** As `ClientRequest` hands them to its agent, with what we add on the way. */
export interface AgentRequestOptions extends RequestOptions {
  servername?: string;
  checkServerIdentity?: unknown;
  keepAlive?: boolean;
  keepAliveInitialDelay?: number;
  /** How long its connection may take, in milliseconds, where that is not the pool's own answer. */
  [CONNECT_TIMEOUT]?: number;
}

export const CONNECT_TIMEOUT: unique symbol = Symbol("connectTimeoutMs");
