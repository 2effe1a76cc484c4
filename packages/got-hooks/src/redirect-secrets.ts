import type { GotOptions } from "./got-options.ts";

/**
 * Headers by which one origin knows its user. What HTTP itself defines, and how exchanges and common APIs call their keys:
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security (X-MBX-APIKEY),
 * https://www.okx.com/docs-v5/en/#overview-rest-authentication (OK-ACCESS-KEY, -SIGN, -TIMESTAMP, -PASSPHRASE).
 */
const SECRET: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "cookie2", "x-mbx-apikey", "x-api-key", "api-key", "apikey", "x-auth-token"]);
const SECRET_PREFIXES: readonly string[] = ["ok-access-"];

export function isSecret(name: string): boolean {
  const lower = name.toLowerCase();
  return SECRET.has(lower) || SECRET_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

/**
 * Takes from the next hop what was meant for the origin before it: scheme, host and port. got itself takes the cookie and the
 * authorization away, got 14 only where the host or the port differs. What a hook has set for the new origin stays.
 */
export function stripSecrets(next: GotOptions, previous: GotOptions): void {
  const to = new URL(next.url ?? "");
  const from = new URL(previous.url ?? "");
  if (to.origin === from.origin) return;
  for (const [name, value] of Object.entries(next.headers)) {
    if (isSecret(name) && value === previous.headers[name]) delete next.headers[name];
  }
  if (next.username !== "" && next.username === previous.username) next.username = "";
  if (next.password !== "" && next.password === previous.password) next.password = "";
}
