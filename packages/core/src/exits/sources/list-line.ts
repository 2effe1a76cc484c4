import type { ParsedProxy, ProxyProtocol } from "../parsed-proxy.ts";
import { parsePlainProxy } from "../plain-proxy.ts";
import { parseProxyLine } from "../proxy-line.ts";
import type { RefusedLine } from "../proxy-line.ts";

/** What a line without a scheme is. */
const DEFAULT_PROTOCOL: ProxyProtocol = "socks5";
const OPTIONS = { defaultProtocol: DEFAULT_PROTOCOL };
const LONGEST_LINE = 2_048;

// Lists put a country, a speed or a date behind the proxy. An "@" further on would mean that the first word was a part of
// the credentials, and a line break that this is more than one line.
const FIRST_WORDS = [/^([^ \t]+)[ \t][^@\r\n\u2028\u2029]*$/, /^([^,;|]+)[,;|][^@\r\n\u2028\u2029]*$/];
const HAS_SCHEME = /^[a-z][a-z0-9+.-]{0,19}:\/\//i;

/** `192.0.2.1:1080` and its like: nearly every line of nearly every list, and the only ones that need not be trimmed or looked at for comments. */
export function parsePlainLine(line: string): ParsedProxy | undefined {
  return parsePlainProxy(line, DEFAULT_PROTOCOL);
}

/** Is there nothing to read in this line? Expects it trimmed. */
export function isBlankOrComment(text: string): boolean {
  return text === "" || text.startsWith("#") || text.startsWith("//") || text.startsWith(";");
}

/**
 * Reads one line of a list: a proxy, with or without a scheme, and what follows it after white space, `,`, `;` or `|` is
 * ignored. Stricter than what a user writes by hand, because any text can come as a list: without a scheme, the port has to
 * be there, and the host is an address or has a dot (`top:10` is CSS, `error:404` a page). Never throws.
 */
export function parseListLine(text: string): ParsedProxy | RefusedLine {
  if (text.length > LONGEST_LINE) return refused(`longer than ${LONGEST_LINE} characters`);
  const whole = parseWord(text);
  if (whole.kind === "proxy") return whole;

  for (const pattern of FIRST_WORDS) {
    const first = pattern.exec(text)?.[1];
    if (first === undefined || !endsInPort(first)) continue;
    const parsed = parseWord(first);
    if (parsed.kind === "proxy") return parsed;
  }
  return whole;
}

function parseWord(word: string): ParsedProxy | RefusedLine {
  const parsed = parseProxyLine(word, OPTIONS);
  if (parsed.kind === "refused" || HAS_SCHEME.test(word)) return parsed;
  if (!endsInPort(word)) return refused("no proxy: neither a scheme nor a port");
  return looksLikeHost(word) ? parsed : refused("no scheme, and the host is neither an address nor a name with a dot");
}

function endsInPort(word: string): boolean {
  return /:\d{1,9}$/.test(authorityOf(word));
}

function looksLikeHost(word: string): boolean {
  const authority = authorityOf(word);
  const host = authority.slice(authority.lastIndexOf("@") + 1, authority.lastIndexOf(":"));
  return host.includes(".") || host.startsWith("[") || host.toLowerCase() === "localhost";
}

/** What stands before the path, the query or the fragment. */
function authorityOf(word: string): string {
  const start = HAS_SCHEME.exec(word)?.[0].length ?? 0;
  const end = /[/?#]/.exec(word.slice(start));
  return end === null ? word.slice(start) : word.slice(start, start + end.index);
}

function refused(reason: string): RefusedLine {
  return { kind: "refused", reason };
}
