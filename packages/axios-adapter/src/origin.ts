import { originOf as originOfSpelling } from "@multihome/core/connect";
import type { Origin } from "@multihome/core/connect";
import type { InternalAxiosRequestConfig } from "axios";

const ABSOLUTE = /^([a-z][a-z\d+\-.]*:)?\/\//i;

/**
 * The origin of a request, cut out of the strings that axios makes its URL of. How it is spelt is left to `URL`, once for each spelling.
 *
 * `undefined`: the URL is not absolute.
 */
export function originOf(config: InternalAxiosRequestConfig): Origin | undefined {
  const { url = "", baseURL } = config;
  const whole = baseURL && isRelative(config) ? baseURL : String(url);
  const end = authorityEnd(whole);
  // No authority: `data:`, a mistake, or a path on its own.
  return originOfSpelling(end < 0 ? whole : whole.slice(0, end));
}

/** Path and query without `params`: as good as axios's own for whoever weighs them, who decodes both alike. */
export function pathOf(config: InternalAxiosRequestConfig): string {
  const { url = "", baseURL } = config;
  const whole = baseURL && isRelative(config) ? (url ? `${baseURL.replace(/\/+$/, "")}/${String(url).replace(/^\/+/, "")}` : baseURL) : String(url);
  const path = whole.slice(authorityEnd(whole)).split("#", 1)[0];
  return path.startsWith("/") ? path : `/${path}`;
}

/** Is this where the request was thought to go? Node is given the host without brackets, and a port always. */
export function isOrigin(origin: Origin, to: { protocol: string; host: string; port: number }): boolean {
  return to.port === origin.port && to.host === origin.hostname && to.protocol === origin.protocol;
}

/** axios's own rule for when `baseURL` comes in front. */
function isRelative({ url, allowAbsoluteUrls }: InternalAxiosRequestConfig): boolean {
  return allowAbsoluteUrls === false || typeof url !== "string" || !ABSOLUTE.test(url);
}

/** Where scheme and authority end; -1 without any. */
function authorityEnd(url: string): number {
  const start = url.indexOf("//");
  if (start < 0) return -1;
  let end = start + 2;
  for (; end < url.length; end++) {
    const code = url.charCodeAt(end);
    // The signs that end an authority: / ? # \
    if (code === 47 || code === 63 || code === 35 || code === 92) break;
  }
  return end;
}
