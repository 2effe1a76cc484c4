import type { ExitKind } from "./exit.ts";
import type { ResponseInfo } from "./response.ts";
import type { VerdictKind } from "./verdict.ts";

/**
 * What an answer means where the target's own classifier has no opinion.
 *
 * Most answers are successes: a 404 is what the target has to say, and the way there worked. Only refusals aimed at whoever
 * asks speak of the exit.
 */
export function defaultVerdict(info: ResponseInfo, method: string, kind: ExitKind): VerdictKind {
  const { status } = info;
  if (status < 400) return info.complete === false ? "exit-error" : emptyForNoReason(info, method) ? "blocked" : "success";
  switch (status) {
    case 403:
    case 451:
      return "blocked";
    case 407:
      // Only a proxy may ask for proxy credentials; through anything else it is a page that pretends.
      return kind === "http" ? "exit-error" : "blocked";
    case 418:
      return "banned";
    case 429:
      return "rate-limited";
    case 503:
      return info.header("retry-after") === undefined ? "target-error" : "rate-limited";
    default:
      return status >= 500 ? "target-error" : "success";
  }
}

/** Is it a success by its status alone? Most are: they need not be asked anything else. */
export function isPlainSuccess({ status, body, complete }: ResponseInfo): boolean {
  return status < 400 && body === undefined && complete === undefined;
}

/** A 200 without a body where one belongs is how bad proxies answer; known only where the body was looked at. */
function emptyForNoReason(info: ResponseInfo, method: string): boolean {
  if (info.body === undefined || info.body.length > 0 || info.complete !== true) return false;
  return info.status >= 200 && info.status < 300 && info.status !== 204 && info.status !== 205 && method === "GET";
}
