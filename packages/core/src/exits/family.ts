import { isIP } from "node:net";

/** Of an address; 0 of a name, which may lead to either. */
export type Family = 0 | 4 | 6;

/** @param host a name or an address, with or without brackets */
export function familyOf(host: string): Family {
  return isIP(host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host) as Family;
}

/** The family of all of them; "mixed" where they differ. */
export function commonFamily(hosts: readonly string[]): Family | "mixed" {
  const [first = "", ...others] = hosts;
  const family = familyOf(first);
  return others.every((host) => familyOf(host) === family) ? family : "mixed";
}
