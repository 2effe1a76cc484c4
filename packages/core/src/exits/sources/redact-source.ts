import { isIP } from "node:net";
import { redactLine } from "../redact.ts";

// What may be printed of a source: its name, a line of it, an error about it.

const LONGEST_SHOWN = 200;
/** Services that sell lists put a customer's token into the path: long, and with a digit. */
const TOKEN = /^(?=.*\d)[\w-]{20,}$/;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** The URL of a list, without credentials, query, fragment and what looks like a token. */
export function redactUrl(url: URL): string {
  const user = url.username === "" && url.password === "" ? "" : "***@";
  const path = url.pathname.split("/").map((segment) => (TOKEN.test(segment) ? "…" : segment)).join("/");
  return shorten(`${url.protocol}//${user}${url.host}${path}${url.search === "" ? "" : "?…"}`);
}

/** Why reading failed: of whatever was thrown, without what may be a URL or a line of the list. */
export function reasonOf(error: unknown): string {
  return shorten(textOf(error).replace(/\S+/g, redactWord));
}

/** The name that a user gave to a source. */
export function printable(name: string): string {
  return shorten(name);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : `rejected with ${error === null ? "null" : typeof error}`;
  const { code } = error as { code?: unknown };
  // What tried several addresses has no message, and an answer that broke off is called "aborted", as if somebody wanted that.
  if (typeof code === "string" && (error.message === "" || error.message === "aborted")) return code;
  return error.message === "" ? error.name : error.message;
}

function redactWord(word: string): string {
  const looksLikeProxy = word.includes("@") || word.includes("://") || word.split(":").length > 2;
  if (!looksLikeProxy || isIP(word) !== 0) return word;
  return redactLine(word);
}

function shorten(text: string): string {
  const clean = text.replace(CONTROL, " ");
  return clean.length > LONGEST_SHOWN ? `${clean.slice(0, LONGEST_SHOWN)}…` : clean;
}
