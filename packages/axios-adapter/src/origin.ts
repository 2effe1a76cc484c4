import type { InternalAxiosRequestConfig } from "axios";

/** Where a request goes, without its path. */
export interface Origin {
  /** With its colon. */
  readonly protocol: string;
  /** Host and, unless it is the scheme's own, port: as targets are named. */
  readonly host: string;
  /** Without brackets: as `node:http` is told. */
  readonly hostname: string;
  readonly port: number;
}

const ABSOLUTE = /^([a-z][a-z\d+\-.]*:)?\/\//i;

/** Programs talk to few origins; a crawler's many are not worth more than that. */
const MOST_KNOWN = 1_000;
const known = new Map<string, Origin>();

/**
 * The origin of a request, cut out of the strings that axios makes its URL of: building the URL costs more than all the rest
 * that is done here. How an origin is spelt is left to `URL`, once for each spelling.
 *
 * `undefined`: the URL is not absolute.
 */
export function originOf(config: InternalAxiosRequestConfig): Origin | undefined {
  const { url = "", baseURL } = config;
  const whole = baseURL && isRelative(config) ? baseURL : String(url);
  const end = authorityEnd(whole);
  // No authority: `data:`, a mistake, or a path on its own.
  if (end < 0) return parse(whole);
  const spelling = whole.slice(0, end);
  const found = known.get(spelling);
  if (found !== undefined) return found;
  const origin = parse(spelling);
  // A URL with a password in it is parsed each time: nothing here keeps passwords.
  if (origin === undefined || spelling.includes("@")) return origin;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(spelling, origin);
  return origin;
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

function parse(spelling: string): Origin | undefined {
  let url: URL;
  try {
    url = new URL(spelling);
  } catch {
    return undefined;
  }
  const { protocol, host, hostname } = url;
  const port = url.port === "" ? (protocol === "https:" ? 443 : 80) : Number(url.port);
  return { protocol, host, hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname, port };
}
