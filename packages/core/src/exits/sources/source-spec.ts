import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ExitSource } from "../../model/options.ts";
import { printable, redactUrl } from "./redact-source.ts";

/** A source as the options name it. `name` is safe to print. */
export type SourceSpec =
  | { readonly kind: "url"; readonly name: string; readonly url: URL }
  | { readonly kind: "file"; readonly name: string; readonly path: string }
  | { readonly kind: "own"; readonly name: string; readonly source: ExitSource };

/** Why an entry of `exits.sources` is none. `given` is safe to print. */
export interface SourceProblem {
  readonly kind: "problem";
  readonly given: string;
  readonly expected: string;
}

const EXPECTED = "an http or https URL, a path, or an object with name and read()";
/** Two letters at least: `C:\\` is a drive. */
const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;

/** Reads one entry of `exits.sources`; a relative path is one from where the process stands now. */
export function readSourceSpec(entry: unknown): SourceSpec | SourceProblem {
  if (typeof entry === "string") return fromText(entry);
  if (typeof entry === "object" && entry !== null) {
    const source = entry as Partial<ExitSource>;
    if (typeof source.name === "string" && typeof source.read === "function") return { kind: "own", name: printable(source.name), source: source as ExitSource };
  }
  return problem(entry === null ? "null" : typeof entry);
}

function fromText(text: string): SourceSpec | SourceProblem {
  const scheme = SCHEME.exec(text)?.[1].toLowerCase();
  if (scheme === undefined) {
    if (text.trim() === "" || text.includes("\0")) return problem(JSON.stringify(printable(text)));
    return { kind: "file", name: printable(text), path: path.resolve(text) };
  }
  try {
    const url = new URL(text);
    if (scheme === "http" || scheme === "https") return { kind: "url", name: redactUrl(url), url };
    if (scheme === "file") return { kind: "file", name: printable(text), path: fileURLToPath(url) };
  } catch {
    // Said below; what the parser says quotes the URL.
  }
  return problem(`a ${scheme}:// URL`);
}

function problem(given: string): SourceProblem {
  return { kind: "problem", given, expected: EXPECTED };
}
