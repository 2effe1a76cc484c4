// Holds the architecture: which room may import which, no cycles, no clock or chance of one's own, small files.
// `node scripts/rooms.mjs` reads packages/*/src and packages/*/test and exits 1 when a rule is broken.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cyclesOf } from "./import-cycles.mjs";
import { importsOf, lineAt, maskSource } from "./source-text.mjs";

/** From the top down: a room imports rooms of later lines only, never one of its own line. A file `x.ts` in src counts as the room `x`. */
const ORDER = [
  // Above all of them: index.ts and the other files beside it that package.json exports.
  ["pool", "venues"],
  ["settings", "start", "adapter-host", "drain"],
  ["slots", "state", "tasks"],
  ["race"],
  ["queue", "breaker", "lease"],
  ["quota", "health", "exits", "weights"],
  ["node-http"],
  ["connect"],
  ["options", "option-names"],
  ["model"],
  ["observe"],
  ["time", "errors"],
];
const TESTING_MAY_IMPORT = new Set(["time", "model", "errors", "connect"]);
const OWN_TIME_AND_CHANCE = new Set(["time", "testing"]);
/** Here, and in the adapters, setImmediate is allowed: it measures no time, and callers of Node's requests attach their listeners a turn later. */
const SPEAK_TO_SOCKETS = new Set(["connect", "node-http"]);
const CORE = "@multihome/core";
const MAX_LINES = 300;
const MANY_LINES = 200;

const RANK = new Map(ORDER.flatMap((rooms, rank) => rooms.map((room) => [room, rank])));

/**
 * @param {{ name: string, dir: string, exports: string[], entries: string[], files: Map<string, string> }[]} packages `files` by path inside the package,
 *   `exports` the keys of package.json's exports, `entries` the source files that they stand for
 * @returns {{ errors: string[], warnings: string[] }} sentences, each beginning with `path:line`
 */
export function checkRooms(packages) {
  const errors = [];
  const warnings = [];
  const publicEntries = new Set(packages.filter(({ name }) => name === CORE).flatMap(({ exports }) => exports.map((key) => CORE + key.slice(1))));
  for (const pack of packages) {
    const graph = new Map();
    for (const [file, source] of pack.files) {
      const where = `${pack.dir}/${file}`;
      const masked = maskSource(source);
      const imports = importsOf(source, masked).map((found) => ({ ...found, target: resolveImport(file, found.specifier) }));
      graph.set(file, imports.filter(({ typeOnly, target }) => !typeOnly && target !== undefined).map(({ target }) => target));
      if (!file.startsWith("src/")) continue;
      for (const found of imports) {
        const problem = pack.name === CORE ? roomProblem(pack, file, found) : borderProblem(found, publicEntries);
        if (problem !== undefined) errors.push(`${where}:${found.line} ${problem}`);
      }
      if (!(pack.name === CORE && OWN_TIME_AND_CHANCE.has(roomOf(file)))) {
        const mayDefer = pack.name !== CORE || SPEAK_TO_SOCKETS.has(roomOf(file));
        for (const { line, what } of clockAndChance(source, masked, imports)) {
          if (what === "setImmediate" && mayDefer) continue;
          errors.push(`${where}:${line} uses ${what}; take a Clock, \`now\` or \`random\` as an argument`);
        }
      }
      const lines = source.split("\n").length - (source.endsWith("\n") ? 1 : 0);
      if (lines > MAX_LINES) errors.push(`${where}:1 has ${lines} lines, ${MAX_LINES} are allowed`);
      else if (lines > MANY_LINES) warnings.push(`${where}:1 has ${lines} lines, ${MANY_LINES} are plenty`);
    }
    for (const cycle of cyclesOf(graph)) errors.push(`${pack.dir}/${cycle[0]}:1 imports itself: ${[...cycle, cycle[0]].join(" → ")}`);
  }
  return { errors, warnings };
}

/** The path inside the package that a relative specifier means; undefined for packages and built-ins. */
function resolveImport(file, specifier) {
  return specifier.startsWith(".") ? path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier)) : undefined;
}

function roomOf(file) {
  return file.split("/")[1].replace(/\.ts$/, "");
}

/** index.ts, venues.ts and their like: public entries that belong to no room. */
function gathers(pack, file) {
  return pack.entries.includes(file) && file.split("/").length === 2;
}

function roomProblem(pack, file, { specifier, typeOnly, target }) {
  if (specifier === CORE || specifier.startsWith(`${CORE}/`)) return `imports its own package as "${specifier}"; use the relative path`;
  if (target === undefined) return undefined;
  if (!target.startsWith("src/")) return `imports "${specifier}", which is outside src`;
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === to) return undefined;
  if (to === "testing") return "imports testing; only tests may";
  if (gathers(pack, file)) return undefined;
  if (gathers(pack, target)) return `imports ${target}, which only gathers what others see`;
  if (from === "testing") return TESTING_MAY_IMPORT.has(to) ? undefined : `imports ${to}; testing may import ${[...TESTING_MAY_IMPORT].join(", ")}`;
  if (!RANK.has(from)) return `is in the room "${from}", which has no place in the order; give it one in scripts/rooms.mjs`;
  if (!RANK.has(to)) return `imports the room "${to}", which has no place in the order; give it one in scripts/rooms.mjs`;
  if (RANK.get(from) < RANK.get(to)) return undefined;
  // Plain types: whoever speaks of a request or a verdict may name it.
  if (to === "model" && typeOnly) return undefined;
  // What looks at the pool is handed one; it never makes one.
  if (from === "observe" && to === "pool" && typeOnly) return undefined;
  if (RANK.get(from) === RANK.get(to)) return `imports ${to}: ${from} and ${to} are neighbours and never import each other`;
  return `imports ${to}, which stands above ${from}${typeOnly ? "" : to === "model" ? " (its types are free to take: import type)" : ""}`;
}

