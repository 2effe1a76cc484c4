import assert from "node:assert/strict";
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createExitPool } from "../../src/index.ts";
import type { ChannelName, ExitPool } from "../../src/index.ts";
import { prometheusText } from "../../src/metrics.ts";
import { CHANNEL_NAMES } from "../../src/observe/channels.ts";
import { ManualClock, scriptedTransport, seededRandom } from "../../src/testing/index.ts";
import { get, HOST, openPool, outcome } from "../pool/support.ts";

/** A pool's life in which everything happens that is told. */
async function everything(): Promise<void> {
  const limits = [{ name: "minute", unit: "request", limit: 5, per: "1m" as const, align: "fixed" as const }];
  const { pool, clock } = await openPool({
    targets: { limited: { hosts: "limited.test", serverOffset: 0, limits }, raced: { hosts: "raced.test", race: { mode: "race", width: 2 } }, broken: { hosts: "broken.test", breaker: { threshold: 1, probeEvery: "1s" } } },
    queue: { maxAttempts: 2 },
    alerts: { consecutiveFailures: 1 },
    health: { cooldownAfter: 1 },
  });
  const at = (host: string): ReturnType<typeof get> => ({ method: "GET", url: `http://${host}/`, host, path: "/" });
  await pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }, {}]), { hints: { kind: "quote", batchId: "b" } });
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "120" } }, {}]));
  const raced = pool.run(at("raced.test"), scriptedTransport([{ afterMs: 20 }, { afterMs: 5 }], { clock }));
  await clock.advance(20);
  await raced;
  for (let i = 0; i < 12; i++) await pool.run(at("limited.test"), scriptedTransport());
  await outcome(pool.run(at("broken.test"), scriptedTransport([{ status: 503 }])));
  await clock.advance(1_000);
  await outcome(pool.run(at("broken.test"), scriptedTransport()));
  await pool.slots(["item"], async () => {}, { slots: 1 }).done;
  await pool.close();
}

/** The network goes while proxies are in use, and comes back. */
async function outage(pool: ExitPool, clock: ManualClock): Promise<void> {
  let gone = false;
  const transport = scriptedTransport(() => (gone ? { hang: true } : { afterMs: 200 }), { clock });
  const load = async (requests: number): Promise<void> => {
    for (let i = 0; i < requests; i++) {
      void outcome(pool.run(get(), transport));
      await clock.advance(200);
    }
  };
  await load(150);
  gone = true;
  await load(75);
  gone = false;
  await clock.advance(20_000);
}

function proxyPool(clock: ManualClock): ExitPool {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const proxies = Array.from({ length: 30 }, (_, i) => `socks5://10.0.0.${i}:1080`);
  return createExitPool({ exits: { proxies }, clock, random: seededRandom(1), logger, queue: { timeout: "5m", maxAttempts: 50 } });
}

/** The table of the page: fields by channel. */
async function documented(): Promise<Map<string, string[]>> {
  const page = await readFile(fileURLToPath(new URL("../../../../../docs/diagnostics.md", import.meta.url)), "utf8");
  return new Map([...page.matchAll(/^\| `(multihome:[\w.]+)` \|[^|]*\|([^|]*)\|/gm)].map(([, name, fields]) => [name, [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field)]));
}

test("every channel is fired, with the fields that its page names and no others", async () => {
  const heard = new Map<string, object[]>();
  const ends = CHANNEL_NAMES.map((name) => {
    const listener = (message: unknown): void => void heard.set(name, [...(heard.get(name) ?? []), message as object]);
    subscribe(name, listener);
    return () => unsubscribe(name, listener);
  });
  await everything();
  const clock = new ManualClock();
  const proxied = proxyPool(clock);
  await proxied.ready();
  await outage(proxied, clock);
  await proxied.close();
  for (const end of ends) end();

  assert.deepEqual(CHANNEL_NAMES.filter((name) => !heard.has(name)), [], "declared and never fired");
  const page = await documented();
  assert.deepEqual([...page.keys()].sort(), [...CHANNEL_NAMES].sort());
  for (const [name, messages] of heard) {
    for (const message of messages) assert.deepEqual(Object.keys(message).sort(), ["pool", "at", ...(page.get(name) ?? [])].sort(), name);
  }
});

