import type { Exit } from "../model/exit.ts";

/** Where a connection stood: on its way to the first hop, talking to the proxy (TLS to it included), or in TLS with the target. */
export type ConnectPhase = "tcp" | "handshake" | "tls";

/** Whom a failed connection speaks against: the exit, the target, or this machine's own capacity. */
export type ConnectFault = "exit" | "target" | "local";

/**
 * A failure that the connector itself found. Failures of the system and of TLS keep their own class and code
 * (`ECONNREFUSED`, `ERR_TLS_CERT_ALTNAME_INVALID`) and are given a `phase`. All of them are given the id of the `exit`.
 *
 * - `ETIMEDOUT`: the deadline passed (`reason` is `"timeout"`).
 * - `ECONNRESET`: the other side closed the connection before it was ready.
 * - `ERR_PROXY_PROTOCOL`: the proxy broke its protocol, or speaks another.
 * - `ERR_PROXY_AUTH`: it wants credentials, or refused ours (HTTP: `status` 407).
 * - `ERR_PROXY_REFUSED`: it would not connect: `reply` is the code of SOCKS (RFC 1928, section 6), `status` that of HTTP.
 * - `ERR_NO_ENDPOINT`: the exit is a proxy whose login was never told, or whose id does not say where it is.
 */
export class ConnectError extends Error {
  readonly code: string;
  readonly phase: ConnectPhase;
  readonly reply?: number;
  readonly status?: number;
  readonly reason?: "timeout";

  constructor(code: string, phase: ConnectPhase, message: string, details: { reply?: number; status?: number; reason?: "timeout" } = {}) {
    super(message);
    this.code = code;
    this.phase = phase;
    if (details.reply !== undefined) this.reply = details.reply;
    if (details.status !== undefined) this.status = details.status;
    if (details.reason !== undefined) this.reason = details.reason;
  }

  override get name(): string {
    return "ConnectError";
  }
}

/** Failures of opening a connection, and whose they are. A caller's abort reason is never among them: it may be shared with a request that was sent. */
const failures = new WeakMap<object, ConnectFault>();

/**
 * Is it certain that no byte of the request has left? True for failures of the connector and for nothing else; an error
 * that wraps one has to be unwrapped by whoever knows what it stands for (a redirect's second hop was sent once already).
 */
export function isUnsent(error: unknown): boolean {
  return typeof error === "object" && error !== null && failures.has(error);
}

/**
 * Whom a failed connection speaks against. Through a proxy nearly everything is the exit's: also what it says about the
 * target, which bad proxies say about every target; `error.reply` lets others judge differently. Of an error that did not
 * come from the connector, only the code is looked at.
 */
export function connectFault(error: unknown): ConnectFault {
  if (typeof error !== "object" || error === null) return "target";
  return failures.get(error) ?? faultByCode(error, "local");
}

/** Notes where and through what the connection failed: a system's own error says neither, and at night it is the exit that is asked for. */
export function markFailure(error: unknown, phase: ConnectPhase, exit: Exit): void {
  if (typeof error !== "object" || error === null) return;
  failures.set(error, faultByCode(error, exit.kind));
  if (!Object.isExtensible(error)) return;
  if (!("phase" in error)) Object.assign(error, { phase });
  if (!("exit" in error)) Object.assign(error, { exit: exit.id });
}

function faultByCode(error: object, kind: Exit["kind"]): ConnectFault {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  switch (code) {
    // Descriptors, memory, and ports: a bound source that has used up its ports reports EADDRINUSE.
    case "EMFILE":
    case "ENFILE":
    case "ENOBUFS":
    case "ENOMEM":
    case "EADDRINUSE":
      return "local";
    // From `bind`: the address is not this machine's. From `connect`: the ports of the unbound source are used up.
    case "EADDRNOTAVAIL":
      return syscall === "connect" ? "local" : "exit";
    // What was asked for cannot be asked of any exit.
    case "ERR_INVALID_ARG_VALUE":
    case "ERR_INVALID_ARG_TYPE":
    case "ERR_SOCKET_BAD_PORT":
      return "target";
    // A source of the other family, no address at all, no route from it, or a local firewall against it.
    case "EINVAL":
    case "ERR_INVALID_IP_ADDRESS":
    case "EAFNOSUPPORT":
    case "ENETUNREACH":
    case "ENETDOWN":
    case "EACCES":
    case "EPERM":
      return "exit";
    default:
      return kind === "socks5" || kind === "http" ? "exit" : "target";
  }
}
