import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readJson } from "../../src/state/read-json.ts";

const LONG = Buffer.from(Array.from({ length: 1_500 }, (_, i) => i & 255)).toString("base64");

/** What JSON.parse makes of it, with bytes where long base64 was taken out. */
function plain(text: string): unknown {
  const json: unknown = JSON.parse(text);
  const put = (value: unknown): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    for (const [key, held] of Object.entries(value)) {
      if (["cells", "beliefs", "records", "counters"].includes(key) && typeof held === "string" && held.length > 1_000 && !text.includes("\\")) Object.assign(value, { [key]: Buffer.from(held, "base64") });
    }
  };
  const parts = (value: unknown, key: string): unknown[] => (typeof value === "object" && value !== null && Array.isArray((value as Record<string, unknown>)[key]) ? ((value as Record<string, unknown>)[key] as unknown[]) : []);
  put(json);
  for (const target of parts(json, "targets")) {
    put(target);
    for (const limit of parts(target, "limits")) put(limit);
  }
  return json;
}

const state = { version: 2, savedAt: 1, exits: ["socks5://192.0.2.1:1080", "a:b"], records: LONG, beliefs: LONG, targets: [{ name: "a.test", pauses: [[1, "banned", 0]], limits: [{ name: "x", counters: LONG, named: [] }, 3, null], cells: LONG, beliefs: "AAAA" }, { name: "b", cells: `${LONG}=` }, "c", null, [{ cells: "B" }]] };

test("a state file is read as JSON, with its long strings of base64 as bytes", () => {
  const text = JSON.stringify(state);
  const read = readJson(text) as typeof state;
  assert.deepEqual(read, plain(text));
  assert.deepEqual(Buffer.from(read.records as never), Buffer.from(LONG, "base64"));
  assert.deepEqual(readJson(JSON.stringify(state, undefined, 2)), JSON.parse(JSON.stringify(state)), "a person's spaces are JSON as well");
});

test("what stands where nobody looks for it is left as it was", () => {
  const odd = { ...state, targets: [{ name: "a.test", limits: [[{ name: "x", counters: LONG }]] }], more: { deep: [[{ cells: LONG }]] } };
  const text = JSON.stringify(odd);
  assert.deepEqual(readJson(text), plain(text));
});

test("what has a backslash anywhere is read as it stands", () => {
  const tricky = { ...state, exits: ["x\":", `"cells":"${LONG}`, "\\"] };
  assert.deepEqual(readJson(JSON.stringify(tricky)), tricky);
});

test("whatever the text is: what is JSON is read as JSON, and what is not throws a SyntaxError or is harmless", () => {
  const text = JSON.stringify(state);
  const pieces = fc.constantFrom('"', '":"', "{", "}", ",", '"cells":"', `"cells":"${LONG}"`, `"@0"`, '"cells":"@0"', '"cells":"@9e9"', "[", "]", "\\", "null", "\n", "\u0000");
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(text.length), fc.nat(20), pieces), { maxLength: 4 }), (edits) => {
      let edited = text;
      for (const [at, remove, insert] of edits) edited = edited.slice(0, at) + insert + edited.slice(at + remove);
      let expected: unknown;
      try {
        expected = plain(edited);
      } catch {
        try {
          readJson(edited);
        } catch (error) {
          assert.ok(error instanceof SyntaxError, String(error));
        }
        return;
      }
      // A reference of the file's own is no text of ours: it stands for bytes, or for none.
      if (!edited.includes("@")) assert.deepEqual(readJson(edited), expected);
      else readJson(edited);
    }),
    { numRuns: 500 },
  );
});
