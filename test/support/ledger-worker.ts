// One process of a fleet that shares its limits: node ledger-worker.js '{…}'. Reports over IPC when it is done.
import type { IncomingMessage } from "node:http";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { createExitPool, type Charge, type RequestInfo } from "@multihome/core";
import { nodeTransport } from "@multihome/core/node-http";
import { redisLedger } from "@multihome/redis-ledger";
import { HEAVY, ORDERS_MS, type FleetPlan, type WorkerReport } from "./ledger-plan.ts";

const plan = JSON.parse(process.argv[2]) as FleetPlan;
const origin = `http://127.0.0.1:${plan.exchangePort}`;
const { limits } = plan;

const ledger = redisLedger({ url: plan.storeUrl, onUnavailable: plan.onUnavailable });
const modes: string[] = [];
ledger.on("changed", ({ to, fault }) => modes.push(fault === undefined ? to : `${to} (${fault.message})`));
const pool = createExitPool({
  exits: { local: [...plan.exits] },
  ledger,
  queue: { timeout: "120s", capacity: 10_000 },
  targets: {
    exchange: {
      hosts: `127.0.0.1:${plan.exchangePort}`,
      limits: [
        { name: "weight", unit: "weight", limit: limits.weight, per: limits.weightMs, align: "fixed" },
        { name: "raw", unit: "request", limit: limits.raw, per: limits.rawMs, align: "fixed" },
        { name: "orders", unit: "order", limit: limits.orders, per: ORDERS_MS, align: "fixed", scope: "account" },
      ],
      account: () => "fleet",
      weights: ({ url }: RequestInfo): Charge[] => {
        const path = String(url);
        return [{ limit: "weight", units: path.includes("/heavy") ? HEAVY : 0 }, { limit: "orders", units: path.includes("/order") ? 1 : 0 }];
      },
    },
  },
});

const transport = nodeTransport();
let sent = 0;
let failed = 0;

async function send(path: string): Promise<void> {
  try {
    const response: IncomingMessage = await pool.run({ method: "GET", url: origin + path, headers: { "x-mbx-apikey": "fleet" } }, transport);
    response.resume();
    sent++;
  } catch (error) {
    if (Date.now() < plan.until) failed++;
    if (process.env["MULTIHOME_LEDGER_DEBUG"] !== undefined && failed < 4) console.error(path, error);
    await sleep(20);
  }
}

async function loop(path: string): Promise<void> {
  while (Date.now() < plan.until) await send(path);
}

/** Evenly, as polling programs do. */
async function pace(): Promise<void> {
  const began = Date.now();
  for (let i = 0; Date.now() < plan.until; i++) {
    const due = began + ((i + 1) * 1_000) / plan.lightPerSecond;
    void send("/light");
    await sleep(Math.max(0, due - Date.now()));
  }
}

const loops = [pace(), ...Array.from({ length: plan.heavyLoops }, () => loop("/heavy")), ...Array.from({ length: plan.orderLoops }, () => loop("/order"))];
await Promise.race([Promise.all(loops), sleep(plan.until - Date.now() + 500)]);
const { granted, roundTrips } = ledger.status();
await pool.close();
const report: WorkerReport = { sent, failed, modes, slices: granted.slices, store: granted.store, alone: granted.alone, roundTrips };
process.send?.(report, () => process.exit(0));
