import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { noRedis, RedisServer } from "@multihome/core/testing";
import { isMultihomeError, type Logger } from "@multihome/core";
import { Cluster, Redis } from "ioredis";
import { redisLedger, type RedisLedgerOptions } from "../src/index.ts";
import { counter, take } from "./support/counters.ts";

const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const SECRET = "s3cr3t/ü";
const AS_IN_URL = encodeURIComponent(SECRET);

/** What is said by every way there is: errors, events, status, log lines. */
function hearing(options: RedisLedgerOptions): { ledger: ReturnType<typeof redisLedger>; said: unknown[] } {
  const said: unknown[] = [];
  const say = (fields: object, message: string): void => void said.push(message, fields);
  const logger: Logger = { debug: say, info: say, warn: say, error: say };
  const ledger = redisLedger({ logger, ...options });
  for (const name of ["changed", "fault", "contradiction"] as const) ledger.on(name, (message) => said.push(message));
  return { ledger, said };
}

function assertNoSecret(...things: unknown[]): void {
  const text = things.map((thing) => inspect(thing, { depth: 9, showHidden: true })).join("\n");
  for (const secret of [SECRET, AS_IN_URL]) assert.ok(!text.includes(secret), text);
}

test("every wrong option is named at once, and a URL is never repeated", () => {
  const wrong = { url: `redis//user:${AS_IN_URL}@host`, prefix: "two words", deadline: "soon", onUnavailable: "maybe", processes: 0, prefx: "x" } as unknown as RedisLedgerOptions;

  assert.throws(
    () => redisLedger(wrong),
    (error: unknown) => {
      assert.ok(isMultihomeError(error) && error.code === "MH_ERR_CONFIG");
      for (const name of ["url", "prefix", "deadline", "onUnavailable", "processes", "prefx"]) assert.match(error.message, new RegExp(`${name}: `));
      assertNoSecret(error);
      return true;
    },
  );
});

for (const url of ["", "localhost:6379", "http://localhost:6379", "redis://", `redis://:${AS_IN_URL}@host:99999`, "redis://host/zero"]) {
  test(`a URL like "${url.replace(AS_IN_URL, "…")}" is refused`, () => {
    assert.throws(() => redisLedger({ url }), (error: unknown) => isMultihomeError(error) && error.code === "MH_ERR_CONFIG" && !error.message.includes(AS_IN_URL));
  });
}

test("neither a url nor a client, or both, or a client of another kind is refused", () => {
  assert.throws(() => redisLedger({}), /expected one, or a client/);
  assert.throws(() => redisLedger({ url: "redis://127.0.0.1:1", client: { sendCommand: () => undefined } }), /either a url or a client/);
  assert.throws(() => redisLedger({ client: {} }), /node-redis or ioredis/);
  assert.throws(() => redisLedger({ client: new Redis({ lazyConnect: true, keyPrefix: "app:" }) }), /without a keyPrefix of its own, got `app:`/);
  assert.throws(() => redisLedger({ client: new Cluster([], { lazyConnect: true, redisOptions: { keyPrefix: "app:" } }) }), /without a keyPrefix of its own/);
});

test("a wrong password is told by ready(), an event and the log, without the password", { skip: noRedis() }, async () => {
  const server = await RedisServer.start(["--requirepass", "right"]);
  const { ledger, said } = hearing({ url: `redis://:${AS_IN_URL}@127.0.0.1:${server.port}`, onUnavailable: "closed" });
  try {
    const error = await ledger.ready().then(() => assert.fail("it is ready"), (reason: unknown) => reason);

    assert.ok(isMultihomeError(error) && error.code === "MH_ERR_CONFIG" && /WRONGPASS|invalid/i.test(error.message), String(error));
    assert.equal(ledger.status().mode, "closed");
    assert.equal(ledger.status().fault?.kind, "password");
    assert.equal((await take(ledger, counter("weight", 1))).ok, false);
    assertNoSecret(error, said, ledger.status(), ledger);
  } finally {
    await ledger.close();
    await server.stop();
  }
});

