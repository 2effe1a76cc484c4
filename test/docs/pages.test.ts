import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createExitPool } from "@multihome/core";
import { startExchange } from "@multihome/core/testing";
import { loadTable } from "@multihome/core/venues";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

let dir: string;
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "multihome-pages-"));
  await symlink(path.join(ROOT, "node_modules"), path.join(dir, "node_modules"), "junction");
});
after(() => rm(dir, { recursive: true }));

/** The first example of a page, run as a program of its own that has to end by itself. */
async function run(page: string, change: (code: string) => string): Promise<string> {
  const [, code] = /^```js\n(.*?)^```$/ms.exec(await readFile(path.join(ROOT, "docs", page), "utf8")) ?? [];
  assert.ok(code !== undefined, page);
  const file = path.join(dir, page.replace(/md$/, "mjs"));
  await writeFile(file, change(code));
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
  return stdout;
}

test("the transport of docs/clients.md sends by an exit of the pool, and its answer is the client's own", async () => {
  const exchange = await startExchange();
  const printed = await run("clients.md", (code) => `${code.replace('local: "auto"', 'local: ["127.0.3.1"]').replace("http://api.example.com/v1/time", `${exchange.url}/api/v3/time`)}\nawait pool.close();`);
  assert.match(printed, /^\{"serverTime":\d+\}$/);
  assert.deepEqual(Object.keys(exchange.books().addresses), ["127.0.3.1"]);
  await exchange.close();
});

test("the exchange of docs/testing.md counts the pool's requests and what somebody else spends", async () => {
  assert.match(await run("testing.md", (code) => code), /requests: 1,\n +weight: 25,/);
});

test("the table of docs/weights.md can be used as it stands", async () => {
  const [, table] = /^## A table of your own\n+```json\n(.*?)^```$/ms.exec(await readFile(path.join(ROOT, "docs/weights.md"), "utf8")) ?? [];
  const file = path.join(dir, "example.json");
  await writeFile(file, String(table));
  await using pool = createExitPool({ exits: { local: ["127.0.3.1"] }, targets: { example: { hosts: "api.example.com", weights: loadTable(file) } } });
  const charged = (method: string, where: string): string[] => pool.weigh({ method, url: `https://api.example.com${where}`, headers: { "x-api-key": "k" } }).charges.map(({ limit, units, of, perMs, scope }) => `${units} of ${limit}: ${of} in ${perMs} for each ${scope}`);
  assert.deepEqual(charged("GET", "/v1/book?limit=500"), ["5 of weight-1m: 1200 in 60000 for each exit"]);
  assert.deepEqual(charged("POST", "/v1/order"), ["1 of weight-1m: 1200 in 60000 for each exit", "1 of orders-10s: 50 in 10000 for each account"]);
  assert.deepEqual(charged("GET", "/v1/other"), ["10 of weight-1m: 1200 in 60000 for each exit"]);
});
