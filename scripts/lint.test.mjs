import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The rules that a file of the core breaks, as `line rule`. */
function lint(t, file, lines) {
  const root = mkdtempSync(path.join(tmpdir(), "multihome-lint-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(path.join(root, "packages/core", path.dirname(file)), { recursive: true });
  for (const name of [".oxlintrc.json", "tsconfig.base.json", "packages/core/tsconfig.json"]) cpSync(path.join(ROOT, name), path.join(root, name));
  symlinkSync(path.join(ROOT, "node_modules"), path.join(root, "node_modules"));
  writeFileSync(path.join(root, "packages/core", file), `${lines.join("\n")}\n`);
  const oxlint = path.join(ROOT, "node_modules/oxlint/bin/oxlint");
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, "--type-aware", "--format=json", "packages"], { cwd: root, encoding: "utf8" });
  assert.match(stdout, /^\s*\{/, stderr);
  return JSON.parse(stdout)
    .diagnostics.map(({ code, labels }) => `${labels[0].span.line} ${/\((.*)\)/.exec(code)[1]}`)
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
}

test("the rules that the library rests on are alive, those that need types included", (t) => {
  const found = lint(t, "src/race/bad.ts", [
    'import { Readable } from "node:stream";',
    'async function f(kind: "a" | "b", r: Readable | undefined, n: number | undefined, x: any): Promise<number> {',
    "  f(kind, r, n, x);",
    "  [1].forEach(async () => { await f(kind, r, n, x); });",
    '  switch (kind) { case "a": break; }',
    "  let y = n || 5;",
    "  if (y == 3) throw new Error(`${y}`, { cause: [kind, r, x] });",
    "  const unused = 1;",
    "  setTimeout(() => {}, Date.now());",
    "  try { return f(kind, r, n, x); } catch { return Math.random(); }",
    "}",
    'await f("a", undefined, 1, 1);',
    "console.log(1);",
  ]);

  assert.deepEqual(found, [
    "1 consistent-type-imports",
    "2 no-explicit-any",
    "3 no-floating-promises",
    "4 no-misused-promises",
    "5 switch-exhaustiveness-check",
    "6 prefer-const",
    "6 prefer-nullish-coalescing",
    "7 eqeqeq",
    "8 no-unused-vars",
    "9 no-restricted-globals",
    "9 no-restricted-properties",
    "10 no-restricted-properties",
    "10 return-await",
    "12 no-top-level-await",
    "13 no-console",
  ]);
});

test("tests need not await what node:test starts, and may use the clock", (t) => {
  const found = lint(t, "test/fine.test.ts", [
    'import { describe, it, test } from "node:test";',
    'test("a", async () => { await Promise.resolve(); });',
    'describe("b", () => { it("c", () => { setTimeout(() => {}, 1); }); });',
  ]);

  assert.deepEqual(found, []);
});

test("a switch whose default is a never check is complete", (t) => {
  const found = lint(t, "src/race/fine.ts", [
    'export function g(kind: "a" | "b"): number {',
    "  switch (kind) {",
    '    case "a": return 1;',
    '    case "b": return 2;',
    "    default: { const never: never = kind; throw new TypeError(String(never)); }",
    "  }",
    "}",
  ]);

  assert.deepEqual(found, []);
});
