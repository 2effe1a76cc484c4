// The documents' policy and the adaptive one beside each other over real sockets: SOCKS5 servers on loopback whose lives, latencies
// and bans follow a simulated world, compressed in time; tasks through axios. npm run bench -- racing-sockets -- --tasks 2000
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { SocksWorld } from "../support/socks-world.ts";
import { runTasks, type SocksWorldFigures } from "../support/socks-world-run.ts";
import { worldNamed } from "../support/world-parameters.ts";

const { values: given } = parseArgs({
  options: {
    world: { type: "string", default: "A" },
    proxies: { type: "string", default: "300" },
    tasks: { type: "string", default: "2000" },
    /** Tasks that are under way at a time, and attempts of them. */
    waiting: { type: "string", default: "300" },
    "in-flight": { type: "string", default: "30" },
    /** How much quicker than in the world. */
    factor: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
  },
});
const factor = Number(given.factor);
const world = { ...worldNamed(given.world), proxies: Number(given.proxies) };
const seed = Number(given.seed);
const options = { tasks: Number(given.tasks), atOnce: Number(given.waiting), inFlight: Number(given["in-flight"]), factor, seed };

// A world each, alike in everything: the two see the same lives, and are not in each other's way.
const policies = ["documents", "adaptive"] as const;
const worlds = policies.map(() => new SocksWorld(world, seed, factor));
for (const one of worlds) await one.start();
const figures = await Promise.all(policies.map((policy, i) => runTasks(worlds[i], policy, options)));
const seen = worlds.map(({ requests }) => requests);
for (const one of worlds) await one.close();

console.log(`${world.proxies} SOCKS5 servers as in world ${world.name}, ${factor} times as quick; ${options.tasks} tasks through axios, ${options.atOnce} at a time, ${options.inFlight} attempts in flight`);
console.log(`${"".padEnd(12)}${["tasks/s", "p50 s", "p99 s", "req/task", "first s", "failed", "hosts saw"].map((head) => head.padStart(11)).join("")}`);
policies.forEach((policy, i) => console.log(`${policy.padEnd(12)}${columns(figures[i]).map((value) => value.padStart(11)).join("")}${String(seen[i]).padStart(11)}`));
console.log(`${"ratio".padEnd(12)}${(figures[1].tasksPerSecond / figures[0].tasksPerSecond).toFixed(2).padStart(11)}`);

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "racing-sockets.json"), `${JSON.stringify({ node: process.version, world, options, figures: Object.fromEntries(policies.map((policy, i) => [policy, figures[i]])) }, undefined, 2)}\n`);
}

function columns({ tasksPerSecond, p50, p99, requestsPerTask, firstSuccess, failed }: SocksWorldFigures): string[] {
  return [tasksPerSecond.toFixed(1), p50.toFixed(2), p99.toFixed(2), requestsPerTask.toFixed(2), firstSuccess.toFixed(2), String(failed)];
}
