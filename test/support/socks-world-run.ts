import { performance } from "node:perf_hooks";
import axios from "axios";
import { axiosAdapter } from "@multihome/axios-adapter";
import { createExitPool, type ExitPoolOptions } from "@multihome/core";
import { seededRandom } from "@multihome/core/testing";
import { type SocksWorld, WORLD_HOSTS } from "./socks-world.ts";
import { ATTEMPT_MS, SPACING_MS } from "./world-parameters.ts";

export interface SocksWorldFigures {
  readonly tasks: number;
  readonly failed: number;
  readonly seconds: number;
  readonly tasksPerSecond: number;
  /** Of a task, from its call to its answer, in seconds of the clock on the wall. */
  readonly p50: number;
  readonly p99: number;
  readonly requestsPerTask: number;
  readonly firstSuccess: number;
}

/** Policies as a user turns them on. */
export const POLICIES: Readonly<Record<"documents" | "adaptive", ExitPoolOptions>> = {
  documents: { exits: { strategy: "score" }, defaults: { race: { mode: "race", width: 3 } } },
  adaptive: {},
};

/** So many axios calls, so many of them at a time, through the proxies of a world. */
export async function runTasks(world: SocksWorld, policy: keyof typeof POLICIES, options: { tasks: number; atOnce: number; inFlight: number; factor: number; seed: number }): Promise<SocksWorldFigures> {
  const { tasks, atOnce, inFlight, factor, seed } = options;
  const given = POLICIES[policy];
  const pool = createExitPool({
    maxInFlight: inFlight,
    attemptTimeout: ATTEMPT_MS / factor,
    queue: { capacity: Infinity, maxAttempts: Infinity, timeout: false, onOpen: "queue" },
    summaryEvery: false,
    random: seededRandom(seed),
    ...given,
    exits: { ...given.exits, proxies: world.urls },
    defaults: { spacing: SPACING_MS / factor, ...given.defaults },
  });
  let leases = 0;
  pool.on("multihome:lease.acquired", () => void leases++);
  await pool.ready();
  const client = axios.create({ adapter: axiosAdapter(pool), proxy: false });
  const took: number[] = [];
  let failed = 0;
  let next = 0;
  let firstAt = Infinity;
  const begunAt = performance.now();
  const worker = async (): Promise<void> => {
    while (next < tasks) {
      const number = next++;
      const calledAt = performance.now();
      try {
        const { status } = await client.get<string>(`http://${WORLD_HOSTS[number % WORLD_HOSTS.length]}/${number}`);
        if (status !== 200) failed++;
      } catch {
        failed++;
      }
      const now = performance.now();
      firstAt = Math.min(firstAt, now);
      took.push(now - calledAt);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, tasks) }, worker));
  const seconds = (performance.now() - begunAt) / 1_000;
  await pool.close();
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(share * took.length))] / 1_000;
  return { tasks, failed, seconds, tasksPerSecond: tasks / seconds, p50: at(0.5), p99: at(0.99), requestsPerTask: leases / tasks, firstSuccess: (firstAt - begunAt) / 1_000 };
}
