import { isIPv6 } from "node:net";
import { parsedProxy } from "./parsed-proxy.ts";
import type { ParsedProxy, ProxyProtocol } from "./parsed-proxy.ts";
import { parsePlainProxy } from "./plain-proxy.ts";
import { parseProxyHost } from "./proxy-host.ts";

/** Why a line names none. The reason never quotes the line. */
export interface RefusedLine {
  readonly kind: "refused";
  readonly reason: string;
}

export interface ProxyLineOptions {
  /** What a line without a scheme (`192.0.2.1:1080`) is. Without it such a line is refused. */
  readonly defaultProtocol?: ProxyProtocol;
}

// RFC 1928 asks IANA for 1080; http and https are those of their URLs.
const DEFAULT_PORT: Record<ProxyProtocol, number> = { socks5: 1080, http: 80, https: 443 };
const LONGEST_LINE = 2_048;
const LONGEST_SOCKS_FIELD = 255; // RFC 1929: the length is one byte

const SCHEME = /^([a-z][a-z0-9+.-]{0,19}):\/\//i;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const PORT = /^\d{1,9}$/;

/**
 * Reads one proxy: `socks5://user:password@host:port`, `socks5h://` (the same: names are always resolved by the proxy),
 * `http://`, `https://`. Never throws.
 *
 * Credentials are percent-decoded once; what does not decode is taken as it stands. A fragment or query is a label and ignored.
 */
export function parseProxyLine(line: string, options: ProxyLineOptions = {}): ParsedProxy | RefusedLine {
  if (line.length > LONGEST_LINE) return refused(`longer than ${LONGEST_LINE} characters`);
  const text = line.trim(); // A byte order mark counts as white space.
  return parsePlainProxy(text, options.defaultProtocol) ?? parseAnyProxy(text, options.defaultProtocol);
}

function parseAnyProxy(text: string, defaultProtocol: ProxyProtocol | undefined): ParsedProxy | RefusedLine {
  if (text === "") return refused("empty");
  if (CONTROL.test(text)) return refused("a control character inside");

  const scheme = SCHEME.exec(text);
  const protocol = scheme === null ? defaultProtocol : protocolOf(scheme[1]);
  if (protocol === undefined) {
    return refused(scheme === null ? "no scheme: socks5://, http:// or https:// belongs before the host" : "a scheme that is not supported: socks5, socks5h, http and https are");
  }

  const rest = scheme === null ? text : text.slice(scheme[0].length);
  const authority = /^[^/?#]*/.exec(rest)![0];
  const at = authority.lastIndexOf("@");
  if (at === -1 && rest.includes("@")) return refused("/, ? and # in a user name or password have to be percent-encoded");
  if (/^\/[^?#]/.test(rest.slice(authority.length))) return refused("a path: a proxy has none");

  const place = placeOf(authority.slice(at + 1), protocol);
  if (typeof place === "string") return refused(place);
  const host = parseProxyHost(place.host);
  if (host === undefined) return refused("the host is neither a name nor an address");
  const shownHost = host.name.includes(":") ? `[${host.name}]` : host.name;
  const bare = parsedProxy(protocol, host.name, place.port, host.isAddress, `${protocol}://${shownHost}:${place.port}`);
  return at === -1 ? bare : withCredentials(authority.slice(0, at), bare);
}

function protocolOf(scheme: string): ProxyProtocol | undefined {
  switch (scheme.toLowerCase()) {
    case "socks5":
    case "socks5h":
      return "socks5";
    case "http":
      return "http";
    case "https":
      return "https";
    default:
      return undefined;
  }
}

function placeOf(text: string, protocol: ProxyProtocol): { host: string; port: number } | string {
  const end = text.startsWith("[") ? text.indexOf("]") + 1 : text.includes(":") ? text.indexOf(":") : text.length;
  const host = text.slice(0, end);
  const rest = text.slice(end);
  if (text.startsWith("[") && end === 0) return "a bracket that does not close";
  if (rest === "" || rest === ":") return host === "" ? "no host" : { host, port: DEFAULT_PORT[protocol] };
  if (rest.startsWith(":") && rest.includes(":", 1)) {
    if (isIPv6(text)) return "an IPv6 address belongs in brackets";
    return "more than host and port: write scheme://user:password@host:port";
  }
  const digits = rest.slice(1);
  if (!rest.startsWith(":") || !PORT.test(digits)) return "the port is not a number";
  const port = Number(digits);
  if (port < 1 || port > 65_535) return "the port is not one of 1 to 65535";
  return host === "" ? "no host" : { host, port };
}

function withCredentials(userinfo: string, bare: ParsedProxy): ParsedProxy | RefusedLine {
  const colon = userinfo.indexOf(":");
  const username = decodeOnce(colon === -1 ? userinfo : userinfo.slice(0, colon));
  const password = colon === -1 ? undefined : decodeOnce(userinfo.slice(colon + 1));
  if (username === "" && (password ?? "") === "") return bare;
  if (bare.protocol !== "socks5") {
    // RFC 7617 section 2: the first colon ends the user name, however it was encoded here.
    if (username.includes(":")) return refused("a user name with a colon cannot be sent to an HTTP proxy");
  } else if (Buffer.byteLength(username) > LONGEST_SOCKS_FIELD || Buffer.byteLength(password ?? "") > LONGEST_SOCKS_FIELD) {
    return refused(`SOCKS5 carries at most ${LONGEST_SOCKS_FIELD} bytes of user name and of password`);
  }
  return parsedProxy(bare.protocol, bare.host, bare.port, bare.isAddress, bare.place, username, password);
}

function decodeOnce(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refused(reason: string): RefusedLine {
  return { kind: "refused", reason };
}