function borderProblem({ specifier, target }, publicEntries) {
  if (target !== undefined) return target.startsWith("src/") ? undefined : `imports "${specifier}", which is outside src`;
  if (specifier === `${CORE}/testing`) return "imports testing; only tests may";
  if ((specifier === CORE || specifier.startsWith(`${CORE}/`)) && !publicEntries.has(specifier)) return `imports "${specifier}", which is not a public entry of ${CORE}`;
  return undefined;
}

const CLOCK_MODULES = /^(?:node:)?(?:timers|timers\/promises|perf_hooks)$/;
const CLOCKS = [
  [/\bDate\s*\.\s*now\b/g, "Date.now"],
  [/\bnew\s+Date\b(?!\s*\(\s*[^)\s])/g, "new Date()"],
  [/(?<![\w$#.])Date\s*\(/g, "Date()", /\bnew\s+$/],
  [/\bperformance\s*\.\s*now\b/g, "performance.now"],
  [/\bprocess\s*\.\s*(?:hrtime|uptime)\b/g, "process.hrtime or process.uptime"],
  [/\bMath\s*\.\s*random\b/g, "Math.random"],
  [/\bcrypto\s*\.\s*(?:random\w+|getRandomValues)\b/g, "the randomness of node:crypto"],
  [/\b(?:random(?:UUID|Bytes|Int|Fill|FillSync)|getRandomValues)\b(?=[^{}]*\}\s*from\b)/g, "the randomness of node:crypto"],
  [/\bAbortSignal\s*\.\s*timeout\b/g, "AbortSignal.timeout"],
  [/\}\s*=\s*globalThis\b/g, "globals taken apart"],
];
// queueMicrotask and process.nextTick are no timers: what they run comes before any timer can.
const TIMERS = /(?<![\w$#.])(?:(globalThis|global)\s*\.\s*)?(setTimeout|setInterval|setImmediate)\b/g;

function clockAndChance(source, masked, imports) {
  const found = imports.filter(({ specifier, typeOnly }) => !typeOnly && CLOCK_MODULES.test(specifier)).map(({ specifier, line }) => ({ line, what: specifier }));
  for (const [pattern, what, unlessAfter] of CLOCKS) {
    for (const match of masked.matchAll(pattern)) {
      if (unlessAfter?.test(masked.slice(0, match.index))) continue;
      found.push({ line: lineAt(source, match.index), what });
    }
  }
  for (const match of masked.matchAll(TIMERS)) {
    const [text, viaGlobal, name] = match;
    const before = masked.slice(0, match.index).trimEnd();
    const after = masked.slice(match.index + text.length);
    if (viaGlobal === undefined && (/\btypeof$/.test(before) || declaresMember(before, after))) continue;
    found.push({ line: lineAt(source, match.index), what: name });
  }
  return found.sort((a, b) => a.line - b.line);
}

/** `setTimeout(ms: number): this { … }` in a class, `setTimeout: …` in an object or an interface: a name of someone else's, not the global. */
function declaresMember(before, after) {
  if (!/(?:^|[{};,]|\b(?:async|override|readonly|public|get|set))$/.test(before)) return false;
  if (/^\s*\??\s*:/.test(after)) return true;
  const rest = after.replace(/^\s*\??\s*(?:<[^(]*>)?\s*/, "");
  if (!rest.startsWith("(")) return false;
  let depth = 0;
  for (let i = 0; i < rest.length; i += 1) {
    if (rest[i] === "(") depth += 1;
    if (rest[i] === ")") depth -= 1;
    if (depth === 0) return /^\s*[:{]/.test(rest.slice(i + 1));
  }
  return false;
}

/** The packages of a checkout, as checkRooms takes them. */
export function readPackages(root) {
  return readdirSync(path.join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name: folder }) => {
      const dir = path.join(root, "packages", folder);
      const manifest = JSON.parse(readFileSync(path.join(dir, "package.json"), "utf8"));
      const files = new Map(
        ["src", "test"].flatMap((part) => typescriptFiles(path.join(dir, part))).map((file) => [path.relative(dir, file).split(path.sep).join("/"), readFileSync(file, "utf8")]),
      );
      return { name: manifest.name, dir: `packages/${folder}`, exports: Object.keys(manifest.exports), entries: entrySources(manifest.exports), files };
    });
}

/** `./dist/src/venues.js` is made from `src/venues.ts`. */
function entrySources(exports) {
  return Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : [target.default.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts")]));
}

function typescriptFiles(dir) {
  let entries = [];
  try {
    entries = readdirSync(dir, { withFileTypes: true, recursive: true });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { errors, warnings } = checkRooms(readPackages(fileURLToPath(new URL("..", import.meta.url))));
  for (const warning of warnings) console.log(`warning: ${warning}`);
  for (const error of errors) console.log(`error: ${error}`);
  console.log(`rooms: ${errors.length} errors, ${warnings.length} warnings`);
  process.exitCode = errors.length === 0 ? 0 : 1;
}
