// How much of twenty addresses' budgets each client uses over real sockets, and how often it is refused.
// npm run bench -- sockets -- --windows 10 --client axios
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { axiosClient } from "../support/contract-axios.ts";
import { fillWindows, REQUEST_WEIGHT, WINDOW_LIMIT, WINDOW_MS } from "../support/contract-exchange.ts";
import type { WindowFigures } from "../support/contract-exchange.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const { values: given } = parseArgs({
  options: {
    windows: { type: "string", default: "10" },
    exits: { type: "string", default: "20" },
    client: { type: "string", default: "" },
  },
});
const windows = Number(given.windows);
const exits = Number(given.exits);

console.log(`${exits} exits, windows of ${WINDOW_MS / 1_000} s, ${WINDOW_LIMIT} weight each, ${REQUEST_WEIGHT} a request; ${windows} windows`);
console.log(`${"".padEnd(34)}${"used".padStart(9)}${"429".padStart(7)}${"418".padStart(7)}${"requests/s".padStart(13)}`);
const rows: WindowFigures[] = [];
for (const client of [axiosClient, gotClient, undiciClient, fetchClient].filter(({ name }) => name.includes(given.client))) {
  const row = await fillWindows(client, exits, windows);
  rows.push(row);
  console.log(`${row.client.padEnd(34)}${`${(100 * row.share).toFixed(1)} %`.padStart(9)}${String(row.limited).padStart(7)}${String(row.banned).padStart(7)}${row.perSecond.toFixed(0).padStart(13)}`);
}

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "sockets.json"), `${JSON.stringify({ node: process.version, windowMs: WINDOW_MS, limit: WINDOW_LIMIT, rows }, undefined, 2)}\n`);
}
