// Saving and restoring what is known of 20,000 exits at ten targets, every cell in use, and reading the list of 20,000 proxies.
// Each figure is the middle one of several runs; "first" is the first, by code that is not compiled yet, as it is at a start.
// npm run bench -- state
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { performance } from "node:perf_hooks";

const core = import.meta.resolve("@multihome/core");
const room = (file: string): string => new URL(file, core).href;
const { ExitTable } = (await import(room("exits/exit-table.js"))) as typeof import("../../packages/core/src/exits/exit-table.ts");
const { readProxies, proxyExit } = (await import(room("exits/proxy-exits.js"))) as typeof import("../../packages/core/src/exits/proxy-exits.ts");
const { PoolHealth } = (await import(room("health/pool-health.js"))) as typeof import("../../packages/core/src/health/pool-health.ts");
const { Traffic } = (await import(room("health/traffic.js"))) as typeof import("../../packages/core/src/health/traffic.ts");
const { Engine } = (await import(room("race/engine.js"))) as typeof import("../../packages/core/src/race/engine.ts");
const { Targets } = (await import(room("race/targets.js"))) as typeof import("../../packages/core/src/race/targets.ts");
const { engineRules, healthRules } = (await import(room("settings.js"))) as typeof import("../../packages/core/src/settings.ts");
const { PoolState } = (await import(room("state/pool-state.js"))) as typeof import("../../packages/core/src/state/pool-state.ts");
const { systemClock } = (await import(room("time/clock.js"))) as typeof import("../../packages/core/src/time/clock.ts");

const EXITS = 20_000;
const TARGETS = 10;
const RUNS = 15;
const TARGET_OPTIONS = { targets: Object.fromEntries(Array.from({ length: TARGETS }, (_, i) => [`host-${i}.example`, {}])) };
type Strategy = "score" | "adaptive";

const lines = Array.from({ length: EXITS }, (_, i) => `socks5://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1080`);

function rooms(strategy: Strategy): { state: InstanceType<typeof PoolState>; targets: InstanceType<typeof Targets>; health: InstanceType<typeof PoolHealth> } {
  const options = { ...TARGET_OPTIONS, exits: { strategy } };
  const table = new ExitTable();
  for (const proxy of readProxies(lines).proxies) table.add(proxyExit(proxy), proxy.id);
  const health = new PoolHealth(table, healthRules(options));
  const agentsOf = (): never => {
    throw new Error("Nothing is sent here.");
  };
  const engine = new Engine({ clock: systemClock, table, health, traffic: new Traffic(), rules: engineRules(options), agentsOf, warn: () => {} });
  const targets = new Targets(engine, table, options, Math.random);
  return { health, targets, state: new PoolState({ clock: systemClock, table, health, targets }) };
}

interface Run {
  readonly ms: number;
  /** Of the processor: what it takes when nobody else wants it. */
  readonly cpuMs: number;
  readonly blockMs: number;
}

function cpuMs(since?: NodeJS.CpuUsage): { usage: NodeJS.CpuUsage; ms: number } {
  const usage = process.cpuUsage(since);
  return { usage, ms: (usage.user + usage.system) / 1_000 };
}

