// Reads just enough TypeScript to find imports and names: no parser is installed that runs on every Node supported here.

const REGEX_MAY_FOLLOW = /(?:^|[([{=,;:!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|instanceof|do|else|yield|await|throw))$/;
// `i++ / 2` and the non-null assertions `rate! / 2`, `at()! / 2` divide.
const ENDS_VALUE = /(?:\+\+|--|[\w$)\]]!)$/;

/**
 * The same text with comments, strings, template text and regular expressions blanked out.
 * Quotes and line breaks stay, so that every offset and line number is that of the original.
 */
export function maskSource(source) {
  const out = source.split("");
  const openBraces = []; // one entry per `${`: how many `{` were opened inside it
  const blank = (from, to) => {
    for (let i = from; i < to; i += 1) if (out[i] !== "\n") out[i] = " ";
  };
  let at = source.startsWith("#!") ? endOfLine(source, 0) : 0;
  blank(0, at);
  let codeBefore = "";
  const template = (from) => {
    const { end, hole } = endOfTemplateText(source, from);
    blank(from, end);
    if (hole) openBraces.push(0);
    codeBefore = hole ? "{" : "x";
    return hole ? end + 2 : end + 1;
  };
  while (at < source.length) {
    const char = source[at];
    const next = source[at + 1];
    if (char === "/" && next === "/") {
      const end = endOfLine(source, at);
      blank(at, end);
      at = end;
    } else if (char === "/" && next === "*") {
      const close = source.indexOf("*/", at + 2);
      const end = close === -1 ? source.length : close + 2;
      blank(at, end);
      at = end;
    } else if (char === '"' || char === "'") {
      const end = endOfString(source, at);
      blank(at + 1, end);
      at = end + 1;
      codeBefore = "x";
    } else if (char === "`") {
      at = template(at + 1);
    } else if (char === "}" && openBraces.length > 0 && openBraces.at(-1) === 0) {
      openBraces.pop();
      at = template(at + 1);
    } else if (char === "/" && regexMayFollow(codeBefore.trimEnd())) {
      const end = endOfRegex(source, at);
      blank(at + 1, end);
      at = end + 1;
      codeBefore = "x";
    } else {
      if (openBraces.length > 0 && char === "{") openBraces[openBraces.length - 1] += 1;
      if (openBraces.length > 0 && char === "}") openBraces[openBraces.length - 1] -= 1;
      // Twelve characters hold the longest keyword of REGEX_MAY_FOLLOW and what stands before it.
      if (/\S/.test(char)) codeBefore = (codeBefore + char).slice(-12);
      else if (!codeBefore.endsWith(" ")) codeBefore += " ";
      at += 1;
    }
  }
  return out.join("");
}

function endOfLine(source, from) {
  const end = source.indexOf("\n", from);
  return end === -1 ? source.length : end;
}

function regexMayFollow(code) {
  return REGEX_MAY_FOLLOW.test(code) && !ENDS_VALUE.test(code);
}

function endOfString(source, open) {
  for (let i = open + 1; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === source[open] || source[i] === "\n") return i;
  }
  return source.length;
}

function endOfTemplateText(source, from) {
  for (let i = from; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === "`") return { end: i, hole: false };
    else if (source[i] === "$" && source[i + 1] === "{") return { end: i, hole: true };
  }
  return { end: source.length, hole: false };
}

function endOfRegex(source, open) {
  let inClass = false;
  for (let i = open + 1; i < source.length; i += 1) {
    const char = source[i];
    if (char === "\\") i += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if ((char === "/" && !inClass) || char === "\n") return i;
  }
  return source.length;
}

const BINDINGS = String.raw`(?:\*\s*as\s+[\w$]+|\{[^{}]*\})`;
const QUOTE = String.raw`(?<quote>["'])`;
const IMPORT_FORMS = [
  // import x, { y } from "…"; import * as z from "…"; import type { T } from "…"
  { pattern: String.raw`\bimport\s*(?<type>type\s+(?=[\w$*{]))?(?:[\w$]+\s*,?\s*)?${BINDINGS}?\s*from\s*${QUOTE}` },
  // export * from "…"; export type { T } from "…"
  { pattern: String.raw`\bexport\s*(?<type>type\s*)?(?:\*(?:\s*as\s+[\w$]+)?|\{[^{}]*\})\s*from\s*${QUOTE}` },
  // import "…"
  { pattern: String.raw`\bimport\s*${QUOTE}` },
  // import("…"), require("…"), and the type `typeof import("…")`
  { pattern: String.raw`(?<type>\btypeof\s+)?\b(?:import|require)\s*\(\s*${QUOTE}` },
];

/**
 * Every module that the text names, with its line. `typeOnly` is true for what vanishes when types are stripped;
 * `import { type T }` does not: it leaves an import behind.
 */
export function importsOf(source, masked = maskSource(source)) {
  const found = [];
  for (const { pattern } of IMPORT_FORMS) {
    for (const match of masked.matchAll(new RegExp(`(?<![.\\w$#])(?:${pattern})`, "g"))) {
      const open = match.index + match[0].length - 1;
      const close = masked.indexOf(match.groups.quote, open + 1);
      found.push({ specifier: source.slice(open + 1, close), typeOnly: match.groups.type !== undefined, line: lineAt(source, match.index), at: match.index });
    }
  }
  return found.sort((a, b) => a.at - b.at).map(({ specifier, typeOnly, line }) => ({ specifier, typeOnly, line }));
}

export function lineAt(source, offset) {
  let line = 1;
  for (let i = source.indexOf("\n"); i !== -1 && i < offset; i = source.indexOf("\n", i + 1)) line += 1;
  return line;
}
