import type { Socket } from "node:net";
import { connectThrough } from "@multihome/core/connect";
import type { AbortConnect, Destination } from "@multihome/core/connect";
import type { AdapterHost, Exit } from "@multihome/core";
import type { ConnectSettings } from "./agent-settings.ts";
import { SessionCache } from "./session-cache.ts";

/** What undici tells a connector. */
export interface ConnectTarget {
  readonly protocol: string;
  /** With its port, unless that is the scheme's own. */
  readonly host?: string;
  readonly hostname: string;
  /** Empty where it is the scheme's own. */
  readonly port: string;
  readonly servername?: string | null;
  /** False where the one request must not be spoken in HTTP/2, as an upgrade to WebSocket; undici keeps such connections apart. */
  readonly allowH2?: boolean;
}

/** Once. undici looks at the error's `code` without asking whether there is an error. */
export type Connected = (...outcome: [null, Socket] | [Error, null]) => void;

/** In the shape of undici's own, so that it fits what `new Agent({ connect })` takes. */
export type Connector = (target: ConnectTarget, callback: Connected) => void;

/** Told of every connection that is opened, so that it can be given up and counted. */
export interface ConnectObserver {
  connecting(origin: string, abort: AbortConnect): void;
  connected(origin: string, abort: AbortConnect, socket: Socket | undefined): void;
}

/**
 * The way to a server through one exit, in the shape of undici's connectors: bound or tunnelled, TLS done, one deadline over
 * all of it. It can be given up, which undici's own cannot.
 */
export function connectorFor(exit: Exit, settings: ConnectSettings, allowH2: boolean, { clock, sockets }: Pick<AdapterHost, "clock" | "sockets">, observer: ConnectObserver): Connector {
  const sessions = new SessionCache(settings.maxCachedSessions);
  return (target, callback) => {
    const origin = `${target.protocol}//${target.host ?? target.hostname}`;
    const secure = target.protocol === "https:";
    const to = destination(target, settings, allowH2 && target.allowH2 !== false, secure ? sessions : undefined);
    const abort = connectThrough(
      exit,
      to,
      (error, socket) => {
        observer.connected(origin, abort, socket);
        if (socket === undefined) {
          if (secure) sessions.delete(sessionKey(target, settings));
          callback(error as Error, null);
          return;
        }
        if (settings.probeAfterMs !== undefined) socket.setKeepAlive(true, settings.probeAfterMs);
        if (secure && checksByDefault(settings)) sessions.watch(sessionKey(target, settings), socket);
        callback(null, socket);
      },
      clock,
      sockets,
    );
    observer.connecting(origin, abort);
  };
}

function destination(target: ConnectTarget, settings: ConnectSettings, allowH2: boolean, sessions: SessionCache | undefined): Destination {
  const { hostname: host } = target;
  const { timeoutMs, lookup, family } = settings;
  const port = target.port === "" ? (sessions === undefined ? 80 : 443) : target.port;
  if (sessions === undefined) return { host, port, timeoutMs, lookup, family };
  const session = checksByDefault(settings) ? sessions.get(sessionKey(target, settings)) : undefined;
  const tls = { ...(session === undefined ? {} : { session }), ...settings.tls, ALPNProtocols: allowH2 ? ["h2", "http/1.1"] : ["http/1.1"] };
  return { host, port, timeoutMs, lookup, family, servername: servernameOf(target, settings) ?? "", tls };
}

/** The request's own name goes before the exit's. Empty: the host's. */
function servernameOf(target: ConnectTarget, settings: ConnectSettings): string | undefined {
  return typeof target.servername === "string" && target.servername !== "" ? target.servername : settings.servername;
}

function sessionKey(target: ConnectTarget, settings: ConnectSettings): string {
  return `${servernameOf(target, settings) ?? target.hostname}:${target.port}`;
}

/** A resumed session skips the check of the name, so it is not for those who check in a way of their own. */
function checksByDefault(settings: ConnectSettings): boolean {
  return settings.tls.checkServerIdentity === undefined;
}
