import type { ExitsOptions } from "../model/options.ts";
import { parseLocalSpec } from "./local-spec.ts";
import type { LocalSpec } from "./local-spec.ts";
import { readProxies } from "./proxy-exits.ts";
import type { ProxyList } from "./proxy-exits.ts";
import { redactLine } from "./redact.ts";

/** One wrong entry, for the one error that lists them all. `given` is safe to print. */
export interface ExitsProblem {
  readonly path: string;
  readonly given: string;
  readonly expected: string;
}

export interface CheckedExits {
  readonly local: readonly LocalSpec[];
  readonly exclude: readonly LocalSpec[];
  readonly proxies: ProxyList;
  /** Nothing but `"auto"`, whether said or by default: only then may a pool leave by the default address. */
  readonly autoAlone: boolean;
  readonly problems: readonly ExitsProblem[];
}

const LONGEST_SHOWN = 100;
const EXCLUDE = "exits.exclude";
const NOT_AUTO = `addresses, ranges or interfaces; \`local: false\` leaves out all that "auto" finds`;

/** Reads the entries of `exits.local`, `exits.exclude` and `exits.proxies`, and says what is wrong with each. Asks nothing of the machine. */
export function checkExits(options: Pick<ExitsOptions, "local" | "exclude" | "proxies" | "sources">): CheckedExits {
  const problems: ExitsProblem[] = [];
  // Named, even if the list is empty, as one from an empty variable is: a program that asked for proxies never leaves by its own address.
  const namesProxies = options.proxies !== undefined || options.sources !== undefined;
  const entries = options.local ?? (namesProxies ? false : "auto");
  const local = readSpecs(entries === false ? [] : entries === "auto" ? ["auto"] : entries, "exits.local", problems);
  const exclude = readSpecs(options.exclude ?? [], EXCLUDE, problems);
  const proxies = readProxies(options.proxies ?? []);
  for (const { index, given, reason } of proxies.refused) {
    problems.push({ path: `exits.proxies[${index}]`, given: shown(given), expected: `a proxy such as "socks5://user:password@host:1080" or "http://host:8080" (${reason})` });
  }
  return { local, exclude, proxies, autoAlone: !namesProxies && local.length > 0 && local.every(({ kind }) => kind === "auto"), problems };
}

function readSpecs(entries: readonly unknown[], path: string, problems: ExitsProblem[]): LocalSpec[] {
  const specs: LocalSpec[] = [];
  for (const [index, entry] of entries.entries()) {
    const spec = parseLocalSpec(entry);
    const expected = spec.kind === "problem" ? spec.expected : spec.kind === "auto" && path === EXCLUDE ? NOT_AUTO : undefined;
    if (expected !== undefined) problems.push({ path: `${path}[${index}]`, given: shown(entry), expected });
    else if (spec.kind !== "problem") specs.push(spec);
  }
  return specs;
}

/** A proxy may have been put where an address belongs, with its password. */
function shown(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const text = value.includes("://") || value.includes("@") ? redactLine(value) : value;
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}