test("the right password is used", { skip: noRedis() }, async () => {
  const server = await RedisServer.start(["--requirepass", SECRET]);
  const { ledger, said } = hearing({ url: `redis://:${AS_IN_URL}@127.0.0.1:${server.port}/1`, deadline: "2s" });
  try {
    await ledger.ready();
    assert.equal((await take(ledger, counter("weight", 1))).ok, true);
    assertNoSecret(said, ledger.status(), ledger);
  } finally {
    await ledger.close();
    await server.stop();
  }
});

test("a server that is too old is told with its version and what is needed", async () => {
  // As much of Redis 4 as a client asks for before its first command.
  const old = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const info = "# Server\r\nredis_version:4.0.9\r\n";
      for (const command of String(data).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) socket.write(command[1].toUpperCase() === "INFO" ? `$${info.length}\r\n${info}\r\n` : "+OK\r\n");
    });
  });
  await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
  const { ledger } = hearing({ url: `redis://127.0.0.1:${(old.address() as AddressInfo).port}` });
  try {
    await assert.rejects(ledger.ready(), /Redis 4\.0\.9.*5\.0 or newer/);
    assert.equal(ledger.status().fault?.kind, "too-old");
  } finally {
    await ledger.close();
    await new Promise((resolve) => old.close(resolve));
  }
});

test("a prefix that something else uses is told with the key, and nothing of it is changed", { skip: noRedis() }, async () => {
  const server = await RedisServer.start();
  const { createClient } = await import("@redis/client");
  const other = createClient({ url: server.url, RESP: 2 });
  await other.connect();
  const keys = { string: "app:{binance}:count:exit:203.0.113.7|binance|weight", hash: "app:{okx}:count:exit:203.0.113.7|okx|weight" };
  await other.set(keys.string, "mine");
  await other.hSet(keys.hash, "name", "mine");
  const { ledger, said } = hearing({ url: server.url, prefix: "app", onUnavailable: "closed", deadline: "2s" });
  try {
    await ledger.ready();

    assert.equal((await take(ledger, counter("weight", 1))).ok, false);
    assert.equal((await take(ledger, { ...counter("weight", 1), key: "exit:203.0.113.7|okx|weight" })).ok, false);
    assert.equal((await take(ledger, { ...counter("weight", 1), key: "exit:203.0.113.7|free|weight" })).ok, true, "another target is not concerned");

    const told = said.filter((one) => typeof one === "object" && (one as { kind?: string }).kind === "prefix");
    assert.ok(told.length >= 2, inspect(said));
    assert.equal(await other.get(keys.string), "mine");
    assert.deepEqual({ ...(await other.hGetAll(keys.hash)) }, { name: "mine" });
  } finally {
    await ledger.close();
    await other.close();
    await server.stop();
  }
});

test("a prefix whose own key is used by something else never becomes ready", { skip: noRedis() }, async () => {
  const server = await RedisServer.start();
  const { createClient } = await import("@redis/client");
  const other = createClient({ url: server.url, RESP: 2 });
  await other.connect();
  await other.set("app:processes", "mine");
  const { ledger } = hearing({ url: server.url, prefix: "app", deadline: "2s" });
  try {
    await assert.rejects(ledger.ready(), /"app:processes" is used by something else; choose another prefix.*WRONGTYPE/);
    assert.equal(ledger.status().fault?.kind, "prefix");
  } finally {
    await ledger.close();
    await other.close();
    await server.stop();
  }
});

test("a user who may not do all that scripts do is told so, and is not ready in between", { skip: noRedis() }, async () => {
  const server = await RedisServer.start();
  const { createClient } = await import("@redis/client");
  const admin = createClient({ url: server.url, RESP: 2 });
  await admin.connect();
  const hasUsers = await admin.sendCommand(["ACL", "SETUSER", "half", "on", ">secret", "~*", "+@all", "-zadd"]).then(() => true, () => false);
  const { ledger } = hearing({ url: `redis://half:secret@127.0.0.1:${server.port}`, deadline: "2s" });
  const modes: string[] = [];
  ledger.on("changed", ({ to }) => modes.push(to));
  try {
    // Redis 5 knows one user only.
    if (!hasUsers) return;
    await assert.rejects(ledger.ready(), (error: unknown) => isMultihomeError(error) && error.code === "MH_ERR_CONFIG");
    const enough = ledger.status().roundTrips + 8;
    while (ledger.status().roundTrips < enough) await sleep(25);
    assert.deepEqual(modes, ["local-share"]);
    assert.equal(ledger.status().fault?.kind, "password");
  } finally {
    await ledger.close();
    await admin.close();
    await server.stop();
  }
});

