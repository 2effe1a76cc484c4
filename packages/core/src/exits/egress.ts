import type { Exit } from "../model/exit.ts";
import { addressOf, scopeOf } from "./address.ts";
import type { Candidate } from "./local-exits.ts";

const SUBNET_BITS = 64n; // What one customer gets at least (RFC 6177), and what targets therefore count as one.

/**
 * Who an exit is to the target: exits with one key share their quotas.
 *
 * Addresses that were merely found may leave by one public address. Private ones usually do (NAT), and are taken for one;
 * so are those of one IPv6 /64. Whoever lists an address has looked, and each listed one counts for itself.
 */
export function localEgressKey({ address, listed }: Pick<Candidate, "address" | "listed">): string {
  if (listed) return address.text;
  if (scopeOf(address) === "private") return "auto:private";
  if (address.family === 4) return address.text;
  return `auto:${addressOf((address.value >> SUBNET_BITS) << SUBNET_BITS, 6).text}/64`;
}

/** The user's word goes before ours. */
export function egressKeyOf(exit: Exit, ours: string, egress: ((exit: Exit) => string) | undefined): string {
  if (egress === undefined) return ours;
  const key: unknown = egress(exit);
  if (typeof key !== "string") throw new TypeError(`Expected \`exits.egress\` to return a string, got \`${String(key)}\` for ${exit.id}.`);
  return key;
}
