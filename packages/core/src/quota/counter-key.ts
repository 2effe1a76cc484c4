import type { LimitScope } from "../model/limits.ts";

/**
 * The name of one counter, for ledgers that keep counts outside this process: who is counted, at which target, by which
 * limit, and the counter of its own that a charge may name. The same in every process that counts the same.
 *
 * @param exit what the target sees of an exit: its egress key
 */
export function counterKey(target: string, limit: string, scope: LimitScope, exit: string, account: string | undefined, key: string | undefined): string {
  const who = scope === "exit" ? `exit:${exit}` : scope === "account" ? `account:${account ?? ""}` : "target";
  return [who, target, limit, ...(key === undefined ? [] : [key])].map(escaped).join("|");
}

/** What a pause covers: every counter of an exit or an account at the target, or the target as a whole. */
export function pauseKey(target: string, scope: LimitScope, exit: string, account: string | undefined): string {
  const who = scope === "exit" ? `exit:${exit}` : scope === "account" ? `account:${account ?? ""}` : "target";
  return [who, target].map(escaped).join("|");
}

/** Keys and accounts come from outside: none may be taken for two parts. */
function escaped(part: string): string {
  return part.replaceAll(/[%|]/g, (char) => (char === "%" ? "%25" : "%7C"));
}
