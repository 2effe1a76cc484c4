import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

export type Family = 4 | 6;

/** One IP address in its one spelling: dotted decimal, or RFC 5952. */
export interface Address {
  readonly text: string;
  readonly family: Family;
  /** As a number of 32 or 128 bits, so that ranges are arithmetic. */
  readonly value: bigint;
}

/** What kind of place an address is; `"other"` is everything that may be somebody's own. */
export type AddressScope = "unspecified" | "loopback" | "link-local" | "private" | "multicast" | "broadcast" | "other";

const BITS: Record<Family, number> = { 4: 32, 6: 128 };
const MAPPED_PREFIX = 0xffffn; // ::ffff:0:0/96, RFC 4291 section 2.5.5.2

/**
 * Reads an address as `inet_pton` does: no `127.1`, no `0177.0.0.1`, no `2130706433`, which other parsers read as loopback.
 * An IPv4-mapped IPv6 address is the IPv4 address that it means. A zone id is refused.
 */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { text, family: 4, value: valueOf4(text) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  return addressOf(valueOf6(text), 6);
}

/** The address of a number; IPv4-mapped ones become IPv4. */
export function addressOf(value: bigint, family: Family): Address {
  if (family === 6 && value >> 32n === MAPPED_PREFIX) return addressOf(value & 0xffff_ffffn, 4);
  return { text: textOf(value, family), family, value };
}

export function bitsOf(family: Family): number {
  return BITS[family];
}

export function scopeOf(address: Address): AddressScope {
  if (address.value === 0n) return "unspecified";
  const range = ipaddr.parse(address.text).range();
  switch (range) {
    case "loopback":
    case "multicast":
    case "broadcast":
      return range;
    case "linkLocal":
      return "link-local";
    case "private":
    case "uniqueLocal":
    case "carrierGradeNat":
      return "private";
    default:
      return "other";
  }
}

/** The dotted decimal address that a lenient parser takes this text for, such as `127.1` or `0x7f.0.0.1`: for messages only. */
export function lenientReading(text: string): string | undefined {
  return /^[\dxa-f.]+$/i.test(text) && ipaddr.IPv4.isValid(text) ? ipaddr.IPv4.parse(text).toString() : undefined;
}

function valueOf4(text: string): bigint {
  return BigInt(text.split(".").reduce((value, part) => value * 256 + Number(part), 0));
}

function valueOf6(text: string): bigint {
  const [head, tail] = text.split("::");
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const groups = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const value = Number(valueOf4(group));
    return [Math.floor(value / 65_536), value % 65_536];
  });
}

function textOf(value: bigint, family: Family): string {
  const bytes: number[] = [];
  for (let shift = BITS[family] - 8; shift >= 0; shift -= 8) bytes.push(Number((value >> BigInt(shift)) & 0xffn));
  return ipaddr.fromByteArray(bytes).toString();
}