test("what is no Redis, and what speaks no TLS, is told as that", async () => {
  const web = createHttpServer((_request, response) => response.end("hello"));
  const silent = createServer((socket) => socket.on("error", () => undefined));
  for (const server of [web, silent]) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = (server: typeof silent): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ledgers = [redisLedger({ url: `redis://${at(web)}`, logger: QUIET }), redisLedger({ url: `rediss://${at(silent)}`, logger: QUIET })];
  try {
    for (let i = 0; i < 2_400 && ledgers.some((ledger) => ledger.status().fault === undefined); i++) await sleep(25);
    const [plain, tls] = ledgers.map((ledger) => ledger.status().fault?.message);
    assert.match(String(plain), /does not speak as Redis/);
    assert.equal(tls, `No TLS connection to the store at ${at(silent)} within 2000 ms; does it speak TLS there?`);
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    web.closeAllConnections();
    for (const server of [web, silent]) server.close();
  }
});

test("a store that may throw counters away is warned of", { skip: noRedis() }, async () => {
  const server = await RedisServer.start(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
  const { ledger, said } = hearing({ url: server.url, deadline: "2s" });
  try {
    await ledger.ready();

    assert.ok(said.some((one) => (one as { kind?: string }).kind === "evicts"), inspect(said));
    assert.equal((await take(ledger, counter("weight", 1))).ok, true);
  } finally {
    await ledger.close();
    await server.stop();
  }
});

test("nobody there: the reason names host and port, and close ends everything", async () => {
  const { ledger, said } = hearing({ url: "redis://127.0.0.1:1", onUnavailable: "open" });
  for (let i = 0; i < 3_000 && ledger.status().mode !== "open"; i++) await sleep(20);

  assert.equal(ledger.status().mode, "open");
  assert.match(String(ledger.status().fault?.message), /127\.0\.0\.1:1/);
  assert.equal((await take(ledger, counter("weight", 1))).ok, true);
  await ledger.close();
  await ledger.close();
  assert.equal((await take(ledger, counter("weight", 1))).ok, false);
  await assert.rejects(ledger.ready(), /closed/);
  assert.ok(said.length > 0);
});

test("a store that is not there is told of once, with what happens meanwhile, and so is its return", { skip: noRedis() }, async () => {
  const server = await RedisServer.start();
  const { url } = server;
  await server.kill();
  const said: string[] = [];
  const until = async (count: number): Promise<void> => {
    for (let i = 0; i < 3_000 && said.length < count; i++) await sleep(20);
    assert.equal(said.length, count, said.join("\n"));
  };
  const say = (_fields: unknown, message?: string): void => void said.push(message ?? "");
  const logger: Logger = { debug: say, info: say, warn: say, error: say };
  const ledger = redisLedger({ url, logger });
  const told = redisLedger({ url, logger, onUnavailable: "closed" });
  try {
    await until(2);
    said.sort((a, b) => b.length - a.length);
    assert.match(said[0], /^The store of the shared limits cannot be used \(.*ECONNREFUSED.*\)\. Requests .* wait: it has never been seen, .*`processes`/);
    assert.match(said[1], /Meanwhile requests that count on a limit wait\.$/);
    await server.start();
    await Promise.all([ledger.ready(), told.ready()]);
    await until(4);
    assert.deepEqual(said.slice(2), Array(2).fill("The store of the shared limits answers again, and counts from now on."));
  } finally {
    await Promise.all([ledger.close(), told.close()]);
    await server.stop();
  }
});
