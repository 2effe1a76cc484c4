import type { LimitScope } from "../model/limits.ts";

/** Whose counter it is. */
export interface CounterOwner {
  readonly egress?: number;
  readonly account?: string;
  readonly key?: string;
}

/** A counter of an account, an instrument or the target's own. */
export interface NamedCounter {
  readonly owner: CounterOwner;
  readonly used: number;
  readonly resetsAt: number;
  /** 0: it is not. */
  readonly pausedUntil: number;
}

/** Names a counter inside its limit, in this process: what `ownerOf` can tell apart again. */
export function counterName(scope: LimitScope, egress: number, account: string | undefined, key: string | undefined): string {
  if (scope === "target") return key ?? "";
  const owner = scope === "exit" ? String(egress) : (account ?? "");
  return key === undefined ? owner : `${owner} ${key}`;
}

/** Undoes `counterName`. */
export function ownerOf(scope: LimitScope, name: string): CounterOwner {
  if (scope === "target") return name === "" ? {} : { key: name };
  const space = name.indexOf(" ");
  const owner = space < 0 ? name : name.slice(0, space);
  return { ...(scope === "exit" ? { egress: Number(owner) } : { account: owner }), ...(space < 0 ? {} : { key: name.slice(space + 1) }) };
}
