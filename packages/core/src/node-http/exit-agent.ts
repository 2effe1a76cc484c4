import http from "node:http";
import type { AgentOptions, ClientRequest, ClientRequestArgs, RequestOptions } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connectThrough } from "../connect/index.ts";
import type { AbortConnect, Destination } from "../connect/index.ts";
import type { Exit } from "../model/exit.ts";
import type { SocketCounts } from "../observe/socket-counts.ts";
import type { Clock } from "../time/clock.ts";
import { endRequest, hangUp, watchDestroy } from "./end-request.ts";
import { CONNECT_TIMEOUT } from "./pool-hooks.ts";
import type { AgentRequestOptions, PoolAgent } from "./pool-hooks.ts";
import { SessionCache } from "./session-cache.ts";
import type { SocketCap } from "./socket-cap.ts";
import { identityKey } from "./tls-identity.ts";

/** What the agents of one exit have in common. */
export interface ExitDial {
  readonly exit: Exit;
  readonly cap: SocketCap;
  readonly clock: Clock;
  readonly counts: SocketCounts;
  readonly connectTimeoutMs: number;
  /** Set when the exit's agents have been replaced: what runs may end, nothing is kept. */
  drained: boolean;
}

/** Node hands these over; its type declarations keep them to themselves. */
type AgentBase = new (options: AgentOptions) => PoolAgent;
type ConnectionCallback = (error: Error | null, stream: Duplex) => void;

export type ExitAgentClass = new (dial: ExitDial, options: object) => PoolAgent;

/**
 * How long an idle socket is kept, in milliseconds. Nginx closes at 75 s and AWS load balancers at 60 s by default, and a
 * rotation over 250 addresses comes round in seconds; servers that close sooner mostly say so (`Keep-Alive: timeout=5`),
 * and that is heeded.
 */
const IDLE_MS = 30_000;

/** Of a server's announced time, kept back for our request's way to it; Node's agents keep back as much. */
const IDLE_MARGIN_MS = 1_000;

/**
 * Options that would send by another way than the exit; and Node's own limits, which count connections only once they are
 * there and may send a queued request whose connection has failed. `maxInFlight`, `perExitInFlight` and `maxSockets` limit.
 */
const NOT_FOR_AGENTS: readonly string[] = ["maxSockets", "maxTotalSockets", "proxyEnv", "socketPath", "localAddress", "localPort", "family", "host", "hostname", "port", "path", "agent", "signal"];

export const HttpExitAgent: ExitAgentClass = exitAgentClass(http.Agent as unknown as AgentBase, false);
export const HttpsExitAgent: ExitAgentClass = exitAgentClass(https.Agent as unknown as AgentBase, true);

