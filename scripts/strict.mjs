// Loaded before every test file (node --import): what node:test would only print makes the file fail.
import process from "node:process";

// A leaked listener, and timers whose delay Node replaces by 1 ms.
const FATAL_WARNINGS = new Set(["MaxListenersExceededWarning", "TimeoutOverflowWarning", "TimeoutNegativeWarning", "TimeoutNaNWarning"]);

// A file that hangs must not hang the run; none takes a tenth of this. node:test's own timeout ends the test, and since Node 22 leaves the process.
const FILE_TIMEOUT_MS = Number(process.env.MULTIHOME_TEST_FILE_TIMEOUT_MS ?? 300_000);

// The runner itself listens on behalf of all files; only the files are under test.
if (!process.execArgv.includes("--test")) {
  const found = [];
  process.on("warning", (warning) => {
    if (FATAL_WARNINGS.has(warning.name)) found.push(warning.stack ?? `${warning.name}: ${warning.message}`);
  });
  // node:test turns what escapes after a test's end into a diagnostic; invariant: nothing escapes, whenever.
  process.on("uncaughtExceptionMonitor", (error, origin) => {
    if (error?.code !== "ERR_TEST_FAILURE") found.push(`${origin}: ${error?.stack ?? String(error)}`);
  });
  // Taken now: a test may put a fake in its place.
  setTimeout(() => {
    found.push(`Still running after ${FILE_TIMEOUT_MS} ms. Kept alive by: ${process.getActiveResourcesInfo().join(", ")}.`);
    process.exit(1);
  }, FILE_TIMEOUT_MS).unref();
  process.on("exit", () => {
    if (found.length === 0) return;
    process.exitCode = 1;
    process.stderr.write(`strict: ${found.length} problem(s) that fail this file\n${found.join("\n")}\n`);
  });
}
