import type { NativeOptions } from "./request-call.ts";

/** Headers as `ClientRequest` shows them: by name in any case, those without a value left out. */
export function headerOf(options: NativeOptions, name: string): unknown {
  const wanted = name.toLowerCase();
  return entriesOf(options).find(([each]) => each.toLowerCase() === wanted)?.[1];
}

export function allHeaders(options: NativeOptions): Record<string, unknown> {
  const all = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of entriesOf(options)) all[name.toLowerCase()] = value;
  return all;
}

export function rawHeaderNames(options: NativeOptions): string[] {
  return entriesOf(options).map(([name]) => name);
}

/** For attempts that are still to be made; `undefined` removes it. */
export function changeHeader(options: NativeOptions, name: string, value: unknown): void {
  const wanted = name.toLowerCase();
  const kept = entriesOf(options).filter(([each]) => each.toLowerCase() !== wanted);
  if (value !== undefined) kept.push([name, value]);
  options.headers = Object.fromEntries(kept) as NativeOptions["headers"];
}

function entriesOf(options: NativeOptions): [string, unknown][] {
  return Object.entries(options.headers ?? {}).filter(([, value]) => value !== undefined);
}
