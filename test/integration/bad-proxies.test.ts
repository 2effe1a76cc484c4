import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { createExitPool } from "@multihome/core";
import type { Classify, ExitPool } from "@multihome/core";
import { createTestCertificate, startHttpServer } from "@multihome/core/testing";
import type { HttpServer } from "@multihome/core/testing";
import { FAULTS, startFarm } from "../support/bad-proxies.ts";
import { axiosClient } from "../support/contract-axios.ts";
import type { Answer, ContractClient } from "../support/contract-client.ts";
import { gotClient } from "../support/contract-got.ts";
import { eventually } from "../support/contract-room.ts";
import { undiciClient } from "../support/contract-undici.ts";

const TASKS = Number(process.env["MULTIHOME_TEST_TASKS"] ?? 2_000);
const PROXIES = Number(process.env["MULTIHOME_TEST_PROXIES"] ?? 200);
const WORKING = Math.round(PROXIES * 0.3);
const DEADLINE_MS = 100_000;
/** A machine that does other things has to be given time to say so. */
const SLACK_MS = 10_000;
/** More than any `cut` lets through. */
const FILLING = "x".repeat(6_000);

/** Who reads plain http through strangers has to know its own answers: a forged one is as good as any other to SOCKS. */
const OWN_ANSWERS: Classify = { body: "full", judge: ({ status, body }) => (status === 200 && !Buffer.from(body ?? []).toString().startsWith('{"task"') ? "blocked" : undefined) };

interface Settled {
  readonly afterMs: number;
  readonly answer?: Answer;
  readonly error?: unknown;
}

describe(`${TASKS} tasks over three hosts through ${PROXIES} proxies of which ${WORKING} work, with`, () => {
  for (const client of [axiosClient, gotClient, undiciClient]) {
    test(client.name, async (t) => {
      assert.ok(PROXIES - WORKING >= FAULTS.length, "every fault has its proxy");
      const before = openHere();
      const certificate = createTestCertificate({ hosts: ["c.test"] });
      const answering = { a: await startHttpServer(answer), b: await startHttpServer(answer), c: await startHttpServer(answer, { tls: certificate }) };
      const servers = Object.values(answering);
      const farm = await startFarm({ size: PROXIES, working: WORKING, hosts: { "a.test": "127.0.0.1", "b.test": "127.0.0.1", "c.test": "127.0.0.1" } });
      t.after(async () => {
        for (const server of servers) await server.close();
        await farm.close();
      });
      const pool = createExitPool({
        exits: { proxies: [...farm.urls], strategy: "score", agentOptions: () => ({ ca: certificate.ca }) },
        targets: {
          a: { hosts: "a.test", classify: OWN_ANSWERS, spacing: "50ms", race: { mode: "race", width: 3 } },
          b: { hosts: "b.test", classify: OWN_ANSWERS, spacing: "50ms", race: { mode: "hedge", width: 3, delay: "300ms" } },
          c: { hosts: "c.test", spacing: "50ms", race: { mode: "race", width: 2 } },
        },
        connectTimeout: "4s",
        attemptTimeout: "4s",
        queue: { timeout: DEADLINE_MS, maxAttempts: 10 },
        summaryEvery: false,
      });
      t.after(() => pool.close());
      await pool.ready();
      const books = keepBooks(pool);

      const settled = await sendAll(client, pool, answering);
      assert.ok(Math.max(...settled.map(({ afterMs }) => afterMs)) <= DEADLINE_MS + SLACK_MS, `the last was settled after ${Math.max(...settled.map(({ afterMs }) => afterMs))} ms`);
      const failed = settled.filter(({ answer }) => answer?.status !== 200);
      t.diagnostic(`${failed.length} of ${TASKS} failed`);
      assert.ok(failed.length <= TASKS * 0.01, `${failed.length} failed: ${[...new Set(failed.map(({ error, answer }) => String(error ?? answer?.status)))].slice(0, 5).join("; ")}`);
      for (const [index, { answer }] of settled.entries()) if (answer?.status === 200) assertAnswer(answer, index, farm.egressOf.get(books.exits.get(index)?.split("#")[0] ?? ""));

      await eventually(() => pool.status().inflight === 0, () => `${pool.status().inflight} leases are out`);
      assert.deepEqual({ tasks: books.settled.size, twice: books.twice, out: books.leasesOut }, { tasks: TASKS, twice: 0, out: 0 });
      const { pending, completed, failed: given } = pool.status().tasks;
      assert.deepEqual({ pending, ended: completed + given }, { pending: 0, ended: TASKS });

      await pool.close();
      await eventually(() => servers.every(({ sockets, live }) => sockets === 0 && live === 0), () => `the targets have ${servers.map(({ sockets }) => sockets).join(", ")} sockets`);
      await eventually(() => Object.keys(farm.open).length === 0, () => `the proxies have connections: ${JSON.stringify(farm.open)}`);
      for (const server of servers) await server.close();
      await farm.close();
      await eventually(() => JSON.stringify(openHere()) === JSON.stringify(before), () => `this process has ${JSON.stringify(openHere())} open, and had ${JSON.stringify(before)}`);
    });
  }
});

function answer(_request: unknown, response: { end(text: string): void }, { address, url }: { address: string; url: string }): void {
  response.end(JSON.stringify({ task: Number(url.split("/")[2]), address, filling: FILLING }));
}

async function sendAll(client: ContractClient, pool: ExitPool, { a, b, c }: Readonly<Record<"a" | "b" | "c", HttpServer>>): Promise<Settled[]> {
  const sender = client.through(pool);
  const urls = [`http://a.test:${a.port}`, `http://b.test:${b.port}`, `https://c.test:${c.port}`];
  return Promise.all(
    Array.from({ length: TASKS }, async (_, task): Promise<Settled> => {
      const startedAt = performance.now();
      try {
        const answer = await sender.send(`${urls[task % 3]}/task/${task}`, { hints: { batchId: String(task) } });
        return { afterMs: performance.now() - startedAt, answer };
      } catch (error) {
        return { afterMs: performance.now() - startedAt, error };
      }
    }),
  );
}

/** Its own task's, whole, and the target saw the exit that was leased. */
function assertAnswer({ text }: Answer, index: number, egress: string | undefined): void {
  const { task, address, filling } = JSON.parse(text) as { task: number; address: string; filling: string };
  assert.deepEqual({ task, address, length: filling.length }, { task: index, address: egress, length: FILLING.length });
}

function keepBooks(pool: ExitPool): { settled: Set<string>; twice: number; leasesOut: number; exits: Map<number, string> } {
  const books = { settled: new Set<string>(), twice: 0, leasesOut: 0, exits: new Map<number, string>() };
  pool.on("multihome:task.settled", (message: { task: string; batchId: string | undefined; exit: string | undefined }) => {
    if (books.settled.has(message.task)) books.twice++;
    books.settled.add(message.task);
    if (message.exit !== undefined) books.exits.set(Number(message.batchId), message.exit);
  });
  pool.on("multihome:lease.acquired", () => books.leasesOut++);
  pool.on("multihome:lease.settled", () => books.leasesOut--);
  return books;
}

/** What keeps this process alive, by kind: sockets of both sides, timers. */
function openHere(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout|DNS/i.test(name)).sort()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