function exitAgentClass(Base: AgentBase, secure: boolean): ExitAgentClass {
  return class ExitAgent extends Base {
    readonly #dial: ExitDial;
    readonly #sessions: SessionCache;
    /** The request that is being given a socket right now. */
    #asking: ClientRequest | undefined;

    constructor(dial: ExitDial, options: object) {
      const { maxCachedSessions, ...allowed } = Object.fromEntries(Object.entries(options).filter(([key]) => !NOT_FOR_AGENTS.includes(key)));
      super({ keepAlive: true, ...allowed });
      this.#dial = dial;
      this.#sessions = new SessionCache(maxCachedSessions);
      // After Node's own listener, which destroys what is not to be kept.
      this.on("free", (socket: Socket) => {
        if (socket.destroyed) dial.cap.forget(socket);
      });
    }

    override addRequest(request: ClientRequest, options: AgentRequestOptions): void {
      // Its signal had been aborted before it was made. Nothing to connect for, and its own error is the one to report.
      if (request.destroyed) return endRequest(request, undefined);
      // Node asks for the connection from within. A further property would turn Node's forty options into a dictionary, which every copy that Node makes of them pays for.
      this.#asking = request;
      try {
        super.addRequest(request, options);
      } finally {
        this.#asking = undefined;
      }
    }

    override createConnection(args: ClientRequestArgs, callback?: ConnectionCallback): undefined {
      const options = args as AgentRequestOptions;
      const { exit, cap, clock, counts } = this.#dial;
      const request = this.#asking;
      this.#asking = undefined;
      const refusal = cap.closed ?? (typeof options.socketPath === "string" ? new TypeError("A Unix socket does not lead through an exit.") : undefined);
      if (refusal !== undefined) return void setImmediate(() => callback?.(refusal, undefined as never));

      const name = this.getName(options);
      const forget: (() => void)[] = [];
      const abort: AbortConnect = connectThrough(
        exit,
        this.#destination(options, name),
        (error, socket) => {
          for (const each of forget) each();
          cap.connected(abort, socket);
          if (socket === undefined) this.#failed(name);
          else this.#prepare(socket, options, name);
          callback?.(error as Error | null, socket as Duplex);
        },
        clock,
        counts,
      );
      cap.connecting(abort);
      if (request === undefined) return undefined;
      forget.push(watchDestroy(request, (error) => abort(error ?? hangUp())));
      // The option `timeout` of a request covers its connection, too; there is no socket yet that could tell of it.
      if (options.timeout) {
        const timer = clock.setTimeout(() => request.emit("timeout"), options.timeout);
        forget.push(() => clock.clearTimeout(timer));
      }
      return undefined;
    }

    override getName(options: RequestOptions = {}): string {
      return secure ? super.getName(options) + identityKey(options as object) : super.getName(options);
    }

    override keepSocketAlive(socket: Socket): boolean {
      if (this.#dial.drained || !super.keepSocketAlive(socket)) return false;
      const ownMs = this.options.timeout ?? IDLE_MS;
      // 0 is Node's word for no limit.
      const idleMs = Math.min(ownMs === 0 ? Number.POSITIVE_INFINITY : ownMs, announcedMs(socket) - IDLE_MARGIN_MS);
      if (idleMs <= 0) return false;
      // Node destroys a socket that times out among the free ones.
      socket.setTimeout(Number.isFinite(idleMs) ? idleMs : 0);
      return this.#dial.cap.keep(socket);
    }

    override reuseSocket(socket: Socket, request: ClientRequest): void {
      this.#dial.cap.use(socket);
      super.reuseSocket(socket, request);
      socket.setTimeout(this.options.timeout ?? 0);
    }

    #destination(options: AgentRequestOptions, name: string): Destination {
      const timeoutMs = options[CONNECT_TIMEOUT] ?? this.#dial.connectTimeoutMs;
      const { host, port, lookup, family } = options;
      const to: Destination = { host: host ?? "localhost", port: port ?? this.defaultPort, timeoutMs, lookup, family };
      if (!secure) return to;
      // A session skips the check of the name, so it is not for those who check in a way of their own.
      const session = options.checkServerIdentity === undefined ? this.#sessions.get(name) : undefined;
      return { ...to, servername: options.servername, tls: { ALPNProtocols: ["http/1.1"], session, ...(options as object) } };
    }

    /** What Node does to a socket that it opens itself. */
    #prepare(socket: Socket, options: AgentRequestOptions, name: string): void {
      if (options.keepAlive) socket.setKeepAlive(true, options.keepAliveInitialDelay);
      if (options.timeout) socket.setTimeout(options.timeout);
      if (!secure || options.checkServerIdentity !== undefined) return;
      socket.on("session", (session: Buffer) => this.#sessions.set(name, session));
      socket.once("close", (failed: boolean) => {
        if (failed) this.#sessions.delete(name);
      });
    }

    /** Node leaves the empty list of a name that never connected behind: one for each host that was ever tried. */
    #failed(name: string): void {
      const sockets = this.sockets as Record<string, Socket[] | undefined>;
      if (sockets[name]?.length === 0) delete sockets[name];
    }
  };
}

/** `Keep-Alive: timeout=5` of the answer that has just ended; Node heeds it only where an agent has a timeout of its own. */
function announcedMs(socket: Socket): number {
  const { _httpMessage: request } = socket as Socket & { _httpMessage?: { res?: http.IncomingMessage } };
  const match = /^timeout=(\d+)/.exec(String(request?.res?.headers["keep-alive"] ?? ""));
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * 1_000;
}
