// Runs the benchmarks one after another: npm run bench [-- part of a name… [-- arguments of the benchmark…]]
// Each prints its figures and writes them as JSON into bench-results/, whose path it finds in MULTIHOME_BENCH_RESULTS.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COMPILED = path.join(ROOT, "test/dist/bench");
const RESULTS = path.join(ROOT, "bench-results");

const given = process.argv.slice(2);
const separator = given.indexOf("--");
const wanted = separator === -1 ? given : given.slice(0, separator);
const passedOn = separator === -1 ? [] : given.slice(separator + 1);

// Files beside the benchmarks in folders are what they share. One whose source is gone is a leftover of an earlier build.
const all = (existsSync(COMPILED) ? readdirSync(COMPILED) : [])
  .filter((file) => file.endsWith(".js") && existsSync(path.join(ROOT, "test/bench", file.replace(/\.js$/, ".ts"))))
  .sort();
const chosen = all.filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)));
if (chosen.length === 0) {
  console.error(all.length === 0 ? "No benchmarks: npm run build makes them." : `None of ${all.join(", ")} has ${wanted.join(" or ")} in its name.`);
  process.exit(1);
}

mkdirSync(RESULTS, { recursive: true });
console.log(`node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? "unknown processor"}`);
const failed = [];
for (const file of chosen) {
  console.log(`\n── ${path.basename(file, ".js")} ${"─".repeat(Math.max(3, 76 - file.length))}`);
  // One at a time, each in a process of its own: they measure, and share neither cores nor a warmed-up heap.
  const { status, signal } = spawnSync(process.execPath, ["--expose-gc", path.join(COMPILED, file), ...passedOn], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, MULTIHOME_BENCH_RESULTS: RESULTS },
  });
  if (signal === "SIGINT") process.exit(130);
  if (status !== 0) failed.push(file);
}
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
