// Leases that were taken before a ban, over real sockets: what is judged is what the exchange has counted. Whoever goes on although it is
// banned has its ban lengthened, so what a holder sends on such a lease has to be kept from the exchange as everything else is.
import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, Lease } from "@multihome/core";
import { binanceSpot } from "@multihome/core/venues";
import { startExchange, type Exchange } from "@multihome/core/testing";
import { ExitDispatcher } from "@multihome/undici-dispatcher";
import * as undici from "undici";
import { WebSocket } from "ws";
import { codesOf } from "../support/contract-client.ts";
import { axiosClient } from "../support/contract-axios.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const CLIENTS = [axiosClient, gotClient, undiciClient, fetchClient];
const BANNED = "127.0.41.1";
const OTHER = "127.0.41.2";
const LIMIT = 100;

interface Scene {
  readonly exchange: Exchange;
  readonly pool: ExitPool;
  readonly url: string;
  readonly request: { readonly method: string; readonly url: string };
}

async function open(t: TestContext): Promise<Scene> {
  const exchange = await startExchange({ limit: LIMIT, refusalsBeforeBan: 0, banMs: 120_000 });
  t.after(() => exchange.close());
  const limits = [{ name: "minute", unit: "weight", limit: LIMIT, per: "1m" as const, align: "fixed" as const }];
  const pool = createExitPool({ exits: { local: [BANNED, OTHER] }, targets: { exchange: { ...binanceSpot(), hosts: "127.0.0.1", limits } } });
  t.after(() => pool.close({ drain: 0 }));
  await pool.ready();
  const url = `${exchange.url}/api/v3/ping`;
  return { exchange, pool, url, request: { method: "GET", url } };
}

/** Of as many leases as it takes, those of the address that will be banned; the others are given back. */
async function leasesOf(pool: ExitPool, request: Scene["request"], count: number, mode: Lease["mode"] = "ephemeral"): Promise<Lease[]> {
  const all = await Promise.all(Array.from({ length: 2 * count }, () => pool.acquire(request, { mode })));
  for (const lease of all) if (lease.exit.id !== BANNED) lease.release();
  const own = all.filter(({ exit }) => exit.id === BANNED);
  assert.equal(own.length, count);
  return own;
}

/** Another program at the address goes on although it is limited, until the exchange bans it. @returns how many requests that took */
async function banByOthers({ exchange, url }: Scene): Promise<number> {
  for (let sent = 1; ; sent++) {
    // Each time: its window may turn meanwhile.
    exchange.spend(BANNED, LIMIT);
    const [answer] = await once(get(url, { localAddress: BANNED, agent: false }), "response");
    answer.resume();
    if (answer.statusCode === 418) return exchange.books().addresses[BANNED].requests;
    assert.ok(sent < 20, "not banned");
  }
}

async function codesBy(sending: Promise<unknown>): Promise<string[]> {
  try {
    return [`answered ${String((await sending as { status?: number }).status)}`];
  } catch (error) {
    return codesOf(error);
  }
}

function assertBanned(codes: readonly string[]): void {
  assert.ok(codes.includes("MH_ERR_BANNED"), `expected MH_ERR_BANNED, got ${codes.join(", ")}`);
}

