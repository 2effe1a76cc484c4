import type { Agent as HttpAgent, ClientRequest, RequestOptions } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { endRequest, toError, watchDestroy } from "./end-request.ts";
import { CONNECT_TIMEOUT } from "./pool-hooks.ts";
import type { AgentRequestOptions, PoolAgent } from "./pool-hooks.ts";
import { TLS_OPTIONS } from "./tls-identity.ts";
import type { TlsOptions } from "./tls-identity.ts";

/** What a gate is told of a request: enough to say which target it goes to. */
export interface GateOptions {
  readonly protocol: "http:" | "https:";
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
}

/**
 * Decides when a request may leave. `proceed()` sends it; `proceed(error)` ends it with that error. Once; it may be called
 * at once or at any later time, and does nothing when the request has ended meanwhile.
 */
export type Gate = (options: GateOptions, proceed: (error?: unknown) => void) => void;

export interface LegOptions {
  /** Over TCP, proxy handshake and TLS of each connection, in milliseconds. @default the pool's `connectTimeout` */
  connectTimeoutMs?: number;
  /** TLS options of the user's own https.Agent (`agent.options`); others in it are ignored. */
  tls?: TlsOptions;
}

/**
 * The agents of one exit as one leg sees them. Handed to its client, they are what a client asks of an agent, and they know
 * what Node does not tell: which requests the leg has made. A redirect is a further request of the same leg.
 */
export class LegAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  /** In the order in which they were made; with redirects, one for each hop. */
  readonly requests: ClientRequest[] = [];
  /** Asked before each request is given to its agent. */
  gate: Gate | undefined;
  /** @internal */
  readonly connectTimeoutMs: number | undefined;
  /** @internal */
  readonly tls: TlsOptions | undefined;
  /** @internal Why the leg was given up. */
  ended: Error | undefined;

  constructor(agents: { readonly http: HttpAgent; readonly https: HttpsAgent }, options: LegOptions = {}) {
    this.connectTimeoutMs = options.connectTimeoutMs;
    this.tls = options.tls;
    this.http = new AgentView(this, agents, "http:") as unknown as HttpAgent;
    this.https = new AgentView(this, agents, "https:") as unknown as HttpsAgent;
  }

  /** Has any of the leg's requests been given a connection? If not, it is certain that nothing of it has left. */
  get sent(): boolean {
    return this.requests.some(hasSocket);
  }

  /**
   * Ends every request that has no connection yet with `reason`: those still connecting, whose sockets are destroyed at
   * once, those at the gate, and whatever the leg's client tries later. The others are their client's to destroy.
   */
  abort(reason?: unknown): void {
    this.ended ??= toError(reason);
    for (const request of this.requests) {
      if (!hasSocket(request)) request.destroy(this.ended);
    }
  }
}

function hasSocket(request: ClientRequest): boolean {
  return (request.socket as Socket | null | undefined) != null;
}

/** As much of an agent as `ClientRequest`, follow-redirects, axios and got look at. Plain fields: one is made for each leg. */
class AgentView {
  readonly leg: LegAgents;
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly protocol: "http:" | "https:";
  readonly defaultPort: number;
  readonly maxSockets = Number.POSITIVE_INFINITY;

  constructor(leg: LegAgents, agents: { readonly http: HttpAgent; readonly https: HttpsAgent }, protocol: "http:" | "https:") {
    this.leg = leg;
    this.agents = agents;
    this.protocol = protocol;
    this.defaultPort = protocol === "https:" ? 443 : 80;
  }

  /** Asked for only now: most legs use one of the two, and a leg that fails before needs none. */
  get inner(): PoolAgent {
    return (this.protocol === "https:" ? this.agents.https : this.agents.http) as unknown as PoolAgent;
  }

  get keepAlive(): boolean {
    return this.inner.keepAlive;
  }

  get options(): PoolAgent["options"] {
    return this.inner.options;
  }

  get sockets(): PoolAgent["sockets"] {
    return this.inner.sockets;
  }

  get freeSockets(): PoolAgent["freeSockets"] {
    return this.inner.freeSockets;
  }

  get requests(): PoolAgent["requests"] {
    return this.inner.requests;
  }

  getName(options?: RequestOptions): string {
    return this.inner.getName(options);
  }

  /** The exit's agents live longer than a leg; nothing of theirs is the client's to close. */
  destroy(): void {}

  addRequest(request: ClientRequest, options: AgentRequestOptions): void {
    const { leg } = this;
    leg.requests.push(request);
    if (leg.ended !== undefined || request.destroyed) return endRequest(request, leg.ended);
    if (leg.connectTimeoutMs !== undefined) options[CONNECT_TIMEOUT] = leg.connectTimeoutMs;
    if (leg.tls !== undefined && this.protocol === "https:") addMissing(options, leg.tls);
    if (leg.gate === undefined) return this.inner.addRequest(request, options);
    return this.#ask(leg.gate, request, options);
  }

  #ask(gate: Gate, request: ClientRequest, options: AgentRequestOptions): void {
    let over = false;
    const unwatch = watchDestroy(request, (error) => {
      over = true;
      endRequest(request, error);
    });
    const proceed = (error?: unknown): void => {
      if (over) return;
      over = true;
      unwatch();
      if (error === undefined || error === null) this.inner.addRequest(request, options);
      else endRequest(request, toError(error));
    };
    const { host, port } = options;
    try {
      gate({ protocol: this.protocol, host: host ?? "localhost", port: Number(port ?? this.defaultPort), method: request.method, path: request.path }, proceed);
    } catch (error) {
      proceed(error ?? new Error("The gate failed."));
    }
  }
}

/** The request's own options go first: that is how Node merges a client's options and its agent's, the other way round. */
function addMissing(options: TlsOptions, defaults: TlsOptions): void {
  for (const key of TLS_OPTIONS) {
    if (defaults[key] !== undefined && options[key] === undefined) options[key] = defaults[key];
  }
}
