import { isIP } from "node:net";

// What is shown of a text that failed to parse as a proxy. Anything in it may be a password, so nothing is shown but what
// stands where a scheme, a host and a port stand.

const SCHEME = /^[a-z][a-z0-9+.-]{0,19}:\/\//i;
const HOST_AND_PORT = /^(\[[0-9a-f:.%]{0,60}\]|[^\s:/?#\\\p{C}]{0,64})(:\d{1,5}(?!\d))?/u;

/**
 * A text for messages: `socks5://***@192.0.2.1:1080…`. Never what stands before the last `@`, nor what follows the port. Some
 * providers write `user:password:host:port`, and a password of digits stands where a port does: the digits are shown behind an
 * address alone.
 */
export function redactLine(text: string): string {
  const trimmed = text.trim();
  const scheme = SCHEME.exec(trimmed)?.[0] ?? "";
  const at = trimmed.lastIndexOf("@");
  const rest = trimmed.slice(Math.max(scheme.length, at + 1));
  const [shown = "", host = "", port = ""] = HOST_AND_PORT.exec(rest) ?? [];
  const isAddress = isIP(host.replace(/^\[|\]$/g, "")) !== 0;
  return `${scheme}${at >= scheme.length ? "***@" : ""}${isAddress ? shown : host}${port !== "" && !isAddress ? ":…" : shown.length < rest.length ? "…" : ""}`;
}
