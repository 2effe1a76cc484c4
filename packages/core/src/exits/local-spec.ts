import { platform } from "node:process";
import { lenientReading, parseAddress, scopeOf } from "./address.ts";
import type { Address } from "./address.ts";
import { isWithin, knownRange, parseRange } from "./range.ts";
import type { AddressRange } from "./range.ts";

/** What one entry of `exits.local` or `exits.exclude` means. */
export type LocalSpec =
  | { readonly kind: "auto" }
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "range"; readonly range: AddressRange }
  | { readonly kind: "interface"; readonly name: string };

/** Why an entry means nothing: what could stand there instead. */
export interface SpecProblem {
  readonly kind: "problem";
  readonly expected: string;
}

const ANYTHING = `an address of this machine, a CIDR range such as "192.0.2.0/28", or an interface name such as "eth0"`;
const FOUR_NUMBERS = `an IPv4 address: four decimal numbers from 0 to 255 without leading zeros, such as "192.0.2.1"`;
const SIX = `an IPv6 address, such as "2001:db8::1"`;

// What is certainly meant as an address, so that a mistyped one is not taken for the name of an interface.
const LIKE_IPV4 = /^\d+(?:\..*)?$|^0x[\da-f.x]+$/i;
const LIKE_SPAN = /^\d+(?:\.\d+){3}\s*(?:-|\.\.+)\s*[\d.]+$/;
const LIKE_IPV6 = /:.*:/;
const ADDRESS_AND_PORT = /^(?:[\d.]+|\[[^\]]*\]):\d+$/;

// Names: IFNAMSIZ is 16 with its NUL on Linux and the BSDs, and neither blanks nor "/" occur; Windows has "Ethernet 2".
// An IPv4 alias on Linux shows as "eth0:1", and in os.networkInterfaces() under that name.
// oxlint-disable-next-line no-control-regex
const WINDOWS_NAME = /^[^\u0000-\u001f/%]{1,255}$/;
const UNIX_NAME = /^[^\s\p{C}/%]{1,15}$/u;

const WILDCARDS = ["224.0.0.0/4", "ff00::/8"].map(knownRange);
const ZONED = knownRange("fe80::/10");

/**
 * Reads one entry: `"auto"`, an address, a CIDR range, or the name of an interface. Whether this machine has such an address
 * or interface is not asked here.
 *
 * Refused are addresses that a socket can be bound to and that then leaves by another one all the same (unspecified,
 * multicast, broadcast), and those that say nothing without a zone id.
 */
export function parseLocalSpec(text: unknown, system: string = platform): LocalSpec | SpecProblem {
  if (typeof text !== "string") return problem(ANYTHING);
  const entry = text.trim();
  if (entry === "") return problem(ANYTHING);
  if (entry === "auto") return { kind: "auto" };
  if (entry.includes("://")) return problem(`${ANYTHING}; proxies belong in \`exits.proxies\``);
  if (entry.includes("/")) return rangeSpec(entry);
  if (entry.includes("%")) return problem("an address without a zone id, or the name of the interface by itself");

  const address = parseAddress(entry);
  if (address !== undefined) return addressSpec(address);
  if (ADDRESS_AND_PORT.test(entry)) return problem("an address without brackets and port: each connection takes a port of its own");
  if (LIKE_SPAN.test(entry)) return problem(`${ANYTHING}; from one address to another means nothing: write a CIDR range, or each of them`);
  if (LIKE_IPV4.test(entry)) return problem(withReading(FOUR_NUMBERS, entry));
  if (LIKE_IPV6.test(entry)) return problem(SIX);
  if (!(system === "win32" ? WINDOWS_NAME : UNIX_NAME).test(entry)) return problem(ANYTHING);
  return { kind: "interface", name: entry };
}

function addressSpec(address: Address): LocalSpec | SpecProblem {
  const scope = scopeOf(address);
  switch (scope) {
    case "unspecified":
      return problem(`an address of one exit; ${address.text} means none in particular ("auto" finds this machine's addresses)`);
    case "multicast":
    case "broadcast":
      return problem(`an address of this machine; ${address.text} is a ${scope} address, which nobody sends from`);
    case "link-local":
      if (address.family === 6) return problem(`an address that is valid beyond one link; ${address.text} says nothing without its zone`);
      return { kind: "address", address };
    case "loopback":
    case "private":
    case "other":
      return { kind: "address", address };
    default:
      return scope satisfies never;
  }
}

function rangeSpec(entry: string): LocalSpec | SpecProblem {
  const range = parseRange(entry);
  if ("problem" in range) {
    if (range.problem === "prefix") return problem(`a prefix length from ${range.least} to ${range.most} after the slash`);
    return problem(withReading(`a CIDR range: an address, a slash and a prefix length, such as "192.0.2.0/28" or "2001:db8::/64"`, entry.slice(0, entry.indexOf("/"))));
  }
  if (WILDCARDS.some((outer) => isWithin(range, outer))) return problem(`a range of addresses of this machine; ${range.text} is multicast`);
  if (isWithin(range, ZONED)) return problem(`a range of addresses that are valid beyond one link; ${range.text} says nothing without a zone`);
  if (range.first === range.last) return addressSpec(parseAddress(range.text.slice(0, range.text.indexOf("/")))!);
  return { kind: "range", range };
}

function withReading(expected: string, text: string): string {
  const reading = lenientReading(text);
  return reading === undefined ? expected : `${expected} (${text} is read as ${reading} by some programs; write that if it is meant)`;
}

function problem(expected: string): SpecProblem {
  return { kind: "problem", expected };
}
