/** Answers for a header's name in any case; several values of one name are joined by `", "`. */
export function headerLookup(headers: Readonly<Record<string, string | string[] | undefined>>): (name: string) => string | undefined {
  const lower = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) lower.set(name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value);
  }
  return (name) => lower.get(name.toLowerCase());
}
