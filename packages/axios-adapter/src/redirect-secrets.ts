/** Headers that say who asks. Keys of the exchanges that we have tables for, and the names that most others use. */
const SECRET_HEADERS: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "x-mbx-apikey", "x-api-key", "api-key", "apikey"]);
const SECRET_PREFIXES: readonly string[] = ["ok-access-"];

/** Takes away, in place, what another origin has no business to learn. */
export function dropSecrets(headers: Record<string, unknown>): void {
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (SECRET_HEADERS.has(lower) || SECRET_PREFIXES.some((prefix) => lower.startsWith(prefix))) delete headers[name];
  }
}
