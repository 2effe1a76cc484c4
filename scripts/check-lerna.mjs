// Asks lerna itself whether it accepts lerna.json and finds the packages: run before a release, with a network.
// lerna is 186 MB in 550 packages, so contributors do not install it; npx brings it into npm's cache.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "multihome-lerna-"));
try {
  for (const file of ["package.json", "package-lock.json", "lerna.json"]) cpSync(path.join(ROOT, file), path.join(folder, file));
  const names = readdirSync(path.join(ROOT, "packages")).map((name) => {
    mkdirSync(path.join(folder, "packages", name), { recursive: true });
    cpSync(path.join(ROOT, "packages", name, "package.json"), path.join(folder, "packages", name, "package.json"));
    return JSON.parse(readFileSync(path.join(folder, "packages", name, "package.json"), "utf8")).name;
  });
  execFileSync("git", ["init", "--quiet"], { cwd: folder }); // lerna works in a git repository only
  const listed = execFileSync("npx", ["--yes", "lerna@9", "list", "--all", "--json", "--loglevel=error"], {
    cwd: folder,
    encoding: "utf8",
    // nx would leave a daemon behind, and ask about its cloud.
    env: { ...process.env, NX_DAEMON: "false", NX_NO_CLOUD: "true", CI: "1" },
  });
  const found = JSON.parse(listed.slice(listed.indexOf("["))).map(({ name }) => name).sort();
  if (found.join() !== names.sort().join()) throw new Error(`lerna finds ${found.join(", ")}; expected ${names.join(", ")}.`);
  console.log(`lerna 9 accepts lerna.json and finds ${found.join(", ")}.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
