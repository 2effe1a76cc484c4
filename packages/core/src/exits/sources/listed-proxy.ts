import { endpointOf, setEndpoint } from "../../connect/endpoints.ts";
import type { Exit } from "../../model/exit.ts";
import { proxyExit } from "../proxy-exits.ts";
import type { NamedProxy } from "../proxy-exits.ts";
import { publicLookup } from "./public-lookup.ts";

/** A proxy that a source names. */
export interface ListedProxy extends NamedProxy {
  /** Only lists from public addresses name it: it may be reached at public addresses alone. */
  readonly publicSource: boolean;
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
