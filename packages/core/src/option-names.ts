import { MultihomeError } from "./errors.ts";
import type { Hints } from "./model/request.ts";
import { parseDuration } from "./time/duration.ts";

/**
 * Refuses options that there are not, of whatever is made beside the pool: a name that is misspelt must not be silently no option.
 *
 * @param owner whose options they are, as the user calls it
 * @throws MultihomeError `MH_ERR_CONFIG`
 */
export function checkOptionNames(owner: string, options: unknown, names: Readonly<Record<string, true>>): void {
  if (typeof options !== "object" || options === null) throw new MultihomeError("MH_ERR_CONFIG", `${owner} expects an object of options, got ${options === null ? "null" : `a ${typeof options}`}.`);
  const wrong = Object.keys(options).filter((name) => !Object.hasOwn(names, name));
  if (wrong.length === 0) return;
  throw new MultihomeError("MH_ERR_CONFIG", `${owner} has no option ${wrong.map((name) => `\`${name}\``).join(", ")}; there are ${Object.keys(names).join(", ")}.`);
}

/** Those of a single call, of whichever method. */
const CALL: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  signal: (value) => (value === null || typeof (value as Partial<AbortSignal>).addEventListener === "function" ? undefined : "an AbortSignal"),
  timeout: (value) => (value === false || parseDuration(value) !== undefined ? undefined : 'a duration such as 500, "500ms" or "30s", or false'),
  // What is in them is looked at where they are used, and said without failing the request.
  hints: (value) => (typeof value === "object" && value !== null ? undefined : "an object of hints"),
  mode: (value) => (value === "ephemeral" || value === "shared" ? undefined : '"ephemeral" or "shared"'),
  ordered: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  concurrency: (value) => (value === Infinity || (Number.isInteger(value) && (value as number) >= 1) ? undefined : "an integer of at least 1, or Infinity"),
};
const HINTS = new Set(["kind", "priority", "weight", "race", "target", "batchId", "affinity", "lease"]);

export const RUN_OPTIONS: readonly string[] = ["signal", "timeout", "hints"];
export const ACQUIRE_OPTIONS: readonly string[] = [...RUN_OPTIONS, "mode"];
export const MAP_OPTIONS: readonly string[] = ["concurrency", "ordered", "signal"];

/** Refuses wrong options of one call. @throws TypeError, RangeError where a number is out of range */
export function checkCall(method: string, options: object, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`Expected the options of \`${method}\` to be an object, got ${options === null ? "null" : `a ${typeof options}`}.`);
  for (const name in options) {
    if (!names.includes(name)) {
      const hint = HINTS.has(name) && names.includes("hints") ? `; as a hint it is { hints: { ${name}: … } }` : "";
      throw new TypeError(`\`${method}\` has no option \`${name.slice(0, 80)}\`; there are ${names.join(", ")}${hint}.`);
    }
    const value = (options as Record<string, unknown>)[name];
    const expected = value === undefined ? undefined : CALL[name](value);
    if (expected === undefined) continue;
    const message = `Expected \`${name}\` to be ${expected}, got \`${typeof value === "object" ? Object.prototype.toString.call(value) : String(value).slice(0, 40)}\`.`;
    throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
  }
}

/** Those of options that nobody has looked at yet. */
export function hintsIn(options: { readonly hints?: Hints } | null): Hints | undefined {
  return options?.hints;
}

/** @throws TypeError where these are no hints, or nothing to run with them */
export function checkWith(hints: unknown, fn: unknown): void {
  if (typeof hints === "object" && hints !== null && typeof fn === "function") return;
  const got = typeof hints === "object" && hints !== null ? `${fn === null ? "null" : `a ${typeof fn}`} in place of the function` : `${hints === null ? "null" : `a ${typeof hints}`} in place of the hints`;
  throw new TypeError(`Expected \`with\` to be given hints, such as { priority: 10 }, and a function, got ${got}.`);
}
