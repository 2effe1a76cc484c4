import { setEndpoint } from "../connect/endpoints.ts";
import type { Exit } from "../model/exit.ts";
import type { ParsedProxy } from "./parsed-proxy.ts";
import { parseProxyLine } from "./proxy-line.ts";
import type { ProxyLineOptions } from "./proxy-line.ts";
import { redactLine } from "./redact.ts";
import { UserIds } from "./user-ids.ts";

/** A proxy with the id that its exit will have. */
export interface NamedProxy {
  readonly id: string;
  readonly proxy: ParsedProxy;
}

export interface RefusedProxy {
  /** Place in the list, from 0. */
  readonly index: number;
  /** The line, without anything that might be a password. */
  readonly given: string;
  readonly reason: string;
}

export interface ProxyList {
  /** In the order of their first lines. */
  readonly proxies: NamedProxy[];
  readonly refused: RefusedProxy[];
  /** Ids that came with two different passwords; the last one was taken. */
  readonly repeated: Set<string>;
}

/**
 * Reads many lines. Two of them are one exit when protocol, canonical host, port and user agree; the last password wins.
 * A line that names no proxy is among the refused, and the others live.
 */
export function readProxies(lines: Iterable<string>, options: ProxyLineOptions = {}): ProxyList {
  const list: ProxyList = { proxies: [], refused: [], repeated: new Set() };
  const byId = new Map<string, { id: string; proxy: ParsedProxy }>();
  const userIds = new UserIds();
  let index = -1;
  for (const line of lines) {
    index += 1;
    // A URL object for example: what it holds is not looked at, for it may be a password.
    const parsed = typeof line === "string" ? parseProxyLine(line, options) : ({ kind: "refused", reason: "not a string" } as const);
    if (parsed.kind === "refused") {
      list.refused.push({ index, given: typeof line === "string" ? redactLine(line) : `a value of type ${typeof line}`, reason: parsed.reason });
      continue;
    }
    const { place, username } = parsed;
    const id = username === undefined ? place : userIds.idOf(place, username);
    const known = byId.get(id);
    if (known === undefined) {
      const named = { id, proxy: parsed };
      byId.set(id, named);
      list.proxies.push(named);
    } else if (known.proxy.password !== parsed.password) {
      known.proxy = parsed;
      list.repeated.add(known.id);
    }
  }
  return list;
}

/** The exit of a proxy. Its credentials go to the connect room, and nowhere else. */
export function proxyExit({ id, proxy }: NamedProxy): Exit {
  const kind = proxy.protocol === "socks5" ? "socks5" : "http";
  const exit: Exit = Object.freeze(proxy.isAddress ? { id, kind, address: proxy.host } : { id, kind });
  const { protocol, host, port, username, password } = proxy;
  // What its id says need not be kept a second time.
  if (username !== undefined || password !== undefined) setEndpoint(exit, { protocol, host, port, username, password });
  return exit;
}
