import { once } from "node:events";
import { connect, createServer, isIP } from "node:net";
import type { Socket } from "node:net";
import { TLSSocket, createSecureContext } from "node:tls";
import { serverTls } from "../certificates.ts";
import type { ServerTls } from "../certificates.ts";
import { listen } from "../listener.ts";
import { emptyBooks } from "./books.ts";
import type { ProxyBooks } from "./books.ts";
import { faultFor } from "./faults.ts";
import type { CommonFault, FaultPlan, PlainFault } from "./faults.ts";
import { Peer } from "./peer.ts";
import { shapeOf } from "./shapers.ts";

export interface ProxyServerOptions<F> {
  /** @default "127.0.0.1" */
  host?: string;
  /** @default 0: the system chooses */
  port?: number;
  /** The local address that its tunnels leave by: what the target sees. @default the system's choice */
  egress?: string;
  /** With `password`: who does not log in is refused. */
  username?: string;
  password?: string;
  /** Addresses of names (in lower case) that only this proxy knows; others are looked up. */
  hosts?: Readonly<Record<string, string>>;
  /** @default "ok" */
  fault?: FaultPlan<F | CommonFault | PlainFault>;
  /** How late its answers and the tunnels' bytes are, in milliseconds; and up to how much more by chance. @default 0 */
  latencyMs?: number;
  jitterMs?: number;
  /** @default Math.random */
  random?: () => number;
}

/** A proxy on loopback that goes wrong as it is told, and keeps books of what it was asked for. */
export interface ProxyServer<F> {
  readonly host: string;
  readonly port: number;
  /** With user and password, where it has any. */
  readonly url: string;
  /** For connections from now on; those that stand are left alone. */
  setFault(fault: FaultPlan<F | CommonFault | PlainFault>): void;
  /** Destroys the connections that stand; goes on accepting. */
  dropConnections(): void;
  books(): ProxyBooks;
  /** Starts the books anew. */
  reset(): void;
  close(): Promise<void>;
}

/** What a protocol brings along. */
export interface Protocol<F> {
  readonly scheme: "socks5" | "http" | "https";
  readonly tls?: ServerTls;
  serve(peer: Peer, fault: F | CommonFault, outside: Outside): Promise<void>;
}

/** The proxy's own way to destinations. */
export interface Outside {
  /** `undefined`: everybody may in. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  connect(host: string, port: number): Promise<Socket>;
}

export async function startProxy<F extends { readonly kind: string }>(protocol: Protocol<F>, options: ProxyServerOptions<F>): Promise<ProxyServer<F>> {
  const { host = "127.0.0.1", latencyMs = 0, jitterMs = 0, random = Math.random, username, password } = options;
  const secureContext = protocol.tls === undefined ? undefined : createSecureContext(serverTls(protocol.tls));
  const credentials = username === undefined ? undefined : { username, password: password ?? "" };
  const outside: Outside = { credentials, connect: (to, port) => connectFrom(options.egress, to, port, options.hosts ?? {}) };
  const upstreams = new Set<Socket>();
  let plan = options.fault ?? "ok";
  let books = emptyBooks();

  function accept(raw: Socket): void {
    const mine = books;
    const connection = mine.accepted;
    mine.accepted += 1;
    mine.open += 1;
    mine.highWater = Math.max(mine.highWater, mine.open);
    // Not `mine`: the books may have been started anew meanwhile, with this connection among the open ones.
    raw.once("close", () => (books.open -= 1));

    const fault = faultFor<F | CommonFault>(plan, connection);
    if (fault.kind === "refuse") raw.destroy();
    else if (fault.kind === "reset") raw.resetAndDestroy();
    else if (fault.kind === "hang") raw.once("end", () => raw.destroy()).resume();
    else {
      const socket = secureContext === undefined ? raw : new TLSSocket(raw, { isServer: true, secureContext });
      const peer = new Peer(raw, socket, { connection, shape: shapeOf(fault, { latencyMs, jitterMs }), random, books: mine });
      protocol.serve(peer, fault, { ...outside, connect: (to, port) => tracked(outside.connect(to, port)) }).catch(() => peer.destroy());
    }
  }

  async function tracked(connecting: Promise<Socket>): Promise<Socket> {
    const upstream = await connecting;
    upstreams.add(upstream);
    upstream.once("close", () => upstreams.delete(upstream));
    return upstream;
  }

  // Half-open on both sides: an end is passed on as an end, and the other direction goes on.
  const server = createServer({ allowHalfOpen: true }, accept);
  const listener = await listen(server, host, options.port ?? 0);
  const login = credentials === undefined ? "" : `${encodeURIComponent(credentials.username)}:${encodeURIComponent(credentials.password)}@`;
  function dropConnections(): void {
    for (const socket of [...listener.sockets, ...upstreams]) socket.destroy();
  }
  return {
    host,
    port: listener.port,
    url: `${protocol.scheme}://${login}${isIP(host) === 6 ? `[${host}]` : host}:${listener.port}`,
    setFault(fault) {
      plan = fault;
    },
    dropConnections,
    books: () => structuredClone(books),
    reset() {
      books = emptyBooks(listener.sockets.size);
    },
    async close() {
      const closed = listener.close();
      dropConnections();
      await closed;
    },
  };
}

async function connectFrom(egress: string | undefined, host: string, port: number, hosts: Readonly<Record<string, string>>): Promise<Socket> {
  const known = hosts[host.toLowerCase()];
  const family = egress === undefined ? 0 : isIP(egress);
  const socket = connect({ host: known ?? host, port, allowHalfOpen: true, family, ...(egress === undefined ? {} : { localAddress: egress }) });
  await once(socket, "connect");
  return socket;
}
