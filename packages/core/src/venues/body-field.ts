/** Codes stand at the beginning of an answer; a list of candles behind them need not be looked through. */
const LOOKED_AT = 2_048;

/**
 * The raw JSON text of a field at the top level of an object, from an answer's first bytes: `50011` and `"50011"` both as
 * written. `undefined` when it does not begin there. Reads what has arrived; a body cut in two is no reason to miss it.
 */
export function topLevelField(body: Uint8Array | undefined, field: string): string | undefined {
  const text = beginningOf(body);
  if (text === undefined) return undefined;
  const name = `"${field}"`;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    else if (char === '"') {
      const end = stringEnd(text, at);
      if (depth === 1 && end - at === name.length && text.startsWith(name, at)) {
        const value = /^\s*:\s*/.exec(text.slice(end));
        if (value !== null) return text.slice(end + value[0].length);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** An error code in digits, quoted or not, at the beginning of a field's text. Text that ends in it may have been cut. */
export function codeIn(text: string | undefined): number | undefined {
  const match = text === undefined ? null : /^"?(-?\d{1,9})(?=\D)/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

export function beginningOf(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body.length === 0) return undefined;
  return Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, LOOKED_AT)).toString("latin1");
}

/** Index after the closing quote of the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  for (let index = at + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === '"') return index + 1;
  }
  return text.length;
}
