/** Since then a script may read the clock and write afterwards (Redis 5.0 release notes: "effects replication" by default). */
const OLDEST = 5;

export const OLDER = `The store is older than Redis ${OLDEST}.0, which is needed (or any Valkey): scripts there may not read the clock before they write.`;

/** What to tell the user of a server that is too old; `undefined` where it is new enough, or does not say. */
export function tooOld(info: unknown): string | undefined {
  const version = /^redis_version:(\d+)(\S*)/m.exec(String(info ?? ""));
  if (version === null || Number(version[1]) >= OLDEST) return undefined;
  return `The store is Redis ${version[1]}${version[2]}, and ${OLDEST}.0 or newer is needed (or any Valkey): scripts there may not read the clock before they write.`;
}

/** A store that throws keys away when its memory is full forgets counters one by one, which nobody can notice. */
export function mayEvict(info: unknown): string | undefined {
  const text = String(info ?? "");
  const limit = /^maxmemory:(\d+)/m.exec(text);
  const policy = /^maxmemory_policy:(\S+)/m.exec(text);
  if (limit === null || policy === null || limit[1] === "0" || policy[1] === "noeviction") return undefined;
  return `The store throws keys away when its memory is full (maxmemory-policy ${policy[1]}): counters may vanish unnoticed. Set it to noeviction.`;
}
