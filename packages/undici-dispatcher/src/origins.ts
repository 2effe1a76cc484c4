import net from "node:net";

/** What is known of an origin, worked out once for each spelling. */
export interface Origin {
  /** As undici names it to a connector: `http://127.0.0.1:8080`. */
  readonly key: string;
  /** Host and, unless it is the scheme's own, port. */
  readonly host: string;
  /** The host is an address, not a name. */
  readonly literal: boolean;
}

/** Spellings that are remembered. A crawler of more hosts than that parses again. */
const MOST = 10_000;

const known = new Map<string, Origin>();

/** `undefined`: not an absolute http or https URL. */
export function originOf(origin: unknown): Origin | undefined {
  const spelling = typeof origin === "string" ? origin : origin instanceof URL ? origin.origin : undefined;
  if (spelling === undefined) return undefined;
  return known.get(spelling) ?? parse(spelling);
}

function parse(spelling: string): Origin | undefined {
  let url: URL;
  try {
    url = new URL(spelling);
  } catch {
    return undefined;
  }
  if ((url.protocol !== "http:" && url.protocol !== "https:") || url.host === "") return undefined;
  const { host, hostname, protocol } = url;
  const origin: Origin = { key: `${protocol}//${host}`, host, literal: hostname.startsWith("[") || net.isIP(hostname) !== 0 };
  if (known.size >= MOST) known.clear();
  known.set(spelling, origin);
  return origin;
}

/**
 * The host that limits belong to. `interceptors.dns` puts an address in the place of the name, and the name into
 * `servername`: the target stays the one that was asked for.
 */
export function hostOf(origin: Origin, servername: unknown): string {
  if (!origin.literal || typeof servername !== "string" || servername === "" || net.isIP(servername) !== 0) return origin.host;
  const port = origin.host.startsWith("[") ? origin.host.slice(origin.host.indexOf("]") + 1) : origin.host.slice(origin.host.indexOf(":") >= 0 ? origin.host.indexOf(":") : origin.host.length);
  return servername.toLowerCase() + port;
}
