import { isIPv4 } from "node:net";
import { parseAddress } from "../address.ts";

/**
 * Who can be at an address. `own`: something on this machine, its links or in its private networks. `public`: anybody.
 * `nobody`: no host of either kind, or one that hides another address in itself.
 */
export type Reach = "own" | "public" | "nobody";

const MAPPED_V4_BITS = 0xffff_ffffn;

/** The reach of an address, after the registries of special-purpose addresses (RFC 6890) that IANA keeps. What is no address is `nobody`. */
export function reachOf(address: string): Reach {
  if (isIPv4(address)) return reachOf4(Number.parseInt(address, 10), Number.parseInt(address.slice(address.indexOf(".") + 1), 10), address);
  // The zone of a link-local address: what `remoteAddress` says, and no list may.
  const zone = address.indexOf("%");
  const parsed = parseAddress(zone === -1 ? address : address.slice(0, zone));
  if (parsed === undefined) return "nobody";
  return parsed.family === 4 ? reachOf(parsed.text) : reachOf6(parsed.value);
}

function reachOf4(first: number, second: number, address: string): Reach {
  if (first === 10 || first === 127) return "own";
  if (first === 100 && second >= 64 && second <= 127) return "own"; // Shared by the customers of a carrier (RFC 6598), and by VPNs.
  if (first === 169 && second === 254) return "own";
  if (first === 172 && second >= 16 && second <= 31) return "own";
  if (first === 192 && second === 168) return "own";
  if (first === 0 || first >= 224 || address.startsWith("192.0.0.")) return "nobody";
  // Also 198.18.0.0/15, meant for benchmarks: resolvers of VPNs give it out as stand-ins for public hosts.
  return "public";
}

function reachOf6(value: bigint): Reach {
  const top16 = Number(value >> 112n);
  if (value === 1n) return "own";
  if (top16 >= 0xfc00 && top16 <= 0xfdff) return "own"; // unique local
  if (top16 >= 0xfe80 && top16 <= 0xfeff) return "own"; // link-local, and the site-local of old
  if (value >> 80n === 0x0064_ff9b_0001n) return "own"; // NAT64 of a network's own, RFC 8215
  // The address that a translator will really connect to counts, and such a one is never trusted as our own.
  if (value >> 32n === 0x0064_ff9b_0000_0000_0000_0000n) return hidden(value & MAPPED_V4_BITS); // NAT64, RFC 6052
  if (top16 === 0x2002) return hidden((value >> 80n) & MAPPED_V4_BITS); // 6to4, RFC 3056
  if (value >> 96n === 0x2001_0000n) return "nobody"; // Teredo, RFC 4380
  return top16 >= 0x2000 && top16 <= 0x3fff ? "public" : "nobody"; // 2000::/3 is all that has been given out.
}

function hidden(v4: bigint): Reach {
  const value = Number(v4);
  const text = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");
  return reachOf(text) === "public" ? "public" : "nobody";
}
