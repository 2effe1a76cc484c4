// Runs the compiled tests: node scripts/test.mjs [part of a path…] [option of node --test…]
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
// Tests wait for sockets more than they compute, so even one core serves two files. More than eight gain nothing.
const CONCURRENCY = Math.max(2, Math.min(8, availableParallelism()));
// As for a whole file in strict.mjs: a test that waits for ever is named before its file is ended.
const TEST_TIMEOUT_MS = 240_000;

/**
 * The test files of a checkout: compiled ones whose source still exists, and those of scripts/.
 * A file whose path, with the package's name, has none of `filters` in it is left out.
 *
 * @returns {{ files: string[], stale: string[] }} paths relative to `root`
 */
export function findTests(root, filters = []) {
  const files = [];
  const stale = [];
  const add = (file, source) => {
    if (filters.length > 0 && !filters.some((filter) => source.includes(filter))) return;
    (existsSync(path.join(root, source)) ? files : stale).push(file);
  };
  for (const name of namesIn(path.join(root, "packages"))) {
    for (const file of compiledTests(path.join(root, "packages", name, "dist", "test"))) {
      add(`packages/${name}/dist/test/${file}`, `packages/${name}/test/${file.replace(/\.js$/, ".ts")}`);
    }
  }
  for (const file of compiledTests(path.join(root, "test", "dist"))) {
    if (!file.startsWith("bench/")) add(`test/dist/${file}`, `test/${file.replace(/\.js$/, ".ts")}`);
  }
  for (const name of namesIn(path.join(root, "scripts"))) if (name.endsWith(".test.mjs")) add(`scripts/${name}`, `scripts/${name}`);
  return { files, stale };
}

function compiledTests(dir) {
  return namesIn(dir, { recursive: true })
    .map((name) => name.split(path.sep).join("/"))
    .filter((name) => name.endsWith(".test.js"));
}

function namesIn(dir, options) {
  return existsSync(dir) ? readdirSync(dir, options).sort() : [];
}

/** The arguments of `node` that run these files the strict way. */
export function nodeArguments(root, files, options = []) {
  return [
    "--unhandled-rejections=strict",
    "--trace-warnings",
    "--import",
    pathToFileURL(path.join(root, "scripts", "strict.mjs")).href,
    "--test",
    // Named, because the default depends on the terminal and on Node's version, and a pipe would get TAP.
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...options,
    ...files,
  ];
}

function main(args) {
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const options = args.filter((arg) => arg.startsWith("-"));
  const { files, stale } = findTests(ROOT, filters);
  for (const file of stale) console.log(`skipped: ${file} has no source any more (npm run clean removes it)`);
  if (files.length === 0) {
    console.error(filters.length > 0 ? `No test file has ${filters.join(" or ")} in its path.` : "No test files: npm run build makes them.");
    process.exitCode = 1;
    return;
  }
  console.log(`node ${process.version}: ${files.length} test files`);
  const child = spawn(process.execPath, nodeArguments(ROOT, files, options), { cwd: ROOT, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 1;
    if (signal !== null) console.error(`The test runner was ended by ${signal}.`);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
