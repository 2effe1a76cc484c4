import type { LookupFunction } from "node:net";
import { MultihomeError } from "@multihome/core";
import type { Exit } from "@multihome/core";
import { inTheirWords } from "./errors.ts";
import type { AgentOptions } from "./options.ts";
import type { UndiciModule } from "./undici.ts";

/** How the connections of one exit are made. */
export interface ConnectSettings {
  /** For `tls.connect`. */
  readonly tls: Record<string, unknown>;
  readonly servername: string | undefined;
  /** Over TCP, proxy handshake and TLS together, in milliseconds. */
  readonly timeoutMs: number;
  readonly lookup: LookupFunction | undefined;
  readonly family: number | undefined;
  /** TCP keep-alive probes after so many idle milliseconds; `undefined`: none. */
  readonly probeAfterMs: number | undefined;
  readonly maxCachedSessions: number | undefined;
}

export interface AgentSettings {
  /** For undici's `Agent`. */
  readonly agent: Record<string, unknown>;
  readonly connect: ConnectSettings;
}

/** What undici's agents take, other than how to connect. */
const FOR_AGENT: readonly string[] = [
  "headersTimeout",
  "bodyTimeout",
  "keepAliveTimeout",
  "keepAliveMaxTimeout",
  "keepAliveTimeoutThreshold",
  "maxHeaderSize",
  "maxResponseSize",
  "maxRequestsPerClient",
  "strictContentLength",
  "connections",
  "clientTtl",
  "maxOrigins",
  "factory",
  "maxConcurrentStreams",
  "initialWindowSize",
  "connectionWindowSize",
  "pingInterval",
  "h2Options",
];

/** As long as the pool's agents of node:http keep a connection; servers that close sooner mostly say so, and that is heeded. */
const IDLE_MS = 30_000;

/** undici's own. */
const PROBE_AFTER_MS = 60_000;

/**
 * The exit's own options go before those for all. An option that only `https.Agent` knows is taken for one of TLS, so that
 * one `agentOptions` serves every client of a pool.
 *
 * @throws InvalidArgumentError for what would lead past the exit
 */
export function settingsFor(exit: Exit, common: AgentOptions | undefined, own: object | undefined, connectTimeoutMs: number, undici: UndiciModule): AgentSettings {
  const merged = { ...common, ...own } as Record<string, unknown>;
  const connect = { ...connectOf(common), ...connectOf(own) } as Record<string, unknown>;
  const past = leadsPast(exit, merged, common, own) ?? leadsPast(exit, connect);
  if (past !== undefined) {
    throw inTheirWords(undici.errors.InvalidArgumentError, new MultihomeError("MH_ERR_CONFIG", `\`${past}\` in the options for the exit ${exit.id} would lead past it. Leave it out; connections lead through the exit by themselves.`));
  }
  const agent: Record<string, unknown> = { keepAliveTimeout: IDLE_MS };
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(merged)) {
    if (value === undefined || name === "connect") continue;
    if (FOR_AGENT.includes(name)) agent[name] = value ?? agent[name];
    else rest[name] = value;
  }
  const tls = { ...rest, ...connect };
  const timeoutMs = connect.timeout ?? merged.connectTimeout;
  return {
    agent,
    connect: {
      tls,
      servername: typeof tls.servername === "string" ? tls.servername : undefined,
      timeoutMs: typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : connectTimeoutMs,
      lookup: typeof tls.lookup === "function" ? (tls.lookup as LookupFunction) : undefined,
      family: typeof tls.family === "number" ? tls.family : undefined,
      probeAfterMs: connect.keepAlive === false ? undefined : typeof connect.keepAliveInitialDelay === "number" ? connect.keepAliveInitialDelay : PROBE_AFTER_MS,
      maxCachedSessions: typeof merged.maxCachedSessions === "number" ? merged.maxCachedSessions : undefined,
    },
  };
}

function connectOf(options: { connect?: unknown } | undefined): object | undefined {
  const connect = options?.connect;
  return typeof connect === "object" && connect !== null ? connect : undefined;
}

function leadsPast(exit: Exit, options: Record<string, unknown>, ...sources: ({ connect?: unknown } | undefined)[]): string | undefined {
  if (sources.some((source) => typeof source?.connect === "function")) return "connect";
  if (typeof options.socketPath === "string") return "socketPath";
  const { localAddress } = options;
  if (typeof localAddress === "string" && localAddress !== exit.address) return "localAddress";
  return undefined;
}
