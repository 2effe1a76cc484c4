import type { SavedState } from "./format.ts";
import { readJson } from "./read-json.ts";
import { readVersion1 } from "./version-1.ts";
import { isFields, readVersion2 } from "./version-2.ts";

export type ParsedState =
  /** `left`: how many entries are not as they were written, and were left out. */
  | { readonly kind: "state"; readonly state: SavedState; readonly left: number }
  | { readonly kind: "bad"; readonly reason: string };

/** Reads a state file of any version, or whatever else there is. Never throws. */
export function parseState(text: string): ParsedState {
  let left = 0;
  const odd = (): void => void left++;
  try {
    const json: unknown = readJson(text);
    if (!isFields(json)) return { kind: "bad", reason: "it holds no object" };
    switch (json["version"]) {
      case 1:
        return { kind: "state", state: readVersion1(json, odd), left };
      case 2:
        return { kind: "state", state: readVersion2(json, odd), left };
      default:
        return { kind: "bad", reason: "its version is neither 1 nor 2" };
    }
  } catch (error) {
    // What JSON.parse says of a text quotes it.
    return { kind: "bad", reason: error instanceof SyntaxError ? "it is no JSON" : (error as Error).message };
  }
}
