import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readPackages } from "./rooms.mjs";
import { importsOf } from "./source-text.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const json = (...parts) => JSON.parse(readFileSync(path.join(ROOT, ...parts), "utf8"));
const root = json("package.json");
const lerna = json("lerna.json");
const packages = readdirSync(path.join(ROOT, "packages")).map((folder) => ({ folder, ...json("packages", folder, "package.json") }));
const entriesOf = ({ name, exports }) => Object.keys(exports).filter((key) => !key.endsWith(".json")).map((key) => name + key.slice(1));

test("all packages have one version, and want that one of each other", () => {
  for (const { name, version, dependencies = {} } of packages) {
    assert.equal(version, root.version, name);
    for (const [dependency, range] of Object.entries(dependencies)) {
      if (dependency.startsWith("@multihome/")) assert.ok([version, `^${version}`].includes(range), `${name} wants ${dependency} ${range}`);
    }
  }
});

test("every package is an ES module for the same Nodes, free of side effects and of scripts that run at installation", () => {
  for (const { name, type, engines, license, sideEffects, scripts = {}, gypfile } of packages) {
    assert.equal(type, "module", name);
    assert.deepEqual(engines, root.engines, name);
    assert.equal(license, "MIT", name);
    assert.equal(sideEffects, false, name);
    for (const hook of ["preinstall", "install", "postinstall", "prepare", "prepublish"]) assert.ok(!(hook in scripts), `${name} has ${hook}`);
    assert.notEqual(gypfile, true, name);
  }
});

test("every file that exports names is there after a build, and is published", () => {
  for (const { folder, name, exports, files } of packages) {
    for (const [key, target] of Object.entries(exports)) {
      for (const file of typeof target === "string" ? [target] : Object.values(target)) {
        assert.ok(existsSync(path.join(ROOT, "packages", folder, file)), `${name} exports ${key} as ${file}, which is not there`);
        const published = file === "./package.json" || files.some((part) => file.startsWith(`./${part}/`));
        assert.ok(published, `${name} exports ${key} as ${file}, which "files" leaves out`);
      }
      if (typeof target !== "string") assert.deepEqual(Object.keys(target), ["types", "default"], `${name} ${key}: conditions are tried in order`);
    }
  }
});

test("what a package imports is what it declares", () => {
  for (const pack of readPackages(ROOT)) {
    const { name, dependencies = {}, peerDependencies = {}, optionalDependencies } = packages.find((candidate) => candidate.name === pack.name);
    const declared = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    const imported = new Set();
    for (const [file, source] of pack.files) {
      if (!file.startsWith("src/")) continue;
      for (const { specifier } of importsOf(source)) {
        if (specifier.startsWith(".") || isBuiltin(specifier)) continue;
        const dependency = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
        assert.ok(declared.has(dependency), `${name} ${file} imports ${specifier} without declaring it`);
        imported.add(dependency);
      }
    }
    for (const dependency of Object.keys(dependencies)) assert.ok(imported.has(dependency), `${name} declares ${dependency} and never imports it`);
    assert.equal(optionalDependencies, undefined, name);
  }
});

test("every runtime dependency has its reason in docs/dependencies.md", () => {
  const reasons = readFileSync(path.join(ROOT, "docs/dependencies.md"), "utf8");

  for (const { name, dependencies = {} } of packages) {
    for (const dependency of Object.keys(dependencies)) {
      if (!dependency.startsWith("@multihome/")) assert.ok(reasons.includes(`| \`${dependency}\` |`), `${name} needs ${dependency}`);
    }
  }
});

test("the clients that tests use are among those that the adapters accept", () => {
  const accepted = Object.assign({}, ...packages.map(({ peerDependencies }) => peerDependencies));

  for (const client of Object.keys(accepted)) {
    const installed = Object.entries(root.devDependencies).filter(([name, range]) => name === client || range.startsWith(`npm:${client}@`));
    assert.notEqual(installed.length, 0, `${client} is not installed for the tests`);
    for (const [name] of installed) {
      const { version } = json("node_modules", name, "package.json");
      assert.ok(satisfies(version, accepted[client]), `${name} ${version} is outside ${accepted[client]}`);
    }
  }
});

