// node https-proxy-run.js <proxy> <file with a CA> <url…>: sends a GET to each URL through the proxy with each client, and
// prints their statuses as JSON. A program of its own, because Node reads NODE_EXTRA_CA_CERTS when it starts.
import { readFileSync } from "node:fs";
import process from "node:process";
import { createExitPool } from "@multihome/core";
import { axiosClient } from "./contract-axios.ts";
import { gotClient } from "./contract-got.ts";
import { fetchClient, undiciClient } from "./contract-undici.ts";

const [proxy, caFile, ...urls] = process.argv.slice(2);
const ca = readFileSync(caFile, "utf8");
const statuses: Record<string, number[]> = {};
for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  const pool = createExitPool({ exits: { proxies: [proxy], agentOptions: () => ({ ca }) }, defaults: { spacing: 0, race: { mode: "off" } } });
  const sender = client.through(pool);
  statuses[client.name] = [];
  for (const url of urls) statuses[client.name].push((await sender.send(url)).status);
  await pool.close();
}
console.log(JSON.stringify(statuses));
