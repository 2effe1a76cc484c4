import { defaultVerdict } from "../model/default-verdict.ts";
import type { ExitKind } from "../model/exit.ts";
import type { ResponseInfo } from "../model/response.ts";
import type { Verdict } from "../model/verdict.ts";

/** As much of an error's message as fits a line. */
const MOST = 120;
/** What stands before the host of an address, and after its path: passwords, signatures, keys. */
const SECRET = /(?<=:\/\/)[^\s/?#@]*@|(?<=[?#])[^\s"'`]+/g;

/** What an error says, in a few words and without what its addresses may carry: it goes to logs, events and errors of others. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) {
    const { code } = error as { code?: unknown };
    return typeof code === "string" ? `${code}${answerOf(code, error)}` : brief(error.message);
  }
  return typeof error === "string" ? brief(error) : "unknown";
}

/** Why an answer is no success. A status that says so by itself needs no more; a 200 does. */
export function reasonOfAnswer(verdict: Verdict, info: ResponseInfo, method: string, kind: ExitKind): string {
  if (verdict.reason !== undefined) return verdict.reason;
  const { status } = info;
  if (defaultVerdict({ status, header: (name) => info.header(name) }, method, kind) === verdict.kind) return `status ${status}`;
  if (defaultVerdict(info, method, kind) === verdict.kind) return `status ${status}, ${info.complete === false ? "its body was cut" : "without a body"}`;
  return `status ${status}, classified as ${verdict.kind}`;
}

/** What a proxy that refused has answered: there are many reasons to refuse, and one code. */
function answerOf(code: string, error: Error): string {
  if (!code.startsWith("ERR_PROXY_")) return "";
  const { reply, status } = error as { reply?: unknown; status?: unknown };
  if (typeof reply === "number") return ` (reply ${reply})`;
  return typeof status === "number" ? ` (status ${status})` : "";
}

function brief(text: string): string {
  // Cut after the secrets are out: half of one would not be found.
  return text.slice(0, 10_000).replace(SECRET, "…").slice(0, MOST);
}
