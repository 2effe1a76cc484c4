// One process of a fleet that shares its limits: node ledger-worker.js '{…}'. Reports over IPC when it is done.
import type { IncomingMessage } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { createExitPool } from "@multihome/core";
import { nodeTransport } from "@multihome/core/node-http";
import { redisLedger } from "@multihome/redis-ledger";
import { LIMITS, MET, WEIGHT, type FleetPlan, type WorkerReport } from "./ledger-plan.ts";

const plan = JSON.parse(process.argv[2]) as FleetPlan;
const url = `http://127.0.0.1:${plan.exchangePort}/order`;

const ledger = redisLedger({ url: plan.storeUrl, onUnavailable: plan.onUnavailable });
const modes: string[] = [];
ledger.on("changed", ({ to, fault }) => modes.push(fault === undefined ? to : `${to} (${fault.message})`));
const pool = createExitPool({
  exits: { local: [...plan.exits] },
  ledger,
  queue: { timeout: "120s" },
  targets: {
    exchange: {
      hosts: `127.0.0.1:${plan.exchangePort}`,
      limits: [
        { name: "weight", unit: plan.mute ? "points" : "weight", limit: LIMITS.weight, per: LIMITS.weightMs, align: "fixed" },
        { name: "raw", unit: "request", limit: LIMITS.raw, per: LIMITS.rawMs, align: "fixed" },
        { name: "orders", unit: "order", limit: LIMITS.orders, per: LIMITS.ordersMs, align: "fixed", scope: "account" },
      ],
      account: () => "fleet",
      weights: () => [{ limit: "weight", units: WEIGHT }, { limit: "orders", units: 1 }],
    },
  },
});

const transport = nodeTransport();
let until = 0;
let sent = 0;
let failed = 0;

async function loop(): Promise<void> {
  while (Date.now() < until) {
    try {
      const response: IncomingMessage = await pool.run({ method: "GET", url, headers: { "x-mbx-apikey": "fleet" } }, transport);
      response.resume();
      sent++;
    } catch {
      if (Date.now() < until) failed++;
      await sleep(20);
    }
  }
}

// Starting eight processes takes as long as the machine likes.
await ledger.ready();
while (ledger.status().processes < plan.processes) await sleep(50);
until = await new Promise<number>((resolve) => {
  process.once("message", (ends) => resolve(ends as number));
  process.send?.(MET);
});
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
await Promise.race([Promise.all(Array.from({ length: plan.loops }, loop)), sleep(until - Date.now() + 500)]);
const stoodStillMs = Math.round(delay.max / 1e6);
delay.disable();
const { granted, roundTrips } = ledger.status();
await pool.close();
const report: WorkerReport = { sent, failed, modes, slices: granted.slices, store: granted.store, alone: granted.alone, roundTrips, stoodStillMs };
process.send?.(report, () => process.exit(0));