test("ranges are read as npm reads them", () => {
  for (const [version, range] of [["1.21.1", "^1.7.0"], ["7.30.0", "^7.30.0 || ^8.0.0"], ["8.12.4", "^7.30.0 || ^8.0.0"], ["16.0.0", ">=14"], ["14.0.0", ">=14"]]) {
    assert.ok(satisfies(version, range), `${version} in ${range}`);
  }
  for (const [version, range] of [["1.6.9", "^1.7.0"], ["2.0.0", "^1.7.0"], ["7.29.9", "^7.30.0 || ^8.0.0"], ["9.0.0", "^7.30.0 || ^8.0.0"], ["13.9.9", ">=14"]]) {
    assert.ok(!satisfies(version, range), `${version} not in ${range}`);
  }
});

test("every entry can be required and imported, and gives the same names", { timeout: 60_000 }, () => {
  for (const entry of packages.flatMap(entriesOf)) {
    // In a process of its own: an entry that works only after another one is loaded fails here.
    const program = `
      const required = require(${JSON.stringify(entry)});
      import(${JSON.stringify(entry)}).then((imported) => {
        console.log(JSON.stringify([Object.keys(required).sort(), Object.keys(imported).filter((name) => name !== "module.exports").sort()]));
      });`;
    const output = execFileSync(process.execPath, ["--no-warnings", "--input-type=commonjs", "--eval", program], { cwd: ROOT, encoding: "utf8" });
    const [required, imported] = JSON.parse(output);

    assert.notEqual(imported.length, 0, entry);
    assert.deepEqual(required.filter((name) => name !== "__esModule"), imported.filter((name) => name !== "__esModule"), entry);
  }
});

test("loading an entry starts nothing that keeps a process alive and prints nothing", { timeout: 60_000 }, () => {
  for (const entry of packages.flatMap(entriesOf)) {
    const output = execFileSync(process.execPath, ["--input-type=module", "--eval", `import ${JSON.stringify(entry)};`], { cwd: ROOT, encoding: "utf8", timeout: 20_000 });

    assert.equal(output, "", entry);
  }
});

test("lerna.json has only keys that lerna 9 knows, and means these packages", () => {
  // lerna refuses unknown keys: lerna/schemas/lerna-schema.json, additionalProperties false. `npm run check:lerna` asks lerna itself.
  const known = new Set(["$schema", "version", "packages", "npmClient", "command", "useNx", "loglevel", "ignoreChanges"]);
  const knownOfVersion = new Set(["allowBranch", "changelogPreset", "conventionalCommits", "createRelease", "exact", "forcePublish", "ignoreChanges", "message", "push", "signGitTag"]);

  for (const key of Object.keys(lerna)) assert.ok(known.has(key), key);
  for (const key of Object.keys(lerna.command ?? {})) assert.ok(["version", "publish"].includes(key), key);
  for (const key of Object.keys(lerna.command?.version ?? {})) assert.ok(knownOfVersion.has(key), key);
  assert.deepEqual(lerna.packages, root.workspaces);
  assert.equal(lerna.npmClient, "npm");
});

test("lerna names the version in the message of a release", () => {
  // With "independent", lerna writes the message's %s as it stands and lists the tags below it.
  if (lerna.version === "independent") assert.doesNotMatch(lerna.command?.version?.message ?? "", /%[sv]/);
  else assert.equal(lerna.version, root.version);
});

/** Enough of npm's ranges for peerDependencies here: `^1.2.3`, `>=1`, joined by `||`. */
function satisfies(version, range) {
  const parts = (text) => text.split(".").map(Number).concat(0, 0).slice(0, 3);
  const compare = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
  return range.split("||").some((alternative) => {
    const [, operator, least] = /^\s*(\^|>=)([\d.]+)\s*$/.exec(alternative) ?? assert.fail(`Unknown range ${alternative}`);
    const have = parts(version);
    return compare(have, parts(least)) >= 0 && (operator === ">=" || have[0] === parts(least)[0]);
  });
}