/** How long it takes, and for how long nobody else had a turn. */
async function watched<T>(work: () => Promise<T>): Promise<Run & { value: T }> {
  let last = performance.now();
  let blockMs = 0;
  let over = false;
  const turn = (): void => {
    const now = performance.now();
    blockMs = Math.max(blockMs, now - last);
    last = now;
    if (!over) setImmediate(turn);
  };
  await new Promise((resolve) => setImmediate(resolve));
  setImmediate(turn);
  last = performance.now();
  const begun = last;
  const cpu = cpuMs();
  const value = await work();
  const ms = performance.now() - begun;
  const used = cpuMs(cpu.usage).ms;
  over = true;
  await new Promise((resolve) => setImmediate(resolve));
  return { value, ms, cpuMs: used, blockMs };
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
const rows: { what: string; firstMs: number; ms: number; cpuMs: number; blockMs: number }[] = [];
function note(what: string, runs: readonly Run[]): void {
  rows.push({ what, firstMs: runs[0].ms, ms: middle(runs.map(({ ms }) => ms)), cpuMs: middle(runs.map((run) => run.cpuMs)), blockMs: middle(runs.map(({ blockMs }) => blockMs)) });
}

const lists: Run[] = [];
for (let run = 0; run < RUNS; run++) {
  const cpu = cpuMs();
  const begun = performance.now();
  const { proxies } = readProxies(lines);
  const ms = performance.now() - begun;
  const used = cpuMs(cpu.usage).ms;
  if (proxies.length !== EXITS) throw new Error("A proxy is missing.");
  lists.push({ ms, cpuMs: used, blockMs: ms });
}
note("list of 20,000 proxies read", lists);

/** A pool with an outcome in every cell, and under "adaptive" a belief of every pair. */
function used(strategy: Strategy): ReturnType<typeof rooms> & { now: number } {
  const pool = rooms(strategy);
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const now = systemClock.now();
  for (const { health } of pool.targets) {
    const { beliefs } = health;
    beliefs.pool.moment(pool.health.epoch.tick(now));
    for (let exit = 0; exit < EXITS; exit++) {
      const share = random() * 0.8;
      for (let i = 0; i < 12; i++) {
        const tookMs = 200 + random() * 4_000;
        const good = random() < share;
        health.started(exit);
        health.ended(exit, good ? "success" : "exit-error", tookMs, now + i);
        if (strategy !== "adaptive") continue;
        beliefs.started(exit);
        if (good) beliefs.succeeded(exit, tookMs);
        else beliefs.failed(exit, "refused", tookMs, false);
      }
    }
  }
  return { ...pool, now };
}

const bytes: Record<Strategy, number> = { score: 0, adaptive: 0 };
async function savedAndRestored(strategy: Strategy): Promise<ReturnType<typeof used>> {
  const first = used(strategy);
  const saves: (Run & { value: string })[] = [];
  for (let run = 0; run < RUNS; run++) saves.push(await watched(() => first.state.take(false)));
  note(`${strategy}: saved`, saves);
  const text = saves[0].value;
  bytes[strategy] = text.length;
  const restores: Run[] = [];
  for (let run = 0; run < RUNS; run++) {
    const next = rooms(strategy);
    restores.push(await watched(async () => {
      const applied = await next.state.apply(text);
      if (applied.kind === "bad" || applied.exits !== EXITS || applied.left > 0) throw new Error("It was not restored.");
    }));
    if (run > 0) continue;
    const [target] = next.targets;
    const begun = performance.now();
    const cpu = cpuMs();
    if (target.desk.choose(undefined, systemClock.now(), [], true) < 0) throw new Error("There is no exit.");
    const ms = performance.now() - begun;
    note(`${strategy}: the first exit chosen at a host afterwards`, [{ ms, cpuMs: cpuMs(cpu.usage).ms, blockMs: ms }]);
  }
  note(`${strategy}: restored`, restores);
  return first;
}

const first = await savedAndRestored("score");
await savedAndRestored("adaptive");

// What is usual: one object a cell, as JSON, written and read in one go.
const plain = Object.fromEntries(lines.map((id, exit) => [id, Object.fromEntries([...first.targets].map(({ name, health }) => [name, health.of(exit, first.now)]))]));
const usual: Run[] = [];
let plainText = "";
for (let run = 0; run < 3; run++) {
  const cpu = cpuMs();
  const begun = performance.now();
  plainText = JSON.stringify(plain);
  const ms = performance.now() - begun;
  usual.push({ ms, cpuMs: cpuMs(cpu.usage).ms, blockMs: ms });
}
note("an object a cell as JSON, for comparison: saved", usual);

console.log(`${EXITS} exits × ${TARGETS} targets, every cell with 12 outcomes`);
for (const { what, firstMs, ms, cpuMs: cpu, blockMs } of rows) console.log(`  ${what.padEnd(50)}${ms.toFixed(1).padStart(8)} ms   cpu ${cpu.toFixed(1).padStart(7)} ms   first ${firstMs.toFixed(1).padStart(7)} ms   longest block ${blockMs.toFixed(1).padStart(7)} ms`);
console.log(`  ${"size of the file".padEnd(50)}${(bytes.score / 1e6).toFixed(2).padStart(8)} MB   with beliefs ${(bytes.adaptive / 1e6).toFixed(2)} MB   as JSON ${(plainText.length / 1e6).toFixed(1)} MB`);

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "state.json"), `${JSON.stringify({ node: process.version, exits: EXITS, targets: TARGETS, rows, bytes, jsonBytes: plainText.length }, undefined, 2)}\n`);
}
