/**
 * Stands for a value that cannot be read: broken percent-encoding, or far too long. No server takes it for a value of its
 * own (it decodes from %00), so whatever contains it belongs to the heaviest band.
 */
export const UNREADABLE = "\0";

/** Servers answer 414 or 413 long before; decoding more would only be a way to keep us busy. */
const MAX_VALUE = 65_536;

export type Body = string | Uint8Array | null | undefined;

/** Values of the parameters that a rule looks at, in the order of its names; repeated ones are joined by commas. */
export type Values = (string | undefined)[];

/** Reads them from the query, and from a body where the request has one: some clients send signed parameters there. */
export function readParams(names: readonly string[], path: string, queryAt: number, body: Body): Values {
  const values: Values = [];
  for (let index = 0; index < names.length; index++) values.push(undefined);
  if (queryAt >= 0) readPairs(names, path, queryAt + 1, values);
  if (body !== undefined && body !== null && body.length > 0) readBody(names, body, values);
  return values;
}

/** `a=1&b=2` from `at` on: a query or a form. */
function readPairs(names: readonly string[], text: string, at: number, values: Values): void {
  const end = text.length;
  while (at < end) {
    let stop = at;
    let plain = true;
    for (; stop < end; stop++) {
      const code = text.charCodeAt(stop);
      if (code === 61 /* = */ || code === 38 /* & */) break;
      if (code === 37 /* % */ || code === 43 /* + */ || code === 91 /* [ */) plain = false;
    }
    const hasValue = stop < end && text.charCodeAt(stop) === 61;
    let next = stop;
    if (hasValue) {
      next = text.indexOf("&", stop);
      if (next < 0) next = end;
    }
    const index = plain ? plainIndex(names, text, at, stop) : oddIndex(names, text, at, stop);
    if (index >= 0) take(values, index, hasValue ? decoded(text, stop + 1, next) : "");
    at = next + 1;
  }
}

function plainIndex(names: readonly string[], text: string, at: number, stop: number): number {
  for (let index = 0; index < names.length; index++) {
    if (names[index].length === stop - at && text.startsWith(names[index], at)) return index;
  }
  return -1;
}

/** Encoded names, and lists as `symbols[]` or `symbols[0]`. */
function oddIndex(names: readonly string[], text: string, at: number, stop: number): number {
  if (stop - at > 200) return -1;
  const name = decoded(text, at, stop);
  const bracket = name.indexOf("[");
  return names.indexOf(bracket > 0 ? name.slice(0, bracket) : name);
}

function decoded(text: string, from: number, to: number): string {
  if (to - from > MAX_VALUE) return UNREADABLE;
  const raw = text.slice(from, to);
  const spaced = raw.includes("+") ? raw.replaceAll("+", " ") : raw;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return UNREADABLE;
  }
}

function take(values: Values, index: number, value: string): void {
  const before = values[index];
  values[index] = before === undefined ? value : `${before},${value}`;
}

function readBody(names: readonly string[], body: string | Uint8Array, values: Values): void {
  const text = bodyText(body);
  if (text === undefined) {
    values.fill(UNREADABLE);
    return;
  }
  const first = text.trimStart()[0];
  if (first !== "{" && first !== "[") return readPairs(names, text, 0, values);
  const json = parseJson(text);
  const fields = fieldsOf(json);
  if (fields === undefined) return;
  for (let index = 0; index < names.length; index++) {
    if (!Object.hasOwn(fields, names[index])) continue;
    const value = fields[names[index]];
    if (value !== null && value !== undefined) take(values, index, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
}

/** The object itself, or the `params` of a JSON-RPC call. */
function fieldsOf(json: unknown): Record<string, unknown> | undefined {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const object = json as Record<string, unknown>;
  const params = Object.hasOwn(object, "jsonrpc") ? object.params : undefined;
  return typeof params === "object" && params !== null && !Array.isArray(params) ? (params as Record<string, unknown>) : object;
}

/** A body as text, or `undefined` where it is too long to be looked at. */
export function bodyText(body: string | Uint8Array): string | undefined {
  if (body.length > MAX_VALUE) return undefined;
  return typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A header's value in any case of its name; `name` in lower case. */
export function headerOf(headers: Readonly<Record<string, string | string[] | undefined>> | undefined, name: string): string | undefined {
  if (headers === undefined) return undefined;
  const exact = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (exact !== undefined) return Array.isArray(exact) ? exact[0] : exact;
  for (const key in headers) {
    if (key.length !== name.length || key.toLowerCase() !== name) continue;
    const value = headers[key];
    return Array.isArray(value) ? value[0] : value;
  }
  return undefined;
}
