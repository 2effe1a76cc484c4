/** Objects merge by key, everything else replaces; `undefined` changes nothing. Neither argument is changed. */
export function mergeOptions<T extends object>(before: T, change: Partial<T>): T {
  const merged = { ...before } as Record<string, unknown>;
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) continue;
    const old = merged[key];
    merged[key] = isPlain(old) && isPlain(value) ? mergeOptions(old, value) : value;
  }
  return merged as T;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
