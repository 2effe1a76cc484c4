import { addressOf, bitsOf, parseAddress } from "./address.ts";
import type { Address, Family } from "./address.ts";

/** A CIDR range, its host bits cleared: `10.0.0.7/24` is `10.0.0.0/24`. */
export interface AddressRange {
  readonly text: string;
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** `least` and `most`: the prefix lengths that the written address allows. */
export type RangeResult = AddressRange | { readonly problem: "address" } | { readonly problem: "prefix"; readonly least: number; readonly most: number };

const MAPPED_BITS = 96;

/** Reads `address/length`. */
export function parseRange(text: string): RangeResult {
  const slash = text.indexOf("/");
  const written = text.slice(0, slash);
  const base = parseAddress(written);
  if (base === undefined) return { problem: "address" };

  // The length belongs to what was written: ::ffff:10.0.0.0/120 is 10.0.0.0/24, and a shorter one than /96 is no IPv4 range at all.
  const mapped = base.family === 4 && written.includes(":");
  const least = mapped ? MAPPED_BITS : 0;
  const most = least + bitsOf(base.family);
  const digits = text.slice(slash + 1);
  const given = /^(?:0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : -1;
  if (given < least || given > most) return { problem: "prefix", least, most };

  const hostBits = BigInt(most - given);
  const first = (base.value >> hostBits) << hostBits;
  return { text: `${addressOf(first, base.family).text}/${given - least}`, family: base.family, first, last: first + (1n << hostBits) - 1n };
}

export function sizeOf(range: AddressRange): bigint {
  return range.last - range.first + 1n;
}

export function contains(range: AddressRange, address: Address): boolean {
  return address.family === range.family && address.value >= range.first && address.value <= range.last;
}

/** Is every address of `inner` one of `outer`? */
export function isWithin(inner: AddressRange, outer: AddressRange): boolean {
  return inner.family === outer.family && inner.first >= outer.first && inner.last <= outer.last;
}

/** Every address of a range, in order. Ask `sizeOf` first. */
export function* addressesOf(range: AddressRange): Generator<Address> {
  for (let value = range.first; value <= range.last; value += 1n) yield addressOf(value, range.family);
}

/** A range that stands in the source, and is therefore one. */
export function knownRange(text: string): AddressRange {
  const range = parseRange(text);
  if ("problem" in range) throw new RangeError(`Expected a CIDR range, got \`${text}\`.`);
  return range;
}
