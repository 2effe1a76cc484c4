import type { Hints } from "../model/request.ts";

/** Different mistakes that are warned about, one by one. */
const MOST_WARNED = 64;

const NAMES: readonly string[] = Object.keys({ kind: true, priority: true, weight: true, race: true, target: true, batchId: true, affinity: true, lease: true } satisfies Record<keyof Hints, true>);

/**
 * Hints come with single requests, and no request fails because of a wrong one: it is left out, and said once. Looked at each
 * time and not remembered: most clients make a new object for each request, and the few names are compared in nanoseconds.
 */
export class HintCheck {
  readonly #warned = new Set<string>();
  readonly #warn: (message: string, fields: object) => void;

  constructor(warn: (message: string, fields: object) => void) {
    this.#warn = warn;
  }

  /** The hints without those that mean nothing: the same object where none is. */
  usable(hints: Hints): Hints | undefined {
    if (typeof hints !== "object" || hints === null) {
      this.#tell("hints", `Hints are ${shown(hints)}, expected an object such as { kind: "orders", priority: 1 }; they are ignored.`);
      return undefined;
    }
    let kept: Record<string, unknown> | undefined;
    for (const name in hints) {
      const value = hints[name as keyof Hints] as unknown;
      if (value === undefined) continue;
      const expected = expectation(name, value);
      if (expected === undefined) continue;
      // What is right stays visible beneath, and what goes along in symbols too.
      kept ??= Object.create(hints) as Record<string, unknown>;
      kept[name] = undefined;
      this.#tell(name, expected === "" ? `There is no hint \`${name.slice(0, 80)}\`; it is ignored. There are ${NAMES.join(", ")}.` : `The hint \`${name}\` is ${shown(value)}, expected ${expected}; it is ignored.`);
    }
    return kept ?? hints;
  }

  #tell(hint: string, message: string): void {
    if (this.#warned.has(hint) || this.#warned.size >= MOST_WARNED) return;
    this.#warned.add(hint);
    this.#warn(message, { hint: hint.slice(0, 80) });
  }
}

/** What the hint should have been; `""` where there is none of that name, `undefined` where it is right. */
function expectation(name: string, value: unknown): string | undefined {
  switch (name) {
    case "kind":
    case "batchId":
      return typeof value === "string" ? undefined : "a string";
    case "priority":
      return typeof value === "number" && !Number.isNaN(value) ? undefined : "a number, higher goes first";
    case "weight":
      return typeof value === "number" && value >= 0 && value < Infinity ? undefined : "a number of units, 0 or more";
    case "race":
      return value === false || (typeof value === "number" && value >= 0) ? undefined : "most attempts at once, or false";
    // Any value names an exit, and null none: ids of accounts are often numbers.
    case "affinity":
      return undefined;
    // A wrong target or lease would send the request where nobody meant it to go: these are refused, not left out.
    case "target":
    case "lease":
      return undefined;
    default:
      return "";
  }
}

/** Short, and no text that may be a key of somebody's. */
function shown(value: unknown): string {
  if (typeof value === "string") return value.length <= 20 ? JSON.stringify(value) : "a text";
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}
