import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noRedis, RedisServer } from "@multihome/core/testing";
import type { Reservation } from "@multihome/core";
import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { redisLedger, type GivenClient } from "../src/index.ts";
import { counter, take, takeMany } from "./support/counters.ts";

interface Connected {
  readonly client: GivenClient;
  isOpen(): boolean;
  end(): Promise<unknown>;
}

const CLIENTS: Record<string, (server: RedisServer) => Promise<Connected>> = {
  "node-redis": async (server) => {
    const client = createClient({ url: server.url, RESP: 2 });
    client.on("error", () => undefined);
    await client.connect();
    return { client, isOpen: () => client.isReady, end: () => client.close() };
  },
  "node-redis with RESP 3": async (server) => {
    // Redis 5 does not know it.
    const client = createClient({ url: server.url, RESP: (await speaksResp3(server)) ? 3 : 2 });
    client.on("error", () => undefined);
    await client.connect();
    return { client, isOpen: () => client.isReady, end: () => client.close() };
  },
  ioredis: async (server) => {
    const client = new Redis(server.port, "127.0.0.1", { lazyConnect: true });
    client.on("error", () => undefined);
    await client.connect();
    return { client, isOpen: () => client.status === "ready", end: () => client.quit() };
  },
};

const CLUSTERS: Record<string, (server: RedisServer) => Promise<Connected>> = {
  "a cluster of node-redis": async (server) => {
    const client = createCluster({ RESP: 2, rootNodes: [{ url: server.url }] });
    client.on("error", () => undefined);
    await client.connect();
    return { client: client as unknown as GivenClient, isOpen: () => client.isOpen, end: () => client.close() };
  },
  "a cluster of ioredis": async (server) => {
    const client = new Cluster([{ host: "127.0.0.1", port: server.port }], { lazyConnect: true });
    client.on("error", () => undefined);
    await client.connect();
    return { client: client as unknown as GivenClient, isOpen: () => client.status === "ready", end: () => client.quit() };
  },
};

describe("clients of the user's own", { skip: noRedis() }, () => {
  let single: RedisServer;
  let nodes: RedisServer[];

  before(async () => {
    single = await RedisServer.start();
    nodes = await startCluster();
  });
  after(async () => {
    await Promise.all([single, ...nodes].map((server) => server.stop()));
  });

  for (const [name, connect] of Object.entries({ ...CLIENTS, ...CLUSTERS })) {
    test(`${name} is used, and stays open`, async () => {
      const own = await connect(name in CLIENTS ? single : nodes[0]);
      const prefix = name.replaceAll(/\W/g, "");
      const a = redisLedger({ client: own.client, prefix, deadline: "2s", onUnavailable: "closed" });
      const b = redisLedger({ client: own.client, prefix, deadline: "2s", onUnavailable: "closed" });
      await Promise.all([a.ready(), b.ready()]);

      // Several targets lie on several nodes of a cluster; counters of one lie together.
      for (const target of ["binance", "okx", "{odd}", "deribit"]) {
        const make = () => [
          { ...counter("weight", 10, { perMs: 600_000 }), key: `exit:203.0.113.7|${target}|weight` },
          { ...counter("orders", 1, { perMs: 600_000, limit: 50, align: "fixed" as const }), key: `account:me|${target}|orders` },
          { ...counter("all", 1, { perMs: 600_000, limit: 1_000, align: "bucket" as const }), key: `target|${target}|all` },
        ];
        assert.equal((await takeMany(a, 7, make)) + (await takeMany(b, 7, make)), 10, target);
      }
      a.pause("exit:203.0.113.8|okx", Date.now() + 600_000, "banned");
      let refusal: Reservation;
      do refusal = await take(b, { ...counter("weight", 1), key: "exit:203.0.113.8|okx|weight" });
      while (refusal.ok && (await sleep(25, true)));
      assert.ok(!refusal.ok && refusal.retryAfterMs > 500_000);

      await Promise.all([a.close(), b.close()]);
      assert.equal(own.isOpen(), true);
      await own.end();
    });
  }
});

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name} that loses its connection is noticed while nobody asks, and so is its return`, { skip: noRedis() }, async () => {
    const server = await RedisServer.start();
    const own = await connect(server);
    const ledger = redisLedger({ client: own.client, deadline: "2s", logger: { debug() {}, info() {}, warn() {}, error() {} } });
    const until = async (mode: string): Promise<void> => {
      for (let i = 0; i < 2_400 && ledger.status().mode !== mode; i++) await sleep(25);
      assert.equal(ledger.status().mode, mode);
    };
    try {
      await ledger.ready();
      await server.kill();
      await until("local-share");
      assert.equal(ledger.status().fault?.kind, "disconnected");

      await server.start();
      await until("shared");
    } finally {
      await ledger.close();
      await own.end();
      await server.stop();
    }
  });
}

test("a client that was never connected is told of, and what happens meanwhile", async () => {
  const said: string[] = [];
  const say = (_fields: unknown, message?: string): void => void said.push(message ?? "");
  const ledger = redisLedger({ client: createClient({ url: "redis://127.0.0.1:1" }), logger: { debug: say, info: say, warn: say, error: say } });
  try {
    for (let i = 0; i < 2_400 && said.length === 0; i++) await sleep(25);
    assert.match(said.join(), /cannot be used \(Not connected to the store\)/);
    assert.equal(ledger.status().mode, "local-share");
  } finally {
    await ledger.close();
  }
});

async function speaksResp3(server: RedisServer): Promise<boolean> {
  const client = createClient({ url: server.url, RESP: 2 });
  await client.connect();
  const speaks = await client.sendCommand(["HELLO"]).then(() => true, () => false);
  await client.close();
  return speaks;
}

/** Two nodes with half of the slots each: no replicas, nothing on disk. */
async function startCluster(): Promise<RedisServer[]> {
  const nodes = await Promise.all([0, 1].map(() => RedisServer.start(["--cluster-enabled", "yes", "--cluster-node-timeout", "5000"])));
  const admins = await Promise.all(nodes.map(async (node) => {
    const client = createClient({ url: node.url, RESP: 2 });
    await client.connect();
    return client;
  }));
  for (const [i, admin] of admins.entries()) {
    const slots = Array.from({ length: 8_192 }, (_, slot) => String(slot + i * 8_192));
    await admin.sendCommand(["CLUSTER", "ADDSLOTS", ...slots]);
    await admin.sendCommand(["CLUSTER", "SET-CONFIG-EPOCH", String(i + 1)]);
  }
  await admins[0].sendCommand(["CLUSTER", "MEET", "127.0.0.1", String(nodes[1].port)]);
  for (let i = 0; i < 400; i++) {
    const infos = await Promise.all(admins.map((admin) => admin.sendCommand(["CLUSTER", "INFO"])));
    if (infos.every((info) => /cluster_state:ok/.test(String(info)) && /cluster_known_nodes:2/.test(String(info)))) break;
    await sleep(50);
  }
  await Promise.all(admins.map((admin) => admin.close()));
  return nodes;
}
