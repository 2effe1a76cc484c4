import { configError } from "./check.ts";
import { endpointOf, type TableDocument } from "./table.ts";

/**
 * The table as it was on a day, `"2023-10-01"`: for each endpoint and limiter the entry that was in force. Without a day,
 * the one without an end. Entries that had not begun or had already ended are gone.
 *
 * @throws MultihomeError `MH_ERR_CONFIG` when the day is none
 */
export function tableAsOf(table: TableDocument, day?: string): TableDocument {
  if (day !== undefined && (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(Date.parse(day)))) {
    throw configError("Weight tables are asked for a day:", [`asOf must look like "2023-10-01", got \`${String(day)}\``]);
  }
  const { limiters, rules } = table;
  return {
    ...table,
    ...(limiters === undefined ? {} : { limiters: inForce(limiters, ({ id }) => id, day) }),
    rules: inForce(rules, endpointOf, day),
    ...(day === undefined ? {} : { asOf: day }),
  };
}

function inForce<E extends { since?: string; until?: string }>(entries: readonly E[], nameOf: (entry: E) => string, day: string | undefined): E[] {
  const best = new Map<string, E>();
  for (const entry of entries) {
    // Dates of this form compare as text.
    if (day === undefined ? entry.until !== undefined : (entry.since !== undefined && day < entry.since) || (entry.until !== undefined && entry.until < day)) continue;
    const name = nameOf(entry);
    const known = best.get(name);
    if (known === undefined || (entry.until ?? "9") < (known.until ?? "9")) best.set(name, entry);
  }
  return [...best.values()];
}
