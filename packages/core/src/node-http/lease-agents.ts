import type { Agent as HttpAgent, ClientRequest } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { endRequest } from "./end-request.ts";
import type { AgentRequestOptions, PoolAgent } from "./pool-hooks.ts";

/** Hears of what is sent through the agents of a lease. */
export interface AgentUser {
  /** Why nothing may be sent there now; `undefined`: it may. */
  refusal(host: string, port: number): Error | undefined;
  begin(): void;
  /** It has ended: a request with its answer, or the connection that it became (a WebSocket, a tunnel). */
  end(): void;
  /** The server has let it become one. */
  connected(): void;
}

/**
 * The agents of an exit as the holder of a lease sees them: the same sockets, and every request is told to `user`. They hold
 * on to it, so that a lease is not lost while somebody has its agents or a socket of theirs.
 */
export function leaseAgents(inner: { readonly http: HttpAgent; readonly https: HttpsAgent }, user: AgentUser): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  let http: HttpAgent | undefined;
  let https: HttpsAgent | undefined;
  return {
    get http() {
      return (http ??= tellingAgent(inner.http as PoolAgent, user));
    },
    get https() {
      return (https ??= tellingAgent(inner.https as PoolAgent, user) as HttpsAgent);
    },
  };
}

/** An object that is the agent in every way, also for `instanceof`, but for these: its own methods need the real one as `this`. */
function tellingAgent(inner: PoolAgent, user: AgentUser): PoolAgent {
  const own = {
    addRequest(request: ClientRequest, options: AgentRequestOptions): void {
      const refusal = user.refusal(options.host ?? "localhost", Number(options.port ?? inner.defaultPort));
      if (refusal !== undefined) return endRequest(request, refusal);
      follow(request, user);
      inner.addRequest(request, options);
    },
    createConnection: bound(inner, "createConnection"),
    getName: bound(inner, "getName"),
    keepSocketAlive: bound(inner, "keepSocketAlive"),
    reuseSocket: bound(inner, "reuseSocket"),
    // The exit's agents live longer than a lease; nothing of theirs is its holder's to close.
    destroy(): void {},
  };
  return Object.assign(Object.create(inner) as PoolAgent, own);
}

function bound(inner: PoolAgent, name: string): unknown {
  const method = (inner as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>)[name];
  return method?.bind(inner);
}

function follow(request: ClientRequest, user: AgentUser): void {
  let socket: Socket | undefined;
  user.begin();
  request.once("socket", (given: Socket) => {
    socket = given;
  });
  request.once("close", () => {
    // Set where the server has answered with 101, or with 200 to CONNECT, and somebody has taken the socket.
    const became = (request as ClientRequest & { upgradeOrConnect?: boolean }).upgradeOrConnect === true;
    if (!became || socket === undefined) {
      user.end();
      return;
    }
    user.connected();
    if (socket.destroyed) user.end();
    else socket.once("close", () => user.end());
  });
}
