import type { QuotaLimit } from "../../quota/limit.ts";
import type { Quota } from "../../quota/quota.ts";
import type { Bookkeeper } from "./bookkeeper.ts";
import type { Leg } from "../leg.ts";
import type { Target } from "../target.ts";

// What leases and answers tell the ledger. Nothing here is reached where there is none.

/** It is known what became of the lease: never sent, an answer that succeeded or did not, or nothing was heard, and it may have been counted. */
export function settleInLedger(leg: Leg, became: "unsent" | "succeeded" | "refused" | "unheard"): void {
  const { engine, grant, job } = leg;
  const { demand, target } = job;
  leg.grant = undefined;
  if (grant === undefined || engine.books === undefined) return;
  const { quota } = target;
  if (became === "unsent" || demand === undefined || quota === undefined) engine.books.giveBack(grant);
  else engine.books.settle(grant, demand.limits.map((_, i) => quota.countedOf(demand, i, became === "succeeded")), became !== "unheard");
}

/** What answers say is used goes to the ledger as well. */
export function reportUsed(books: Bookkeeper, target: Target, quota: Quota): void {
  quota.onUsed = (limit, egress, account, key, used) => books.observe(books.counterOf(target, limit, egress, account, key, 0), used);
}

/** One limit is shut for whom it counts. */
export function pauseLimit(target: Target, limit: QuotaLimit, egress: number, account: string | undefined, until: number): void {
  const { books } = target.engine;
  books?.pause(books.counterOf(target, limit, egress, account, undefined, 0).key, until, "rate-limited");
}
