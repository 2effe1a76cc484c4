import { lookup as systemLookup } from "node:dns";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { reachOf } from "./reach.ts";
import type { Reach } from "./reach.ts";

/** A name or an address that only our own network knows, from somebody who is not of it. */
export class PrivateAddressError extends Error {
  readonly code = "ERR_PRIVATE_ADDRESS";

  constructor(host: string) {
    super(`${host} is not a public address, and a public list may name no other.`);
  }

  override get name(): string {
    return "PrivateAddressError";
  }
}

/**
 * A `lookup` for sockets to hosts that a stranger named: it answers with public addresses only, so that the address that
 * was judged is the one that is connected to. A name that has none of them fails with `ERR_PRIVATE_ADDRESS`.
 *
 * Sockets ask it for names alone; an address has to be judged before.
 */
export function createPublicLookup(reach: (address: string) => Reach = reachOf, resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const open = found.filter(({ address }) => reach(address) === "public");
      if (open.length === 0) return callback(new PrivateAddressError(hostname), []);
      if (options.all === true) return callback(null, open);
      return callback(null, open[0].address, open[0].family);
    });
  };
}

/** With the system's resolver. */
export const publicLookup: LookupFunction = createPublicLookup();

/** May a public list name this host? Names other than this machine's are judged when they have been resolved. */
export function mayBePublic(host: string, isAddress: boolean): boolean {
  if (isAddress) return reachOf(host) === "public";
  return host !== "localhost" && !host.endsWith(".localhost"); // RFC 6761 section 6.3
}

/** @throws PrivateAddressError for an address, written as in a URL, that is not public. */
export function assertPublicHost(hostname: string, reach: (address: string) => Reach): void {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && reach(host) !== "public") throw new PrivateAddressError(host);
}
