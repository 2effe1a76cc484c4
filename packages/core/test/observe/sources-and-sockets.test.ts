import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type Exit } from "../../src/index.ts";
import { exitAgents } from "../../src/node-http/index.ts";
import { ManualClock } from "../../src/testing/index.ts";
import { closedPort, localExit, proxyExit, runHttp, runScript, runSocks, until } from "../connect/support.ts";
import { get } from "../node-http/support.ts";
import { valueOf, type Metric } from "./exposition.ts";
import { scrape } from "./scrape.ts";

const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test("of each proxy list its metrics say when it was read, what came of that, and what its lines were", async () => {
  const first = ["10.0.0.1:1080", "10.0.0.2:1080", "10.0.0.2:1080", "no proxy", "# a comment"];
  const answers: (string[] | Error)[] = [first, ["10.0.0.2:1080", "10.0.0.3:1080", "10.0.0.4:1080"], new Error("gone"), [], ["<html>", "<body>"]];
  let reads = 0;
  const read = (): Promise<string[]> => {
    const answer = answers[Math.min(reads++, answers.length - 1)];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const clock = new ManualClock({ wallTime: 1_700_000_000_000 });
  const other = { name: "https://user:pass@lists.test/x?token=1", read: () => new Promise<string[]>(() => {}) };
  const pool = createExitPool({ exits: { sources: [{ name: "mine", read }], refreshEvery: "1m" }, clock, logger: QUIET });
  const lines = (metrics: Map<string, Metric>): unknown[] => ["kept", "new", "repeated", "rejected"].map((result) => valueOf(metrics, "multihome_source_lines_total", { source: "mine", result }));
  const up = (metrics: Map<string, Metric>): unknown => valueOf(metrics, "multihome_source_up", { source: "mine" });

  const before = scrape(pool);
  assert.equal(up(before), 0);
  assert.equal(before.has("multihome_source_last_read_timestamp_seconds"), false);

  await pool.ready();
  const once = scrape(pool);
  assert.equal(up(once), 1);
  assert.deepEqual(lines(once), [0, 2, 1, 1]);
  assert.equal(valueOf(once, "multihome_source_proxies", { source: "mine" }), 2);
  assert.equal(valueOf(once, "multihome_source_last_read_timestamp_seconds", { source: "mine" }), 1_700_000_000);

  await clock.advance(60_001);
  assert.deepEqual(lines(scrape(pool)), [1, 4, 1, 1]);

  // Whatever comes after is no list: what is known stays, and what it was says why.
  for (let i = 0; i < 3; i++) await clock.advance(60_000);
  const last = scrape(pool);
  const [{ name, up: isUp, proxies, rejected, readAgoMs, trouble }] = pool.overview().sources;
  assert.deepEqual([name, isUp, proxies, rejected], ["mine", false, 3, 0]);
  assert.ok(readAgoMs !== undefined && readAgoMs < 1_000, String(readAgoMs));
  assert.match(trouble ?? "", /is no list/);
  assert.equal(up(last), 0);
  assert.deepEqual(lines(last), [1, 4, 1, 1]);
  assert.equal(valueOf(last, "multihome_source_proxies", { source: "mine" }), 3);
  for (const [result, count] of [["ok", 2], ["failed", 1], ["empty", 1], ["page", 1], ["shrunk", 0], ["cut", 0]] as const) assert.equal(valueOf(last, "multihome_source_reads_total", { source: "mine", result }), count, result);
  const readAt = valueOf(last, "multihome_source_last_read_timestamp_seconds", { source: "mine" }) ?? 0;
  assert.ok(readAt - (valueOf(last, "multihome_source_last_success_timestamp_seconds", { source: "mine" }) ?? 0) >= 179);
  await pool.close();

  const hidden = createExitPool({ exits: { proxies: ["socks5://192.0.2.1:1080"], sources: ["http://user:CANARY@127.0.0.1:9/list?key=CANARY", other] }, clock, logger: QUIET });
  hidden.ready().catch(() => {});
  const names = scrape(hidden).get("multihome_source_up")?.series.map(({ labels }) => labels.source);
  assert.equal(names?.length, 2);
  assert.ok(!names.join().includes("CANARY"), names.join());
  await hidden.close();
});

test("sockets are counted by the kind of their exits: those that are open, and how each connection ended", async (t) => {
  const server = await runHttp(t);
  const socks = await runSocks(t);
  const silent = await runScript(t, () => {});
  const rude = await runScript(t, (socket) => socket.end("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"));
  const pool = createExitPool({ exits: { local: ["127.0.0.1"], proxies: [`socks5://127.0.0.1:${socks.port}`, `http://127.0.0.1:${rude.port}`] } });
  t.after(() => pool.close());
  await pool.ready();
  const agents = exitAgents(pool.adapterHost);
  const url = `http://127.0.0.1:${server.port}/`;
  const ask = (exit: Exit, to = url): Promise<unknown> => get(agents.of(exit), to).catch((error: unknown) => error);
  const local = localExit("127.0.0.5");

  for (const exit of [local, local, localExit("127.0.0.6"), proxyExit("socks5", socks.port)]) await ask(exit);
  await ask(local, `http://127.0.0.1:${await closedPort()}/`);
  await ask(local, `https://127.0.0.1:${server.port}/`);
  await ask(proxyExit("http", rude.port));
  const waiting = ask(proxyExit("socks5", silent.port));
  await until(() => silent.open.size === 1, "connected");

  const during = scrape(pool);
  const value = (metrics: Map<string, Metric>, name: string, labels: Record<string, string>): unknown => valueOf(metrics, `multihome_${name}`, labels);
  // A kept socket is the same one: three requests over two local addresses.
  assert.equal(value(during, "sockets", { exit_kind: "local", state: "open" }), 2);
  assert.equal(value(during, "sockets", { exit_kind: "socks5", state: "open" }), 1);
  assert.equal(value(during, "sockets", { exit_kind: "socks5", state: "connecting" }), 1);
  assert.equal(server.open.size, 3);
  const results = (metrics: Map<string, Metric>, kind: string): unknown[] => ["opened", "tcp", "handshake", "tls", "aborted"].map((result) => value(metrics, "socket_connects_total", { exit_kind: kind, result }));
  assert.deepEqual(results(during, "local"), [2, 1, 0, 1, 0]);
  assert.deepEqual(results(during, "socks5"), [1, 0, 0, 0, 0]);
  assert.deepEqual(results(during, "http"), [0, 0, 1, 0, 0]);
  // Nobody has an exit of this kind.
  assert.equal(value(during, "sockets", { exit_kind: "direct", state: "open" }), undefined);

  await pool.close();
  await waiting;
  const open = (): unknown => ["local", "socks5", "http"].map((kind) => pool.adapterHost.sockets.of(kind as Exit["kind"])).map((row) => row.open + row.connecting);
  await until(() => String(open()) === "0,0,0", "all are closed");
  assert.equal(pool.adapterHost.sockets.of("socks5").results.aborted, 1);
});
