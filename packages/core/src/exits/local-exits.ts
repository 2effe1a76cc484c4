import { scopeOf } from "./address.ts";
import type { Address, AddressScope } from "./address.ts";
import { addressesOfInterface, autoAddresses } from "./interfaces.ts";
import type { OwnAddress } from "./interfaces.ts";
import type { LocalSpec } from "./local-spec.ts";
import { addressesOf, contains, isWithin, knownRange, sizeOf } from "./range.ts";
import type { AddressRange } from "./range.ts";

/** A range of at most this many addresses stands for each of them, a larger one for this machine's addresses inside it. */
export const MOST_LISTED_BY_RANGE = 4_096n;

/** An address that may become an exit, once it has been bound. */
export interface Candidate {
  readonly address: Address;
  /** Named by the user, alone, by range or by interface; not merely found by `"auto"`. */
  listed: boolean;
  /** The range that it came from, when nothing else named it: then it need not exist. */
  range?: AddressRange;
}

export interface LeftOut {
  /** An exit's id, a range or the name of an interface. */
  readonly id: string;
  readonly reason: string;
}

export interface LocalPlan {
  readonly candidates: Candidate[];
  readonly left: LeftOut[];
  /** Addresses that `"auto"` would have brought, before `exclude`. */
  readonly found: number;
}

// Addresses that a wide range does not mean unless it is a range of nothing else: 0.0.0.0/0 is not meant to leave by loopback.
const SPECIAL: readonly { scope: AddressScope; range: AddressRange }[] = [
  { scope: "loopback", range: knownRange("127.0.0.0/8") },
  { scope: "loopback", range: knownRange("::1/128") },
  { scope: "link-local", range: knownRange("169.254.0.0/16") },
];

/** Which addresses the entries of `exits.local` stand for, in the order given, each once, without those of `exits.exclude`. */
export function planLocal(specs: readonly LocalSpec[], exclude: readonly LocalSpec[], own: readonly OwnAddress[]): LocalPlan {
  const candidates = new Map<string, Candidate>();
  const left: LeftOut[] = [];
  const isExcluded = matcherOf(exclude, own);
  const auto = autoAddresses(own);

  const add = (address: Address, listed: boolean, range?: AddressRange): void => {
    if (isExcluded(address)) return;
    const known = candidates.get(address.text);
    if (known === undefined) {
      candidates.set(address.text, { address, listed, range });
      return;
    }
    known.listed ||= listed;
    // Whoever names an address by itself wants to hear when it cannot be bound.
    if (listed && range === undefined) known.range = undefined;
  };

  for (const spec of specs) {
    switch (spec.kind) {
      case "auto":
        for (const { address } of auto) add(address, false);
        break;
      case "address":
        if (isExcluded(spec.address)) left.push({ id: spec.address.text, reason: "named by exits.exclude" });
        add(spec.address, true);
        break;
      case "range": {
        const addresses = addressesIn(spec.range, own);
        if (addresses.length === 0) left.push({ id: spec.range.text, reason: "none of this machine's addresses lies in it" });
        for (const address of addresses) add(address, true, sizeOf(spec.range) <= MOST_LISTED_BY_RANGE ? spec.range : undefined);
        break;
      }
      case "interface": {
        const addresses = addressesOfInterface(own, spec.name);
        if (addresses.length === 0) left.push({ id: spec.name, reason: `no interface of this name is up and has an address; there ${namesOf(own)}` });
        for (const { address } of addresses) add(address, true);
        break;
      }
      default:
        spec satisfies never;
    }
  }
  return { candidates: [...candidates.values()], left, found: auto.length };
}

function addressesIn(range: AddressRange, own: readonly OwnAddress[]): Address[] {
  if (sizeOf(range) <= MOST_LISTED_BY_RANGE) return [...addressesOf(range)].filter((address) => !cannotBeSource(scopeOf(address)));
  return own
    .filter(({ address, scope }) => contains(range, address) && !cannotBeSource(scope) && !(scope === "link-local" && address.family === 6))
    .filter(({ address, scope }) => SPECIAL.every((special) => special.scope !== scope || !contains(special.range, address) || isWithin(range, special.range)))
    .map(({ address }) => address);
}

/** Binding to one of these succeeds, and the connection then leaves by another address. */
function cannotBeSource(scope: AddressScope): boolean {
  return scope === "unspecified" || scope === "multicast" || scope === "broadcast";
}

function matcherOf(specs: readonly LocalSpec[], own: readonly OwnAddress[]): (address: Address) => boolean {
  const named = new Set<string>();
  const ranges: AddressRange[] = [];
  for (const spec of specs) {
    switch (spec.kind) {
      case "address":
        named.add(spec.address.text);
        break;
      case "range":
        ranges.push(spec.range);
        break;
      case "interface":
        for (const { address } of addressesOfInterface(own, spec.name)) named.add(address.text);
        break;
      case "auto": // Refused by validation: it would exclude whatever there is.
        break;
      default:
        spec satisfies never;
    }
  }
  return (address) => named.has(address.text) || ranges.some((range) => contains(range, address));
}

function namesOf(own: readonly OwnAddress[]): string {
  const names = [...new Set(own.map(({ interfaceName }) => interfaceName))];
  return names.length === 0 ? "are none" : `${names.length === 1 ? "is" : "are"} ${names.join(", ")}`;
}
