import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startExchange } from "@multihome/core/testing";
import type { Exchange } from "@multihome/core/testing";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** What the examples leave by here: `"auto"` would be this machine's own addresses, which need not reach loopback. */
const EXITS = ["127.0.3.1", "127.0.3.2", "127.0.3.3"];

const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
const examples = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
/** A client each; what follows in the README uses what they declare. */
const clients = examples.slice(0, 3);

let dir: string;
let exchange: Exchange;
before(async () => {
  exchange = await startExchange();
  dir = await mkdtemp(path.join(tmpdir(), "multihome-readme-"));
  await symlink(path.join(ROOT, "node_modules"), path.join(dir, "node_modules"), "junction");
});
after(async () => {
  await exchange.close();
  await rm(dir, { recursive: true });
});

test("each client has its example before line 30", () => {
  const until30 = readme.split("\n").slice(0, 29).join("\n");
  for (const name of ["axiosAdapter(pool)", "gotHooks(pool)", "new ExitDispatcher(pool)"]) assert.ok(until30.includes(name), name);
});

test("the examples of the clients run, one after the other in one program, and leave by the pool's exits alone", async () => {
  const { addresses } = await run([]);
  assert.deepEqual(addresses, EXITS);
});

for (const [index, code] of examples.slice(3).entries()) {
  const firstLine = code.split("\n").find((line) => !line.startsWith("import") && line !== "");
  test(`example ${index + 4} of the README runs (${firstLine})`, async () => {
    const { stdout, addresses } = await run([code]);

    // What an example says that it prints stands behind it.
    for (const [, printed] of code.matchAll(/^console\.log\(.*\); \/\/ (\d+)$/gm)) assert.equal(stdout.trim(), printed);
    assert.deepEqual(addresses, EXITS);
  });
}

/** Runs a program of the clients' examples and the given ones against the exchange; answers with the addresses that it saw. */
async function run(further: readonly string[]): Promise<{ stdout: string; addresses: string[] }> {
  exchange.reset();
  const imports = new Map<string, string>();
  const bodies = [...clients, ...further].map((code, index) => {
    for (const [, names, from] of code.matchAll(/^import (.*) from "(.*)";/gm)) {
      // Two examples may take the same names, or more, from one package.
      for (const name of names.split(/[{}, ]+/).filter((text) => text !== "")) imports.set(name, names.includes("{") ? `import { ${name} } from "${from}";` : `import ${name} from "${from}";`);
    }
    const body = code.replace(/^import .*$/gm, "");
    // In a block of its own, with its own pool, if it has one.
    return index < clients.length ? body : `{ ${body}\n await pool.close(); }`;
  });
  const program = [...imports.values(), ...bodies, "await pool.close();"].join("\n")
    .replace('local: "auto"', `local: ${JSON.stringify(EXITS)}`)
    .replace("binance: binanceSpot()", 'binance: { ...binanceSpot(), hosts: "127.0.0.1" }')
    // But not where nothing is sent: weights belong to the real host.
    .replaceAll(/(?<!weigh\(.*)https:\/\/api\.binance\.com/g, exchange.url);
  const file = path.join(dir, "example.mjs");
  await writeFile(file, program);
  const stdout = await output(file);
  return { stdout, addresses: Object.keys(exchange.books().addresses).sort() };
}

function output(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--unhandled-rejections=strict", file], { cwd: dir, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => (code === 0 ? resolve(stdout) : reject(new Error(`ended with ${code ?? signal}:\n${stderr}`))));
  });
}
