// oxlint with type information, then the order of the rooms. Extra arguments go to oxlint: npm run lint -- --fix
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OXLINT = fileURLToPath(new URL("../node_modules/oxlint/bin/oxlint", import.meta.url));
const LINTED = ["packages", "test", "demo", "scripts"];

// Packages see each other by their compiled types: without those every import from the core is `any`, and half of the rules see nothing.
if (!existsSync(path.join(ROOT, "packages/core/dist/src/index.d.ts"))) {
  console.error("Build first, the rules need types: npm run build");
  process.exit(1);
}

const oxlint = spawnSync(process.execPath, [OXLINT, "--type-aware", "--deny-warnings", "--report-unused-disable-directives", ...process.argv.slice(2), ...LINTED], {
  cwd: ROOT,
  stdio: "inherit",
});
if (oxlint.error !== undefined) throw oxlint.error;
const rooms = spawnSync(process.execPath, [fileURLToPath(new URL("rooms.mjs", import.meta.url))], { cwd: ROOT, stdio: "inherit" });
process.exitCode = oxlint.status === 0 && rooms.status === 0 ? 0 : 1;