for (const client of CLIENTS) {
  test(`${client.name}: on leases that are older than a ban nothing reaches the exchange: neither a first request, nor a second, nor one on a shared lease`, async (t) => {
    const scene = await open(t);
    const { exchange, pool, request, url } = scene;
    const [told, second] = await leasesOf(pool, request, 2);
    const [shared] = await leasesOf(pool, request, 1, "shared");
    const sender = client.through(pool);
    const before = await banByOthers(scene);

    // It is this one that finds out.
    assert.equal((await pool.with({ lease: told }, () => sender.send(url))).status, 418);
    for (const lease of [told, second, shared]) {
      assertBanned(await codesBy(pool.with({ lease }, () => sender.send(url))));
      assertBanned(await codesBy(sender.send(url, { hints: { lease } })));
      assertBanned(await codesBy(pool.with({ lease }, () => sender.send(url, { method: "POST", body: "x" }))));
    }
    // Nor is a new lease on the old one's exit a way around it.
    assertBanned(await codesBy(pool.acquire(request, { hints: { lease: second } })));
    const asked = pool.tryAcquire(request, { hints: { lease: second } });
    assert.ok(!asked.granted && asked.reason === "banned" && asked.retryAfterMs > 100_000);

    assert.equal((await sender.send(url)).status, 200);
    const { addresses } = exchange.books();
    assert.equal(addresses[BANNED].requests, before + 1);
    assert.equal(addresses[BANNED].bans, 1);
    assert.equal(addresses[OTHER].requests, 1);
    for (const lease of [told, second, shared]) lease.release();
    assert.equal(pool.status().inflight, 0);
  });

  test(`${client.name}: what may wait for longer than the ban lasts waits for its end, and is answered then`, async (t) => {
    const { exchange, pool, request, url } = await open(t);
    const [told, second] = await leasesOf(pool, request, 2);
    const sender = client.through(pool);
    let bannedUntil = 0;
    let during = 0;
    exchange.intercept(({ address }) => {
      const now = exchange.serverTime();
      if (address !== BANNED || (bannedUntil > 0 && now >= bannedUntil)) return undefined;
      if (bannedUntil === 0) bannedUntil = now + 1_000;
      else during++;
      return { status: 418, headers: { "retry-after": "1" }, body: "{}" };
    });

    assert.equal((await pool.with({ lease: told }, () => sender.send(url))).status, 418);
    const late = await Promise.all([second, told].map((lease) => pool.with({ lease }, () => sender.send(url))));

    assert.deepEqual(late.map(({ status }) => status), [200, 200]);
    assert.equal(during, 0);
    assert.equal(exchange.books().addresses[BANNED].requests, 3);
    for (const lease of [told, second]) lease.release();
  });

  for (const reserving of [true, false]) {
    test(`${client.name}: the second step of a slot's batch is refused when the first was told of a ban, and the next item has the other exit (${reserving ? "leases that reserve" : "leases that pin"})`, async (t) => {
      const scene = await open(t);
      const { exchange, pool, url, request } = scene;
      const sender = client.through(pool);
      const before = await banByOthers(scene);

      const steps: string[] = [];
      const run = pool.slots([1, 2, 3, 4], async (_item, lease, batch) => {
        const bought = await batch.step("buy", () => sender.send(url));
        steps.push(`buy ${lease.exit.id} ${bought.status}`);
        await batch.step("sell", () => sender.send(url));
        steps.push(`sell ${lease.exit.id}`);
      }, { slots: 1, ...(reserving ? { request: () => request } : {}) });
      const failures: unknown[] = [];
      for await (const { status, reason } of run) if (status === "rejected") failures.push(reason);

      assert.equal(failures.length, 1);
      assertBanned(codesOf(failures[0]));
      assert.equal(steps.filter((step) => step === `buy ${OTHER} 200`).length, 3);
      assert.equal(steps.filter((step) => step === `sell ${OTHER}`).length, 3);
      assert.equal(exchange.books().addresses[BANNED].requests, before + 1);
      assert.equal(exchange.books().addresses[BANNED].bans, 1);
    });
  }
}

test("by the agents of a lease, and by a dispatcher made for one, nothing reaches the exchange while the exit is banned there", async (t) => {
  const scene = await open(t);
  const { exchange, pool, request, url } = scene;
  const [told] = await leasesOf(pool, request, 1);
  const [shared] = await leasesOf(pool, request, 1, "shared");
  const before = await banByOthers(scene);
  const agent = shared.agent.http;

  const [answer] = await once(get(url, { agent: told.agent.http }), "response");
  answer.resume();
  assert.equal(answer.statusCode, 418);
  // The pool does not see what goes this way; its holder tells.
  told.settle({ status: 418, header: (name) => answer.headers[name] as string | undefined });

  for (const lease of [told, shared]) {
    const [error] = await once(get(url, { agent: lease.agent.http }), "error");
    assertBanned(codesOf(error));
    assert.ok(error.retryAfterMs > 100_000);
    assertBanned(await codesBy(undici.request(url, { dispatcher: new ExitDispatcher(pool, { lease }) })));
  }
  const socket = new WebSocket(url.replace("http:", "ws:"), { agent });
  const [failed] = await once(socket, "error");
  assertBanned(codesOf(failed));
  shared.release();
  const [after] = await once(get(url, { agent }), "error");
  assertBanned(codesOf(after));

  assert.equal(exchange.books().addresses[BANNED].requests, before + 1);
  told.release();
  assert.equal(pool.status().inflight, 0);
});

test("the agents of a lease go on to other hosts while its exit is banned at its target", async (t) => {
  const scene = await open(t);
  const { pool, request } = scene;
  const elsewhere = await startExchange();
  t.after(() => elsewhere.close());
  const [lease] = await leasesOf(pool, request, 1);
  lease.settle("banned");
  const [answer] = await once(get(`${elsewhere.url}/api/v3/ping`, { agent: lease.agent.http }), "response");
  answer.resume();
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(Object.keys(elsewhere.books().addresses), [BANNED]);
  lease.release();
});
