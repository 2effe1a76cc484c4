// Policies for choosing proxies, beside each other in simulated worlds: the real core, references that it is measured by, and
// bounds. npm run bench -- racing -- --world A,B --seeds 3 --policies core:score,core:adaptive,doc,oracle --open 5,20
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { Arena, type Figures, type Load } from "./racing/arena.ts";
import { contestantNamed } from "./racing/contestants.ts";
import { meanOf, tableOf, type Row } from "./racing/report.ts";
import { WORLDS, worldNamed } from "../support/world-parameters.ts";

const { values: given } = parseArgs({
  options: {
    /** Names, or "all". */
    world: { type: "string", default: "A,B" },
    /** How many seeds from 1 on, or a list of them: "3", "101,102", "7," for the seed 7 alone. */
    seeds: { type: "string", default: "1" },
    policies: { type: "string", default: "core:score,core:adaptive,doc,adaptive-ref,random,round-robin,oracle" },
    /** Tasks per second of open loops; "" for none. */
    open: { type: "string", default: "" },
    /** Tasks that are always there in the closed loop; 0 for none. */
    closed: { type: "string", default: "1000" },
  },
});

const worlds = given.world === "all" ? WORLDS : list(given.world).map(worldNamed);
const seeds = given.seeds.includes(",") ? list(given.seeds).map(Number) : Array.from({ length: Number(given.seeds) }, (_, index) => index + 1);
const policies = list(given.policies).map((name) => ({ name, make: contestantNamed(name) }));
const loads: Load[] = [...(Number(given.closed) > 0 ? [{ kind: "closed", tasks: Number(given.closed) } as const] : []), ...list(given.open).map((rate): Load => ({ kind: "open", perSecond: Number(rate) }))];
if (seeds.length === 0 || seeds.some((seed) => !Number.isSafeInteger(seed))) throw new RangeError(`Expected \`--seeds\` to be a number of seeds or a list of whole numbers, got \`${given.seeds}\`.`);

const rows: Row[] = [];
for (const world of worlds) {
  for (const load of loads) {
    const name = load.kind === "closed" ? `${load.tasks} tasks waiting` : `${load.perSecond} tasks/s`;
    const of: Row[] = [];
    for (const policy of policies) {
      const runs: Figures[] = [];
      for (const seed of seeds) runs.push(await new Arena(world, load, seed).run(policy.make));
      of.push({ world: world.name, load: name, policy: policy.name, seeds, runs });
    }
    console.log(`\nworld ${world.name}, ${name} (${world.about}; seeds ${seeds.join(", ")})`);
    console.log(tableOf(of, load.kind === "open"));
    rows.push(...of);
  }
}

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  const told = rows.map((row) => ({ ...row, mean: meanOf(row.runs) }));
  writeFileSync(path.join(results, "racing.json"), `${JSON.stringify({ node: process.version, worlds, rows: told }, undefined, 2)}\n`);
}

function list(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}
