// CPU that a request costs more because of the pool: on a no-op transport beside what programs use today, on a mock dispatcher,
// and in axios and got over stubbed connections, each beside its bare self.
// npm run bench -- overhead -- --rounds 15
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { clients } from "./overhead/clients.ts";
import { dispatches } from "./overhead/dispatches.ts";
import { sampleInTurn, tableOf } from "./overhead/sampler.ts";
import type { Contestant, Figure } from "./overhead/sampler.ts";
import { tasks } from "./overhead/tasks.ts";

const { values: given } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const rounds = Number(given.rounds);

const sections: Record<string, readonly Figure[]> = {};
async function measure(title: string, contestants: readonly Contestant[]): Promise<void> {
  const figures = await sampleInTurn(contestants, rounds);
  sections[title] = figures;
  console.log(`${tableOf(title, figures)}\n`);
}

console.log(`CPU in microseconds a request; ${rounds} samples of each, in turn; added: to the lowest of the first line\n`);
const byTask = await tasks();
await measure("a task that does nothing", byTask.contestants);
const run = (size: string): number => sections["a task that does nothing"].find(({ name }) => name === `run, ${size}`)?.lowest ?? Number.NaN;
const growth = run("20,000 exits") / run("250 exits");
console.log(`run over 20,000 exits costs ${growth.toFixed(2)} times what it costs over 250\n`);
const byDispatch = await dispatches();
await measure("a dispatch", byDispatch.contestants);
// Last: from here on every connection of this process is a stub.
const byClient = await clients();
await measure("axios over stubbed connections", byClient.axiosFigures);
await measure("got over stubbed connections", byClient.gotFigures);

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "overhead.json"), `${JSON.stringify({ node: process.version, rounds, growth, sections }, undefined, 2)}\n`);
}
await Promise.all([...byTask.pools, ...byDispatch.pools, ...byClient.pools].map((pool) => pool.close()));
