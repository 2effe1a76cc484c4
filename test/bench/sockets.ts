// How much of twenty addresses' budgets each client uses over real sockets, and how often it is refused; alone, and beside another
// process on the same addresses.
// npm run bench -- sockets -- --windows 10 --client axios --others 0.2
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { axiosClient } from "../support/contract-axios.ts";
import { fillWindows, REQUEST_WEIGHT, WINDOW_LIMIT, WINDOW_MS } from "../support/contract-exchange.ts";
import type { WindowFigures } from "../support/contract-exchange.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";
import { shareAddresses } from "../support/shared-addresses.ts";
import type { SharedFigures } from "../support/shared-addresses.ts";

/** Weight of an address in a window that is shared: some 3,000 requests a window over twenty addresses. */
const SHARED_LIMIT = 1_000;

const { values: given } = parseArgs({
  options: {
    windows: { type: "string", default: "10" },
    exits: { type: "string", default: "20" },
    client: { type: "string", default: "" },
    /** What another process spends of each address, as a share; 0: only the figures without. */
    others: { type: "string", default: "0.2" },
    /** Of the part beside another process. */
    "shared-window": { type: "string", default: "10000" },
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

const othersShare = Number(given.others);
const shared: SharedFigures[] = [];
if (othersShare > 0) {
  const windowMs = Number(given["shared-window"]);
  console.log(`\n${exits} exits, windows of ${windowMs / 1_000} s, ${SHARED_LIMIT} weight each, of which another process spends ${100 * othersShare} %; requests of 1 to 20; ${windows} windows`);
  console.log(`${"".padEnd(34)}${"used of what was left".padStart(23)}${"429".padStart(7)}${"418".padStart(7)}${"others' 429".padStart(13)}${"418".padStart(7)}${"bans".padStart(7)}${"over by us".padStart(12)}`);
  for (const client of [undiciClient, axiosClient, gotClient, fetchClient].filter(({ name }) => (given.client === "" ? name === undiciClient.name : name.includes(given.client)))) {
    const row = await shareAddresses(client, { exits, windows, windowMs, limit: SHARED_LIMIT, othersShare });
    shared.push(row);
    console.log(`${row.client.padEnd(34)}${`${(100 * row.share).toFixed(1)} %`.padStart(23)}${String(row.limited).padStart(7)}${String(row.banned).padStart(7)}${String(row.othersLimited).padStart(13)}${String(row.othersBanned).padStart(7)}${String(row.bans).padStart(7)}${String(row.overByUs).padStart(12)}`);
  }
}

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "sockets.json"), `${JSON.stringify({ node: process.version, windowMs: WINDOW_MS, limit: WINDOW_LIMIT, rows, shared }, undefined, 2)}\n`);
}
