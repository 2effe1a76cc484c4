import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const packages = readdirSync(path.join(ROOT, "packages")).filter((name) => existsSync(path.join(ROOT, "packages", name, "package.json")));

for (const name of packages) {
  test(`the README of ${name} says how to begin, links to nothing outside the package, and names pages that there are`, () => {
    const dir = path.join(ROOT, "packages", name);
    const text = readFileSync(path.join(dir, "README.md"), "utf8");
    assert.ok(text.startsWith(`# @multihome/${name}\n`));
    assert.match(text, /^```js\nimport /m);
    for (const [, link] of text.matchAll(/\]\(([^)]+)\)/g)) assert.ok(!link.startsWith("..") && existsSync(path.join(dir, link)), link);
    const pages = [...text.matchAll(/\b([a-z-]+\.md)\b/g)].map(([, page]) => page);
    assert.ok(pages.length > 0);
    for (const page of pages) assert.ok(existsSync(path.join(ROOT, "docs", page)), page);
    assert.ok(existsSync(path.join(dir, "LICENSE")));
  });
}

const demo = (...flags) => spawnSync(process.execPath, [path.join(ROOT, "demo/dist/main.js"), ...flags], { encoding: "utf8", timeout: 20_000 });

test("the demo says what flags it has, and refuses others with the same text", () => {
  const help = demo("--help");
  assert.equal(help.status, 0);
  assert.match(help.stdout, /--stay +goes on until Ctrl-C/);
  const refused = demo("--stya");
  assert.equal(refused.status, 2);
  assert.equal(refused.stdout, "");
  assert.match(refused.stderr, /^There is no --stya\.\n\nnpm start -- \[--stay\]/);
});
