// What the state of 20,000 exits at ten targets weighs, every cell in use, and what an exit weighs that is known but idle.
// npm run bench -- memory
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const core = import.meta.resolve("@multihome/core");
const room = (file: string): string => new URL(file, core).href;
const { PoolHealth } = (await import(room("health/pool-health.js"))) as typeof import("../../packages/core/src/health/pool-health.ts");
const { ScoreOrder } = (await import(room("lease/score-order.js"))) as typeof import("../../packages/core/src/lease/score-order.ts");
const { WorthOrder } = (await import(room("lease/worth-order.js"))) as typeof import("../../packages/core/src/lease/worth-order.ts");
const { Explorer } = (await import(room("lease/explorer.js"))) as typeof import("../../packages/core/src/lease/explorer.ts");
const { Places, READY } = (await import(room("lease/places.js"))) as typeof import("../../packages/core/src/lease/places.ts");
const { proxyExit, readProxies } = (await import(room("exits/proxy-exits.js"))) as typeof import("../../packages/core/src/exits/proxy-exits.ts");
const { ExitTable } = (await import(room("exits/exit-table.js"))) as typeof import("../../packages/core/src/exits/exit-table.ts");

const EXITS = 20_000;
const TARGETS = 10;
const CELLS = EXITS * TARGETS;

const collect = globalThis.gc ?? ((): never => {
  throw new Error("Run with --expose-gc.");
});

/** Typed arrays live outside the heap. `arrayBuffers` is a part of `external`. */
function held(): number {
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const kept: unknown[] = [];
/** Bytes that what `make` returns takes. */
function weigh(make: () => unknown): number {
  const before = held();
  kept.push(make());
  return held() - before;
}

// What the user has given weighs too, and is his. Parsed, so that no line is still a chain of the parts that it was made of.
const lines = JSON.parse(JSON.stringify(Array.from({ length: EXITS }, (_, i) => `socks5://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1080`))) as string[];

function tableOf(given: readonly string[]): InstanceType<typeof ExitTable> {
  const made = new ExitTable();
  for (const named of readProxies(given).proxies) made.add(proxyExit(named), named.id);
  return made;
}

// First runs compile code, and that weighs too.
tableOf(lines.slice(0, 1_000));
held();

let table = new ExitTable();
const known = weigh(() => (table = tableOf(lines)));

const pool = new PoolHealth(table);
const targets = Array.from({ length: TARGETS }, () => pool.target());
const cells = weigh(() => {
  for (const target of targets) {
    for (let exit = 0; exit < EXITS; exit++) {
      target.started(exit);
      target.ended(exit, (exit * 7) % 10 < 4 ? "success" : "exit-error", 900, exit);
    }
  }
  return pool;
});
const orders = weigh(() =>
  targets.map((target) => {
    const order = new ScoreOrder(target, pool.records.changes, Math.random, { exits: EXITS });
    for (let exit = 0; exit < EXITS; exit++) order.add(exit, false);
    return order;
  }),
);
// What the adaptive policy knows of every exit at every target, and its order; with it there is none by score.
pool.beliefs.moment(pool.epoch.tick(EXITS));
const beliefs = weigh(() => {
  for (const target of targets) {
    for (let exit = 0; exit < EXITS; exit++) {
      target.beliefs.started(exit);
      if ((exit * 7) % 10 < 4) target.beliefs.succeeded(exit, 900);
      else target.beliefs.failed(exit, "refused", 900, false);
    }
  }
  const explorer = new Explorer(pool.beliefs, Math.random);
  explorer.meet(table);
  return explorer;
});
const worth = weigh(() =>
  targets.map((target) => {
    const order = new WorthOrder(target.beliefs, pool.beliefs.changes, Math.log(8_000), EXITS);
    for (let exit = 0; exit < EXITS; exit++) order.add(exit);
    return order;
  }),
);
const places = weigh(() =>
  targets.map(() => {
    const all = new Places();
    for (let exit = 0; exit < EXITS; exit++) all.set(exit, READY);
    return all;
  }),
);
const nested = weigh(() => {
  const byTarget = new Map<string, Map<string, object>>();
  for (let target = 0; target < TARGETS; target++) {
    const byExit = new Map<string, object>();
    for (let exit = 0; exit < EXITS; exit++) {
      const outcomes = Array.from({ length: 30 }, (_, i) => (exit + i) % 3 === 0);
      byExit.set(`socks5://10.${exit >> 16}.${(exit >> 8) & 255}.${exit & 255}:1080`, { success: 10, fail: 20, outcomes, latencyMs: 900.5, lastSuccess: 1e12 + exit, consecutiveFails: 2, cooldownUntil: 1e12 + exit, usedAt: 1e12 });
    }
    byTarget.set(`host-${target}.example`, byExit);
  }
  return byTarget;
});

const rows = [
  { what: "cells and records of the exits (health)", bytes: cells },
  { what: "order by score", bytes: orders },
  { what: "places at the desks", bytes: places },
  { what: "all three: the documents' policy", bytes: cells + orders + places },
  { what: "beliefs about exits and hosts, the sweep", bytes: beliefs },
  { what: "order by worth", bytes: worth },
  { what: "with these: the adaptive policy", bytes: cells + beliefs + worth + places },
  { what: "nested Maps, for comparison", bytes: nested },
];
console.log(`${EXITS} exits × ${TARGETS} targets, every cell in use`);
for (const { what, bytes } of rows) console.log(`  ${what.padEnd(42)}${(bytes / 1e6).toFixed(2).padStart(8)} MB${(bytes / CELLS).toFixed(1).padStart(8)} bytes a cell`);
console.log(`  ${"an exit that is known but idle".padEnd(42)}${(known / EXITS).toFixed(0).padStart(8)} bytes`);

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "memory.json"), `${JSON.stringify({ node: process.version, exits: EXITS, targets: TARGETS, rows, idleExitBytes: known / EXITS, kept: kept.length }, undefined, 2)}\n`);
}
