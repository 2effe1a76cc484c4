// The contract suite on every combination of Node and client that can exist: npm run test:matrix
// Further Nodes are named by MULTIHOME_MATRIX_NODES, paths of their binaries with a ":" between them.
import { execFileSync, spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

interface Subject {
  readonly file: string;
  /** Which installed copy; with the variable of the environment that says so to the suite. */
  readonly alias: string;
  readonly variable: string;
  /** The oldest Node that loads it, as [major, minor]. */
  readonly since: readonly [number, number];
}

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SUBJECTS: readonly Subject[] = [
  { file: "axios", alias: "axios", variable: "MULTIHOME_CONTRACT_AXIOS", since: [20, 19] },
  { file: "axios", alias: "axios17", variable: "MULTIHOME_CONTRACT_AXIOS", since: [20, 19] },
  { file: "got", alias: "got", variable: "MULTIHOME_CONTRACT_GOT", since: [20, 19] },
  { file: "got", alias: "got15", variable: "MULTIHOME_CONTRACT_GOT", since: [22, 0] },
  { file: "got", alias: "got16", variable: "MULTIHOME_CONTRACT_GOT", since: [22, 0] },
  { file: "undici", alias: "undici", variable: "MULTIHOME_CONTRACT_UNDICI", since: [20, 19] },
  { file: "undici", alias: "undici8", variable: "MULTIHOME_CONTRACT_UNDICI", since: [22, 19] },
  { file: "fetch", alias: "undici", variable: "MULTIHOME_CONTRACT_UNDICI", since: [20, 19] },
  { file: "fetch", alias: "undici8", variable: "MULTIHOME_CONTRACT_UNDICI", since: [22, 19] },
];

const nodes = [process.execPath, ...(process.env["MULTIHOME_MATRIX_NODES"] ?? "").split(":").filter((each) => each !== "")];
let failed = false;
console.log(`${"".padEnd(12)}${SUBJECTS.map(nameOf).map((name) => name.padStart(18)).join("")}`);
for (const node of nodes) {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  process.stdout.write(version.padEnd(12));
  for (const subject of SUBJECTS) process.stdout.write(resultOf(node, version, subject).padStart(18));
  process.stdout.write("\n");
}
if (failed) process.exitCode = 1;

function nameOf({ file, alias }: Subject): string {
  return file === "fetch" ? `fetch, ${alias}` : alias;
}

function resultOf(node: string, version: string, { file, alias, variable, since }: Subject): string {
  const [major, minor] = version.slice(1).split(".").map(Number);
  if (major < since[0] || (major === since[0] && minor < since[1])) return `Node >= ${since.join(".")}`;
  try {
    import.meta.resolve(alias);
  } catch {
    return "not installed";
  }
  const { status, stdout } = spawnSync(node, [path.join(HERE, `${file}.test.js`)], { encoding: "utf8", env: { ...process.env, [variable]: alias }, maxBuffer: 1 << 26 });
  const count = (what: string): number => Number(new RegExp(`^(?:#|ℹ) ${what} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
  if (status === 0 && count("pass") > 0) return `${count("pass")} pass`;
  failed = true;
  for (const [line] of stdout.matchAll(/^ *(?:not ok|✖) .*$/gm)) console.error(`\n${version} ${alias}: ${line.trim()}`);
  return `${count("fail")} FAIL`;
}
