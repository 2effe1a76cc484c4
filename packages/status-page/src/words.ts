/** "12 s", "3 min", "250 ms": as much as somebody wants to read. */
export function duration(ms: number): string {
  if (!(ms >= 0)) return "0 s";
  if (ms < 950) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${trim((ms / 1_000).toFixed(1))} s`;
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 90 * 60_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 36 * 3_600_000) return `${trim((ms / 3_600_000).toFixed(1))} h`;
  return `${trim((ms / 86_400_000).toFixed(1))} days`;
}

/** The same of what is about to happen: nobody counts less than a second. */
export function soon(ms: number): string {
  return ms < 1_000 ? "less than 1 s" : duration(Math.ceil(ms / 1_000) * 1_000);
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString("en-US")} ${value === 1 ? one : many}`;
}

/** "4 of 4 exits", "the only exit". */
export function ofExits(some: number, all: number, exit = "exit"): string {
  return all === 1 ? `the only ${exit}` : `${some.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} ${exit}s`;
}

function trim(text: string): string {
  return text.replace(/\.0$/, "");
}
