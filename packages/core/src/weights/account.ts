import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Headers } from "./cost.ts";
import { headerOf } from "./params.ts";

export type AccountOf = (headers: Headers) => string | undefined;

/** Accounts whose names are remembered; a further one is hashed anew. */
const REMEMBERED = 1_000;

/**
 * Names the account of a request by the header that carries its key. The name is a hash: it turns up in counters, snapshots
 * and state files, where a key has no business.
 */
export function accountFrom(header: string): AccountOf {
  const lower = header.toLowerCase();
  const names = new LRUCache<string, string>({ max: REMEMBERED });
  return (headers) => {
    const value = headerOf(headers, lower);
    if (value === undefined || value === "") return undefined;
    const known = names.get(value);
    if (known !== undefined) return known;
    const name = createHash("sha256").update(credentialOf(value)).digest("hex").slice(0, 16);
    // A key is short; what is long came from somewhere else and is not worth keeping.
    if (value.length <= 4_096) names.set(value, name);
    return name;
  };
}

/** Signed authorization headers change with every request; the client's id in them does not. */
function credentialOf(value: string): string {
  if (value.startsWith("deri-hmac-sha256 ")) return /(?:^|[ ,])id=([^,\s]+)/.exec(value)?.[1] ?? value;
  return value;
}
