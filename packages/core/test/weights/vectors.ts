import { readFileSync } from "node:fs";

/** Reads a file of vectors; from dist/test/weights/ back to test/weights/vectors/. */
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../test/weights/vectors/${name}.json`, import.meta.url), "utf8")) as T;
}

export type Params = Record<string, unknown>;

/** Query or form text as URLSearchParams, axios and most exchange clients write it: objects and arrays as JSON. */
export function encodedParams(params: Params): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${encodeURIComponent(typeof value === "object" ? JSON.stringify(value) : String(value))}`)
    .join("&");
}

export function withQuery(path: string, params: Params): string {
  const query = encodedParams(params);
  return query === "" ? path : `${path}?${query}`;
}
