import type { RequestInfo } from "../model/request.ts";

/** Longer ones are cut. */
const MOST = 200;

/** The path of a request without its query and fragment, where keys and signatures stand. */
export function pathOnly({ path, url }: Pick<RequestInfo, "path" | "url">): string {
  const whole = path ?? (typeof url === "string" ? afterHost(url) : url.pathname);
  const end = whole.search(/[?#]/);
  const plain = end < 0 ? whole : whole.slice(0, end);
  return plain.length <= MOST ? plain : `${plain.slice(0, MOST)}…`;
}

function afterHost(url: string): string {
  const slashes = url.indexOf("//");
  const at = url.slice(slashes + 2).search(/[/?#]/);
  return slashes < 0 || at < 0 ? "/" : url.slice(slashes + 2 + at);
}
