import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findTests, nodeArguments } from "./test.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function checkout(t, files) {
  const root = mkdtempSync(path.join(tmpdir(), "multihome-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

/** Runs one test file the way `npm test` does. */
function run(t, program, settings = {}) {
  const root = checkout(t, { "a.test.cjs": `const { test } = require("node:test");\n${program}` });
  // Without the variable by which node:test knows that it runs inside itself, and would report to us instead of printing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, nodeArguments(ROOT, [path.join(root, "a.test.cjs")]), { encoding: "utf8", env: { ...env, ...settings } });
  return { status, output: stdout + stderr };
}

test("compiled tests are found where tsc puts them, stale ones and benchmarks are not run", (t) => {
  const root = checkout(t, {
    "packages/core/test/quota/window.test.ts": "",
    "packages/core/dist/test/quota/window.test.js": "",
    "packages/core/dist/test/quota/renamed.test.js": "",
    "packages/core/dist/test/quota/support.js": "",
    "packages/core/dist/src/quota/window.test.js": "",
    "packages/got-hooks/test/got.test.ts": "",
    "packages/got-hooks/dist/test/got.test.js": "",
    "packages/empty/package.json": "{}",
    "test/contract/axios.test.ts": "",
    "test/dist/contract/axios.test.js": "",
    "test/bench/overhead.test.ts": "",
    "test/dist/bench/overhead.test.js": "",
    "scripts/rooms.test.mjs": "",
    "scripts/rooms.mjs": "",
  });

  assert.deepEqual(findTests(root), {
    files: ["packages/core/dist/test/quota/window.test.js", "packages/got-hooks/dist/test/got.test.js", "test/dist/contract/axios.test.js", "scripts/rooms.test.mjs"],
    stale: ["packages/core/dist/test/quota/renamed.test.js"],
  });
  assert.deepEqual(findTests(root, ["contract"]).files, ["test/dist/contract/axios.test.js"]);
  assert.deepEqual(findTests(root, ["core", "got-hooks"]).files.length, 2);
  assert.deepEqual(findTests(root, ["nothing"]), { files: [], stale: [] });
});

test("a passing file passes, and its summary is printed without a terminal", (t) => {
  const { status, output } = run(t, 'test("fine", () => {});');

  assert.equal(status, 0, output);
  assert.match(output, /✔ fine/);
  assert.match(output, /ℹ pass 1\b/);
});

test("a failing test fails the run", (t) => {
  const { status, output } = run(t, 'test("broken", () => { throw new Error("no"); });');

  assert.equal(status, 1);
  assert.match(output, /ℹ fail 1\b/);
});

const ESCAPES = [
  ["a leaked listener", /MaxListenersExceededWarning/, 'test("x", () => { const e = new (require("node:events"))(); for (let i = 0; i < 11; i += 1) e.on("y", () => {}); });'],
  ["a timer too long for Node", /TimeoutOverflowWarning/, 'test("x", () => { clearTimeout(setTimeout(() => {}, 2 ** 32)); });'],
  ["a rejection that nobody handles", /nobody/, 'test("x", () => new Promise((resolve) => { Promise.reject(new Error("nobody")); setTimeout(resolve, 20); }));'],
  ["a rejection after the last test", /too late/, 'test("x", () => { setTimeout(() => { Promise.reject(new Error("too late")); }, 20); });'],
  ["an exception after the last test", /too late/, 'test("x", () => { setTimeout(() => { throw new Error("too late"); }, 20); });'],
];
for (const [what, message, program] of ESCAPES) {
  test(`${what} fails the run`, (t) => {
    const { status, output } = run(t, program);

    assert.equal(status, 1, output);
    assert.match(output, message);
  });
}

test("a rejection that the test handles is no failure", (t) => {
  const { status, output } = run(t, 'test("x", async () => { await require("node:assert").rejects(Promise.reject(new Error("expected"))); });');

  assert.equal(status, 0, output);
});

test("a file that hangs is ended, and what kept it alive is named", (t) => {
  const { status, output } = run(t, 'test("x", () => { require("node:net").createServer().listen(0, "127.0.0.1"); });', { MULTIHOME_TEST_FILE_TIMEOUT_MS: "500" });

  assert.equal(status, 1);
  assert.match(output, /Still running after 500 ms. Kept alive by: .*TCPServerWrap/);
});
