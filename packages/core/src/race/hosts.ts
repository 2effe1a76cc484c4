import type { RequestInfo } from "../model/request.ts";

/**
 * The host of `host[:port]` in lower case, without port, brackets' zone or trailing dot: what a target is named by when
 * nobody has named it.
 */
export function hostName(host: string): string {
  let end = host.length;
  if (host.charCodeAt(0) === 91 /* [ */) {
    const close = host.indexOf("]");
    if (close > 0) end = close + 1;
  } else {
    const colon = host.lastIndexOf(":");
    // More than one colon without brackets is an IPv6 address and no port.
    if (colon >= 0 && host.indexOf(":") === colon) end = colon;
  }
  const name = host.slice(0, end).toLowerCase();
  return name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name;
}

function noRequest(given: string): TypeError {
  return new TypeError(`Expected a request with its method and an absolute URL, such as { method: "GET", url: "https://api.example.com/path" }, got ${given}.`);
}

/** For requests that somebody has written by hand. @throws TypeError */
export function checkRequest(request: RequestInfo): RequestInfo {
  if (typeof request !== "object" || request === null) throw noRequest(request === null ? "null" : typeof request);
  if (typeof request.method !== "string" || request.method === "") throw noRequest("one without a method");
  return request;
}

const SENT_BY: ReadonlySet<string> = new Set(["http:", "https:", "ws:", "wss:"]);

/** With its port. @throws TypeError where there is no URL, one that is not absolute, or one of another protocol */
export function hostOf(request: RequestInfo): string {
  let url: URL;
  try {
    url = typeof request.url === "string" ? new URL(request.url) : request.url;
  } catch (error) {
    throw new TypeError(`Expected an absolute URL, such as "https://api.example.com/path", got \`${request.url.toString().split("?", 1)[0].slice(0, 100)}\`.`, { cause: error });
  }
  if (typeof url?.host !== "string") throw noRequest("one without a URL");
  if (!SENT_BY.has(url.protocol)) throw new TypeError(`Expected a URL of http, https, ws or wss, such as "https://api.example.com/path", got one of \`${url.protocol.slice(0, 40)}\`.`);
  return url.host;
}

/** Is the request for this very host and port? @param host without brackets */
export function isFor(request: RequestInfo, host: string, port: number): boolean {
  const { hostname, port: given, protocol } = typeof request.url === "string" ? new URL(request.url) : request.url;
  const own = given === "" ? (protocol === "https:" || protocol === "wss:" ? 443 : 80) : Number(given);
  return own === port && hostname.replace(/^\[|\]$/g, "") === host.toLowerCase();
}

/** Values by host pattern. The most specific wins: with a port, then the exact name, then the longest wildcard. */
export class HostPatterns<T> {
  readonly #exact = new Map<string, T>();
  readonly #wild = new Map<string, T>();

  add(pattern: string, value: T): void {
    const lower = pattern.toLowerCase();
    if (lower.startsWith("*.")) this.#wild.set(stripDot(lower.slice(2)), value);
    else this.#exact.set(stripDot(lower), value);
  }

  /** @param spelling with its port, in lower case; @param name without */
  find(spelling: string, name: string): T | undefined {
    const exact = this.#exact.get(spelling) ?? this.#exact.get(name) ?? (name.startsWith("[") ? this.#exact.get(name.slice(1, -1)) : undefined);
    if (exact !== undefined || this.#wild.size === 0) return exact;
    // "*.x" does not mean "x": one label at least stands before it.
    const port = spelling.length > name.length ? spelling.slice(name.length) : "";
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const rest = name.slice(dot + 1);
      const value = (port === "" ? undefined : this.#wild.get(rest + port)) ?? this.#wild.get(rest);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function stripDot(host: string): string {
  return host.length > 1 && host.endsWith(".") ? host.slice(0, -1) : host;
}
