// Leaks. CI sends a few thousand requests through each client; MULTIHOME_SOAK_REQUESTS=100000 MULTIHOME_SOAK_AT_ONCE=96 and --expose-gc say more.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { axiosClient } from "../support/contract-axios.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";
import { soak } from "./soak.ts";

const REQUESTS = Number(process.env["MULTIHOME_SOAK_REQUESTS"] ?? 1_500);
const SEED = Number(process.env["MULTIHOME_SOAK_SEED"] ?? Date.now() % 1_000_000);

const escaped: unknown[] = [];
process.on("unhandledRejection", (reason) => escaped.push(reason));
process.on("uncaughtExceptionMonitor", (error) => escaped.push(error));
process.on("warning", (warning) => {
  if (warning.name === "MaxListenersExceededWarning") escaped.push(warning);
});

for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  test(`${client.name}: of ${REQUESTS} requests with aborts, timeouts and faults nothing is left (seed ${SEED})`, async (t) => {
    const figures = await soak(client, REQUESTS, SEED);

    t.diagnostic(JSON.stringify(figures));
    assert.ok(figures.answered > 0 && figures.failed > 0 && figures.aborted > 0 && figures.timedOut > 0, JSON.stringify(figures));
    assert.deepEqual(escaped.splice(0), []);
  });
}