test("nothing is made where nobody listens", () => {
  for (const name of CHANNEL_NAMES) assert.equal(channel(name).hasSubscribers, false, name);
});

test("exits, breakers and limits are told as they change", async () => {
  const told: string[] = [];
  const tell = (name: ChannelName, say: (message: Record<string, unknown>) => string): void => {
    const source = channel(name);
    const listener = (message: unknown): void => void told.push(say(message as Record<string, unknown>));
    source.subscribe(listener);
    ends.push(() => source.unsubscribe(listener));
  };
  const ends: (() => void)[] = [];
  tell("multihome:exit.changed", ({ from, to, reason, cooldownMs }) => `exit ${String(from)} ${String(to)} ${String(reason)} ${String(cooldownMs)}`);
  tell("multihome:breaker.changed", ({ from, to, reason }) => `breaker ${String(from)} ${String(to)} ${String(reason)}`);
  tell("multihome:race.settled", ({ legs, winner }) => `race ${String(legs)} ${String(winner)}`);
  tell("multihome:task.requeued", ({ legs, reason }) => `requeued ${String(legs)} ${String(reason)}`);
  await everything();
  for (const end of ends) end();
  assert.deepEqual(told, [
    "exit healthy cooldown failures in a row 30000",
    "requeued 1 ECONNRESET",
    "exit healthy banned banned 120000",
    "requeued 1 status 418",
    "race 2 127.0.1.2",
    "breaker closed open target_errors",
    "breaker open half-open target_errors",
    "breaker half-open closed target_errors",
  ]);
});

test("an outage is told when it is noticed and when it is over, and shows in the status and the metrics meanwhile", async () => {
  const clock = new ManualClock();
  const pool = proxyPool(clock);
  await pool.ready();
  const gauge = (): string | undefined => /^multihome_outage\{[^}]*\} (\d)$/m.exec(prometheusText(pool))?.[1];
  const told: { standing: boolean; quietMs: number; shown: number | undefined; gauge: string | undefined }[] = [];
  pool.on("multihome:outage.changed", ({ standing, quietMs }) => told.push({ standing, quietMs, shown: pool.status().outage?.quietMs, gauge: gauge() }));
  assert.equal(gauge(), "0");
  assert.equal(pool.status().outage, undefined);

  await outage(pool, clock);

  assert.deepEqual(told.map(({ standing, gauge: value }) => [standing, value]), [[true, "1"], [false, "0"]]);
  const [begun, over] = told;
  assert.ok(begun.quietMs >= 2_000 && begun.quietMs < 15_000, `${begun.quietMs}`);
  assert.equal(begun.shown, Math.round(begun.quietMs));
  assert.ok(over.quietMs > begun.quietMs && over.quietMs < 40_000, `${over.quietMs}`);
  assert.equal(over.shown, undefined);
  await pool.close();
});

test("a race that nobody wins is told as well", async () => {
  const { pool } = await openPool({ defaults: { race: { mode: "race", width: 2 } }, queue: { maxAttempts: 2 } }, 4);
  const told: unknown[] = [];
  pool.on("multihome:race.settled", ({ legs, winner, latencyMs }) => told.push([legs, winner, latencyMs]));
  pool.on("multihome:task.requeued", ({ legs }) => told.push(legs));
  await outcome(pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])));
  assert.deepEqual(told, [2, [2, undefined, undefined], [2, undefined, undefined]]);
  await pool.close();
});

test("a limit says whose count filled it", async () => {
  const limits = [{ name: "minute", unit: "weight", limit: 100, per: "1m" as const, align: "fixed" as const }];
  const { pool } = await openPool({ targets: { [HOST]: { serverOffset: 0, limits, weights: () => 10 } } }, 1);
  const told: string[] = [];
  pool.on("multihome:limit.updated", ({ level, source }) => told.push(`${level} ${source}`));
  await pool.run(get(), scriptedTransport([{ headers: { "x-mbx-used-weight-1m": "75" } }]));
  await pool.run(get(), scriptedTransport([{ headers: { "x-mbx-used-weight-1m": "85" } }]));
  assert.deepEqual(told, ["warning server", "status own"]);
  await pool.close();
});
