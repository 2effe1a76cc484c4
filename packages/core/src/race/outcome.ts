import type { ResponseInfo } from "../model/response.ts";
import { VERDICT_KINDS, type Verdict, type VerdictKind } from "../model/verdict.ts";

export function isResponseInfo(outcome: unknown): outcome is ResponseInfo {
  return typeof outcome === "object" && outcome !== null && typeof (outcome as ResponseInfo).status === "number" && typeof (outcome as ResponseInfo).header === "function";
}

/** @throws TypeError where it is none: what is done with a verdict when a lease comes back must not fail half way */
export function verdictOf(outcome: Verdict | VerdictKind): Verdict {
  const verdict = typeof outcome === "string" ? { kind: outcome } : outcome;
  if (VERDICT_KINDS.includes(verdict?.kind)) return verdict;
  const given = typeof outcome === "object" && outcome !== null ? (verdict.kind === undefined ? "an object without a kind" : `the kind \`${String(verdict.kind)}\``) : `\`${String(outcome)}\``;
  throw new TypeError(`Expected a verdict (${VERDICT_KINDS.map((kind) => `"${kind}"`).join(", ")}, or an object with such a kind), an Error, or a response with \`status\` and a function \`header\`, got ${given}.`);
}
