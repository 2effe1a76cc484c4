import type { LookupFunction } from "node:net";
import type { Exit } from "../model/exit.ts";

/** How a proxy is reached. The only place where its password is kept. */
export interface ProxyEndpoint {
  readonly protocol: "socks5" | "http" | "https";
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** How its own name is resolved, where not as usual: a name in a public list must not lead to a private address. */
  readonly lookup?: LookupFunction;
}

// Keyed by the object, not its id: whoever prints, copies or saves an exit cannot take the password along.
const endpoints = new WeakMap<Exit, ProxyEndpoint>();

/** Tells the connector how to reach the proxy of an exit; a second call replaces the first. */
export function setEndpoint(exit: Exit, endpoint: ProxyEndpoint): void {
  endpoints.set(exit, endpoint);
}

/**
 * `undefined` for exits that are no proxy, and for one with a user whose password was never told. Of a proxy without either
 * its id says everything: so nothing is kept of the many thousands of a list.
 */
export function endpointOf(exit: Exit): ProxyEndpoint | undefined {
  return endpoints.get(exit) ?? (exit.kind === "socks5" || exit.kind === "http" ? readId(exit.id) : undefined);
}

const PLAIN_ID = /^(socks5|https?):\/\/(?:\[([^\]]+)\]|([^:/#@]+)):(\d{1,5})$/;

function readId(id: string): ProxyEndpoint | undefined {
  const found = PLAIN_ID.exec(id);
  if (found === null) return undefined;
  const [, protocol, six, host, port] = found;
  return { protocol: protocol as ProxyEndpoint["protocol"], host: six ?? host, port: Number(port) };
}
