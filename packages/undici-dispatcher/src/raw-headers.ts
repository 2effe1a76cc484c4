import type { Headers, RawHeaders, RawList } from "./undici.ts";

/** One header of a raw list, found without parsing the others: all that the core asks for are one or two. */
export function rawHeader(raw: RawList, name: string): string | undefined {
  const wanted = name.toLowerCase();
  let found: string | undefined;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const key = raw[index] as Buffer | string;
    if (key.length !== wanted.length || textOf(key).toLowerCase() !== wanted) continue;
    const value = raw[index + 1] as Buffer | string | (Buffer | string)[];
    const text = Array.isArray(value) ? value.map(textOf).join(", ") : textOf(value);
    found = found === undefined ? text : `${found}, ${text}`;
  }
  return found;
}

/** One header of those that undici has parsed: their names are in lower case. */
export function parsedHeader(headers: Headers, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(", ") : value;
}

export function isRawList(raw: RawHeaders): raw is RawList {
  return Array.isArray(raw);
}

function textOf(value: Buffer | string): string {
  return typeof value === "string" ? value : value.toString("latin1");
}
