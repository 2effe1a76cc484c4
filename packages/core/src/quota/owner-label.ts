import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { CounterOwner } from "./counter-owner.ts";

const DIGITS = 8;
/** Some of them are asked for once a second. */
const labels = new LRUCache<string, string>({ max: 1_000 });

/**
 * What people are shown instead of an account's name, which may be an API key: the first digits of its SHA-256. The same in
 * every process; 32 bits, so that not even somebody who could try every key would learn which of billions it was.
 */
export function accountLabel(account: string): string {
  return `account ${digits(account)}`;
}

/** The same of whomever a counter counts that is no exit. A charge's key may come from the request as well. */
export function ownerLabel({ account, key }: CounterOwner): string {
  const who = account === undefined ? "" : accountLabel(account);
  if (key === undefined) return who === "" ? "everybody" : who;
  return `${who === "" ? "" : `${who} · `}key ${digits(key)}`;
}

function digits(name: string): string {
  let found = labels.get(name);
  if (found === undefined) labels.set(name, (found = createHash("sha256").update(name).digest("hex").slice(0, DIGITS)));
  return found;
}
