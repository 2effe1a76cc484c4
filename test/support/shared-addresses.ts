import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createExitPool } from "@multihome/core";
import { seededRandom, startExchange } from "@multihome/core/testing";
import type { ContractClient } from "./contract-client.ts";
import type { OtherFigures, OtherProgram } from "./other-program.ts";

export interface SharedWorld {
  readonly exits: number;
  readonly windows: number;
  readonly windowMs: number;
  /** Weight of an address in a window. */
  readonly limit: number;
  /** What the other program spends of it. */
  readonly othersShare: number;
}

export interface SharedFigures extends SharedWorld {
  readonly client: string;
  /** Of the weight that the other program left, what was ours. */
  readonly share: number;
  /** Answers with 429 to us, and to the other program. */
  readonly limited: number;
  readonly othersLimited: number;
  /** The same with 418. */
  readonly banned: number;
  readonly othersBanned: number;
  /** How often an address was banned, for what both did. */
  readonly bans: number;
  /** Windows in which we alone sent more than the limit. */
  readonly overByUs: number;
  readonly requests: number;
  readonly others: number;
}

/** Weights of a program that asks for this and that; most are light. */
const WEIGHTS = [1, 2, 2, 2, 5, 5, 10, 20];
const OTHERS_WEIGHT = 5;

/**
 * Requests without a pause through one client from addresses that another process uses as well, against an exchange that
 * limits each address by windows of its own clock. What is ours and what is theirs is told by the path; the judge is the exchange.
 */
export async function shareAddresses(client: ContractClient, world: SharedWorld): Promise<SharedFigures> {
  const { exits, windows, windowMs, limit, othersShare } = world;
  const addresses = Array.from({ length: exits }, (_, index) => `127.0.29.${index + 1}`);
  /** By address and window. */
  const ours = new Map<string, number>();
  const theirs = new Map<string, number>();
  const exchange = await startExchange({
    windowMs,
    limit,
    latencyMs: 4,
    weigh({ address, path, query }) {
      const weight = Number(new URLSearchParams(query ?? "").get("weight"));
      const counts = path === "/other" ? theirs : ours;
      const at = `${address} ${Math.floor(exchange.serverTime() / windowMs)}`;
      counts.set(at, (counts.get(at) ?? 0) + weight);
      return weight;
    },
  });
  const other = fork(fileURLToPath(new URL("other-program.js", import.meta.url)), { stdio: "inherit" });
  const pool = createExitPool({
    exits: { local: addresses },
    // A program that has a backlog: what is left of a window is for whoever is light enough.
    targets: { exchange: { hosts: `127.0.0.1:${exchange.port}`, limits: [{ name: "weight", unit: "weight", limit, per: windowMs, align: "fixed" }], weights: ({ path }) => Number(/weight=(\d+)/.exec(path ?? "")?.[1]) } },
    queue: { timeout: false },
  });
  try {
    await pool.ready();
    other.send({ url: exchange.url, addresses, weight: OTHERS_WEIGHT, perWindow: othersShare * limit, windowMs } satisfies OtherProgram);
    await once(other, "message");
    const sender = client.through(pool);
    const random = seededRandom(1);
    // The window that has begun is nobody's, the next two are for getting to know each other.
    const from = (Math.ceil((exchange.serverTime() + 1) / windowMs) + 2) * windowMs;
    const to = from + windows * windowMs;
    let requests = 0;
    const workers = Array.from({ length: exits * 12 }, async () => {
      while (exchange.serverTime() < to - windowMs / 20) {
        await sender.send(`${exchange.url}/ours?weight=${WEIGHTS[Math.floor(random() * WEIGHTS.length)]}`);
        requests += 1;
      }
    });
    await Promise.race([Promise.all(workers), delay(to - exchange.serverTime(), undefined, { ref: false })]);
    await delay(Math.max(0, to - exchange.serverTime()));

    const figures = once(other, "message") as Promise<[OtherFigures]>;
    other.send("stop");
    const [{ sent: others, limited: othersLimited, banned: othersBanned }] = await figures;
    await pool.close();
    await Promise.allSettled(workers);
    const { limited, banned, bans } = exchange.books().totals;
    const spent = (counts: ReadonlyMap<string, number>): number => {
      let sum = 0;
      for (const [at, weight] of counts) {
        const startsAt = Number(at.split(" ")[1]) * windowMs;
        if (startsAt >= from && startsAt < to) sum += weight;
      }
      return sum;
    };
    return {
      ...world,
      client: client.name,
      share: spent(ours) / (exits * windows * limit - spent(theirs)),
      limited: limited - othersLimited,
      othersLimited,
      banned: banned - othersBanned,
      othersBanned,
      bans,
      overByUs: [...ours.values()].filter((weight) => weight > limit).length,
      requests,
      others,
    };
  } finally {
    other.kill("SIGKILL");
    await pool.close();
    await exchange.close();
  }
}
