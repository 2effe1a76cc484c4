// How much of four addresses' budgets is used, and how often they are refused: the pool beside the limiters that programs use
// today, on a simulated exchange that counts as Binance does.
// npm run bench -- budget -- --world clean,shared-bursts --contender multihome --minutes 20 --seeds 3 --cap 60
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { CONTENDERS, OURS } from "./budget/contenders.ts";
import { run, type RunResult } from "./budget/run.ts";
import type { WorldOptions } from "./budget/world.ts";

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
  { name: "restarted", about: "closed and started again six times, with a state file", delayMs: NEAR, kills: 6, orderly: true },
];

const { values: given } = parseArgs({
  options: {
    world: { type: "string", default: "all" },
    contender: { type: "string", default: "all" },
    minutes: { type: "string", default: "20" },
    seeds: { type: "string", default: "1" },
    /** Seconds of processor time that one contender may take for one world. */
    cap: { type: "string", default: "120" },
  },
});
const among = <T extends { name: string }>(all: readonly T[], names: string): T[] => all.filter(({ name }) => names === "all" || names.split(",").some((part) => name.includes(part.trim())));
const minutes = Number(given.minutes);

type Row = RunResult & { world: string; contender: string; seed: number; seconds: number };
const rows: Row[] = [];
for (const world of among(WORLDS, given.world)) {
  console.log(`\n${world.name}: ${world.about}; ${minutes} minutes, 4 addresses of 6000 a minute`);
  console.log("                          used of what was left   to ours     429    418   bans   others refused   real seconds");
  let ours: number | undefined;
  for (const contender of among(CONTENDERS, given.contender)) {
    for (let seed = 1; seed <= Number(given.seeds); seed++) {
      const startedAt = process.hrtime.bigint();
      const result = await run(world, contender, minutes, seed, Number(given.cap));
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
      rows.push({ world: world.name, contender: contender.name, seed, seconds, ...result });
      const { share, limited, banned, bans, othersRefused, cut } = result;
      if (contender === OURS) ours ??= share;
      const figures = [
        contender.name.padEnd(24),
        `${(100 * share).toFixed(2)} %`.padStart(21),
        (ours === undefined ? "" : `x ${(share / ours).toFixed(2)}`).padStart(10),
        String(limited).padStart(8),
        String(banned).padStart(7),
        String(bans).padStart(7),
        String(othersRefused).padStart(17),
        seconds.toFixed(1).padStart(15),
      ];
      console.log(`  ${figures.join("")}${cut ? "  cut: took too long" : ""}`);
    }
  }
}

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  const shareOf = (name: string, world: string): number => mean(rows.filter((row) => row.contender === name && row.world === world).map(({ share }) => share));
  const ratios = among(WORLDS, given.world).map(({ name }) => ({ world: name, toOurs: Object.fromEntries(CONTENDERS.filter(({ name: who }) => who !== OURS.name).map(({ name: who }) => [who, shareOf(who, name) / shareOf(OURS.name, name)])) }));
  writeFileSync(path.join(results, "budget.json"), `${JSON.stringify({ node: process.version, minutes, worlds: WORLDS, rows, ratios }, undefined, 2)}\n`);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
