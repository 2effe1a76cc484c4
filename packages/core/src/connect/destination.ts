import type { LookupFunction } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { domainToASCII } from "node:url";

/** Where a connection should lead, and how long it may take. */
export interface Destination {
  /** Name or address. Names are resolved by the proxy where the exit is one, never here. */
  readonly host: string;
  /** A string of digits is as good: `node:http` hands on what the URL said. */
  readonly port: number | string;
  /** The name to verify and to ask for in TLS; TLS is done when this or `tls` is given. @default host */
  readonly servername?: string;
  /** Options of `tls.connect` (ca, cert, key, ALPNProtocols…); those that say where to connect are ignored. */
  readonly tls?: ConnectionOptions;
  /** Instead of `dns.lookup`; local and direct exits only. */
  readonly lookup?: LookupFunction;
  /** Address family for `direct`; local exits take that of their own address. */
  readonly family?: number;
  /** Over TCP, proxy handshake and TLS together, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborting it rejects with its reason, unwrapped. */
  readonly signal?: AbortSignal;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Host and port as both proxies' protocols and `net` take them: no brackets, ASCII, a number.
 *
 * @throws TypeError with code `ERR_INVALID_ARG_VALUE`. Refused here because a line break in a host would be a second
 * header of CONNECT, and `socks` counts characters where the protocol counts bytes.
 */
export function addressOf(to: Destination): Address {
  const port = Number(to.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(`Expected \`port\` to be from 1 to 65535, got \`${String(to.port)}\`.`);
  const host = asciiHost(to.host);
  // 255 bytes is what one length byte of SOCKS5 can say, and more than DNS allows.
  if (host === "" || host.length > 255 || /[^\x21-\x7e]|[/?#@\\]/.test(host)) throw invalid(`Expected \`host\` to be a name or an address, got \`${String(to.host)}\`.`);
  return { host, port };
}

/** `host:port` as it stands in a request line. */
export function authority({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function asciiHost(host: unknown): string {
  if (typeof host !== "string") return "";
  if (host.startsWith("[") && host.endsWith("]")) return host.slice(1, -1);
  // What is ASCII already is left as it is: a name with an odd character is for the resolver to refuse, not for us to mend.
  return Buffer.byteLength(host) === host.length ? host : domainToASCII(host);
}

function invalid(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_VALUE" });
}
