/** What holds nothing but base64. */
const KEYS = ["cells", "beliefs", "records", "counters"] as const;
/** Shorter ones are not worth the trouble. */
const LONG = 1_000;
/** Stands for what was taken out, with its number: no base64 begins so. */
const TAKEN = "@";

type Fields = Record<string, unknown>;

/**
 * `JSON.parse` of a state file, of which nine tenths are a few strings of base64: these are taken out before it is parsed and put back as
 * bytes, for the parser looks at each letter of them and makes a copy. Where a backslash is anywhere, or nothing is long, it is `JSON.parse`.
 *
 * @throws SyntaxError where it is no JSON
 */
export function readJson(text: string): unknown {
  const taken: string[] = [];
  // Without backslashes a quote is the beginning or the end of a string, and `":"` stands between a name and its string.
  const lean = text.includes("\\") ? text : takeOut(text, taken);
  const json: unknown = JSON.parse(lean);
  // In a file of ours all of it stands where it is looked for. Elsewhere nobody reads it, but it is what the file says.
  if (putBack(json, taken) < taken.length) restore(json, taken);
  return json;
}

function takeOut(text: string, taken: string[]): string {
  let lean = "";
  let from = 0;
  for (let at = text.indexOf('":"'); at >= 0; ) {
    const end = text.indexOf('"', at + 3);
    if (end < 0) break;
    if (end - at > LONG && KEYS.some((key) => text.endsWith(`"${key}`, at))) {
      lean += `${text.slice(from, at + 3)}${TAKEN}${taken.length}`;
      taken.push(text.slice(at + 3, end));
      from = end;
    }
    at = text.indexOf('":"', end);
  }
  return from === 0 ? text : lean + text.slice(from);
}

/** In whatever shape it is. @returns how much of it */
function putBack(json: unknown, taken: readonly string[]): number {
  let count = 0;
  for (const part of [json, ...partsOf(json, "targets")]) {
    for (const holder of [part, ...partsOf(part, "limits")]) {
      if (!isFields(holder)) continue;
      for (const key of KEYS) {
        const value: unknown = Object.hasOwn(holder, key) ? holder[key] : undefined;
        if (typeof value !== "string" || !value.startsWith(TAKEN)) continue;
        holder[key] = Buffer.from(taken[Number(value.slice(TAKEN.length))] ?? "", "base64");
        count++;
      }
    }
  }
  return count;
}

/** As text, wherever else it stood. With a list of its own in place of recursion: a file may be nested as deep as it likes. */
function restore(json: unknown, taken: readonly string[]): void {
  const open: unknown[] = [json];
  while (open.length > 0) {
    const holder = open.pop();
    if (typeof holder !== "object" || holder === null || Buffer.isBuffer(holder)) continue;
    for (const [key, value] of Object.entries(holder)) {
      if (typeof value !== "string") open.push(value);
      else if (value.startsWith(TAKEN) && KEYS.some((each) => each === key)) (holder as Fields)[key] = taken[Number(value.slice(TAKEN.length))] ?? value;
    }
  }
}

function partsOf(of: unknown, key: string): readonly unknown[] {
  const list: unknown = isFields(of) && Object.hasOwn(of, key) ? of[key] : undefined;
  return Array.isArray(list) ? (list as unknown[]) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
