import net from "node:net";

/** Where a request goes, without its path. */
export interface Origin {
  /** With its colon. */
  readonly protocol: string;
  /** Host and, unless it is the scheme's own, port: as targets are named. */
  readonly host: string;
  /** Without brackets: as `node:http` is told. */
  readonly hostname: string;
  /** The scheme's own where none is given: 443 of `https:`, else 80. */
  readonly port: number;
  /** Protocol and host, as undici names it to a connector: `http://127.0.0.1:8080`. */
  readonly key: string;
  /** The host is an address, not a name. */
  readonly literal: boolean;
}

/** Spellings that are remembered, over all pools. A crawler of more hosts than that parses again. */
const MOST_KNOWN = 10_000;
/** No host is longer than 253 characters (RFC 1035, 2.3.4), with scheme and port. What is longer has more in it than an origin. */
const LONGEST_KNOWN = 300;

const known = new Map<string, Origin>();

/**
 * The origin of a URL, for adapters: worked out once for each spelling, because to make a `URL` costs more than all the rest that is done
 * for a request. Give it scheme and authority alone where the URL is at hand in one piece: each spelling is remembered.
 *
 * @returns `undefined` where this is no absolute URL
 */
export function originOf(spelling: string): Origin | undefined {
  return known.get(spelling) ?? learn(spelling);
}

function learn(spelling: string): Origin | undefined {
  let url: URL;
  try {
    url = new URL(spelling);
  } catch {
    return undefined;
  }
  const { protocol, host, hostname } = url;
  const port = url.port === "" ? (protocol === "https:" ? 443 : 80) : Number(url.port);
  const bracketed = hostname.startsWith("[");
  const origin: Origin = { protocol, host, hostname: bracketed ? hostname.slice(1, -1) : hostname, port, key: `${protocol}//${host}`, literal: bracketed || net.isIP(hostname) !== 0 };
  // One with a password in it is parsed each time: nothing here keeps passwords.
  if (spelling.length > LONGEST_KNOWN || spelling.includes("@")) return origin;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(spelling, origin);
  return origin;
}
