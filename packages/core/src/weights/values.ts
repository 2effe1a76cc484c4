import { UNREADABLE } from "./params.ts";

/** A whole number from 1 up, written in digits alone. Everything else is `undefined`: its band cannot be known. */
export function wholeNumber(value: string): number | undefined {
  if (value.length === 0 || value.length > 9) return undefined;
  let number = 0;
  for (let index = 0; index < value.length; index++) {
    const digit = value.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  // "limit=0" has meant "everything" more than once.
  return number === 0 ? undefined : number;
}

/** Given, and readable. */
export function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== "" && !value.includes(UNREADABLE);
}

/** Given in a way that leaves open what the server will make of it. */
export function isUnclear(value: string | undefined): boolean {
  return value !== undefined && !isGiven(value);
}

/**
 * Number of items in a list parameter: `["A","B"]`, `A,B`, a JSON array of objects, or several such lists joined.
 * `undefined` when it is empty or no list.
 */
export function itemCount(value: string): number | undefined {
  const text = value.trim();
  if (!isGiven(text)) return undefined;
  const count = text.startsWith("[") ? jsonItems(text) : bareItems(text);
  return count === 0 ? undefined : count;
}

function bareItems(text: string): number | undefined {
  // An item with one of these was meant as JSON, or was encoded twice.
  if (/["[\]{}%]/.test(text)) return undefined;
  return commas(text) + 1;
}

function commas(text: string): number {
  let count = 0;
  for (let at = text.indexOf(","); at >= 0; at = text.indexOf(",", at + 1)) count++;
  return count;
}

/**
 * Counts commas instead of parsing: a list with a thousand symbols is weighed on every request. A comma inside a string
 * counts as well, which can only make the request heavier than it is.
 */
function jsonItems(text: string): number | undefined {
  if (!text.endsWith("]")) return undefined;
  // No nesting (the usual list of names): every comma separates two items.
  if (!text.includes("{") && text.indexOf("[", 1) < 0) return text.length === 2 || text.slice(1, -1).trim() === "" ? 0 : commas(text) + 1;
  let depth = 0;
  let inString = false;
  let count = 0;
  let empty = true;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 92 /* \ */) index++;
      else if (code === 34 /* " */) inString = false;
      else if (code === 44 && depth <= 1) count++;
    } else if (code === 34) {
      inString = true;
      empty = false;
    } else if (code === 91 || code === 123) {
      depth++;
      if (depth > 1) empty = false;
    } else if (code === 93 || code === 125) {
      depth--;
      if (depth < 0) return undefined;
    } else if (code === 44) {
      if (depth <= 1) count++;
    } else if (code > 32) empty = false;
  }
  if (inString || depth !== 0) return undefined;
  return empty ? 0 : count + 1;
}
