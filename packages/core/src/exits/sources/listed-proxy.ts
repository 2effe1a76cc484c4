import { endpointOf, setEndpoint } from "../../connect/endpoints.ts";
import type { Exit } from "../../model/exit.ts";
import type { ParsedProxy } from "../parsed-proxy.ts";
import { proxyExit } from "../proxy-exits.ts";
import type { NamedProxy } from "../proxy-exits.ts";
import { parseProxyLine } from "../proxy-line.ts";
import { publicLookup } from "./public-lookup.ts";

/** A proxy that a source names. */
export interface ListedProxy extends NamedProxy {
  /** Only lists from public addresses name it: it may be reached at public addresses alone. */
  readonly publicSource: boolean;
}

/** One whose id says everything: of 20,000 lines nothing is kept but what tells them apart. */
class PlainListed implements ListedProxy {
  readonly id: string;
  readonly publicSource: boolean;

  constructor(id: string, publicSource: boolean) {
    this.id = id;
    this.publicSource = publicSource;
  }

  get proxy(): ParsedProxy {
    return parseProxyLine(this.id) as ParsedProxy;
  }
}

export function listedProxy(id: string, proxy: ParsedProxy, publicSource: boolean): ListedProxy {
  return proxy.username === undefined && proxy.password === undefined ? new PlainListed(id, publicSource) : { id, proxy, publicSource };
}

/**
 * The exit of a proxy that a source names. Where strangers named it by a host name, its endpoint brings the `lookup` that
 * the connector has to use: a name in a public list may lead to a private address, or begin to later.
 */
export function listedExit(listed: ListedProxy): Exit {
  const exit = proxyExit(listed);
  const endpoint = endpointOf(exit);
  if (!listed.publicSource || listed.proxy.isAddress || endpoint === undefined) return exit;
  setEndpoint(exit, { ...endpoint, lookup: publicLookup });
  return exit;
}
