import type { SecureContextOptions } from "node:tls";

/**
 * The options that say who we are and whom we trust: what a user's own https.Agent may carry, and what a socket may only be
 * shared by requests that agree on.
 */
export const TLS_OPTIONS = [
  "ca",
  "cert",
  "key",
  "pfx",
  "passphrase",
  "crl",
  "ciphers",
  "ecdhCurve",
  "sigalgs",
  "dhparam",
  "honorCipherOrder",
  "minVersion",
  "maxVersion",
  "secureProtocol",
  "secureOptions",
  "secureContext",
  "sessionIdContext",
  "clientCertEngine",
  "privateKeyEngine",
  "privateKeyIdentifier",
  "rejectUnauthorized",
  "servername",
  "checkServerIdentity",
  "ALPNProtocols",
  "allowPartialTrustChain",
] as const;

export type TlsOptions = Partial<Record<(typeof TLS_OPTIONS)[number], unknown>>;

/**
 * What Node's own key of a socket cannot tell apart: functions, contexts, and lists of objects, which all print alike.
 * Without it, a client that pins certificates would be given the kept socket of one that does not.
 */
export function identityKey(options: TlsOptions & SecureContextOptions): string {
  let key = "";
  for (const value of [options.checkServerIdentity, options.secureContext, options.pfx, options.key, options.cert, options.allowPartialTrustChain]) {
    if (value === undefined || value === null || isText(value)) continue;
    key += `:${typeof value === "object" || typeof value === "function" ? numberOf(value) : String(value)}`;
  }
  return key;
}

const numbers = new WeakMap<object, number>();
let last = 0;

function numberOf(value: object): number {
  let number = numbers.get(value);
  if (number === undefined) numbers.set(value, (number = ++last));
  return number;
}

/** PEM or DER, alone or in a list: Node compares these by what they hold. */
function isText(value: unknown): boolean {
  return typeof value === "string" || value instanceof Uint8Array || (Array.isArray(value) && value.every((each) => typeof each === "string" || each instanceof Uint8Array));
}
