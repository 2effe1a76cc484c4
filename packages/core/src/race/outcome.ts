import type { ResponseInfo } from "../model/response.ts";
import type { Verdict, VerdictKind } from "../model/verdict.ts";

export function isResponseInfo(outcome: unknown): outcome is ResponseInfo {
  return typeof outcome === "object" && outcome !== null && typeof (outcome as ResponseInfo).status === "number" && typeof (outcome as ResponseInfo).header === "function";
}

export function verdictOf(outcome: Verdict | VerdictKind): Verdict {
  return typeof outcome === "string" ? { kind: outcome } : outcome;
}
