// How much of four addresses' budgets is used, and how often they are refused: the pool beside the limiters that programs use
// today, on a simulated exchange that counts as Binance does.
// npm run bench -- budget -- --world clean,shared-bursts --contender multihome --minutes 20 --seeds 3
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { CONTENDERS } from "./budget/contenders.ts";
import { run } from "./budget/run.ts";
import type { WorldOptions, WorldResult } from "./budget/world.ts";

const NEAR: readonly [number, number] = [10, 40];
const WORLDS: readonly WorldOptions[] = [
  { name: "clean", about: "10 to 40 ms one way", delayMs: NEAR },
  { name: "jitter", about: "up to 4 s one way", delayMs: [5, 4_000] },
  { name: "server-3s-ahead", about: "the exchange's clock 3 s ahead", delayMs: NEAR, serverAheadMs: 3_000 },
  { name: "shared-steady", about: "another program spends a fifth, evenly", delayMs: NEAR, others: "steady" },
  { name: "shared-periodic", about: "another program spends a fifth, 200 every ten seconds", delayMs: NEAR, others: "periodic" },
  { name: "shared-bursts", about: "another program spends a fifth, in bursts of 200 at random", delayMs: NEAR, others: "bursts" },
  { name: "shared-on-the-minute", about: "another program spends a fifth in the first seconds of each minute", delayMs: NEAR, others: "on-the-minute" },
  { name: "shared-client", about: "another program spends a fifth, evenly, and only where there is room", delayMs: NEAR, others: "client" },
  { name: "killed", about: "killed and started again six times, remembering nothing", delayMs: NEAR, kills: 6 },
];

const { values: given } = parseArgs({
  options: {
    world: { type: "string", default: "all" },
    contender: { type: "string", default: "all" },
    minutes: { type: "string", default: "20" },
    seeds: { type: "string", default: "1" },
  },
});
const among = <T extends { name: string }>(all: readonly T[], names: string): T[] => all.filter(({ name }) => names === "all" || names.split(",").some((part) => name.includes(part.trim())));
const minutes = Number(given.minutes);

const rows: (WorldResult & { world: string; contender: string; seed: number; seconds: number })[] = [];
for (const world of among(WORLDS, given.world)) {
  console.log(`\n${world.name}: ${world.about}; ${minutes} minutes, 4 addresses of 6000 a minute`);
  console.log("                          used of what was left   429    418   bans   others refused   real seconds");
  for (const contender of among(CONTENDERS, given.contender)) {
    for (let seed = 1; seed <= Number(given.seeds); seed++) {
      const startedAt = process.hrtime.bigint();
      const result = await run(world, contender, minutes, seed);
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
      rows.push({ world: world.name, contender: contender.name, seed, seconds, ...result });
      const share = `${(100 * result.share).toFixed(2)} %`;
      console.log(`  ${contender.name.padEnd(24)}${share.padStart(21)}${String(result.limited).padStart(6)}${String(result.banned).padStart(7)}${String(result.bans).padStart(7)}${String(result.othersRefused).padStart(17)}${seconds.toFixed(1).padStart(15)}`);
    }
  }
}

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "budget.json"), `${JSON.stringify({ node: process.version, minutes, worlds: WORLDS, rows }, undefined, 2)}\n`);
}
