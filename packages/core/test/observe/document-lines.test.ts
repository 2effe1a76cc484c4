// The lines and numbers that the documents print for a pool of proxies, one by one.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ExitPool, ExitPoolOptions } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import type { ScriptedAttempt } from "../../src/testing/index.ts";

const HOST = "query.sse.com.cn";
const LISTS = [["192.0.2.1:1080", "192.0.2.2:1080"], ["socks5://192.0.2.2:1080", "192.0.2.3:1080"], ["192.0.2.4:1080"]];

describe("a pool of proxies says", () => {
  test("at its start how many proxies came from how many sources", async (t) => {
    const { lines } = await open(t);
    assert.ok(lines.includes("info loaded 4 proxies from 3 sources"), lines.join("\n"));
  });

  test("how many it remembers, from which file", async (t) => {
    const dir = await mkdtemp(path.join(tmpdir(), "multihome-"));
    t.after(() => rm(dir, { recursive: true }));
    const state = { file: path.join(dir, "proxy_state.json") };
    const first = await open(t, { state });
    await first.send([{}]);
    await first.pool.close();

    const { lines, pool } = await open(t, { state });
    await pool.close();

    // Only what something is known of.
    assert.ok(lines.some((line) => /^info restored health data for [1-3] proxies from .*proxy_state\.json$/.test(line)), lines.join("\n"));
  });

  test("which leg won, and how long it took", async (t) => {
    const { lines, send } = await open(t);
    await send([{ afterMs: 2_000 }, { afterMs: 1_200 }, { afterMs: 3_000 }]);
    assert.match(lines.at(-1) ?? "", /^debug task done \| host=query\.sse\.com\.cn \| race=3 \| winner=socks5:\/\/192\.0\.2\.\d:1080 \| latency=1\.2s \| attempt=1\/5$/);
  });

  test("that a task goes back, and that it is given up", async (t) => {
    const { lines, send } = await open(t, { queue: { maxAttempts: 2 }, defaults: { spacing: 0, race: { mode: "race", width: 3 } } });
    await send([{ status: 403, afterMs: 10 }]);
    assert.deepEqual(lines.filter((line) => line.includes("task ")), [
      "debug task requeued | host=query.sse.com.cn | reason=all 3 proxies failed | attempt=1/2",
      "debug task abandoned | host=query.sse.com.cn | reason=max_attempts(2) | last_error=status 403",
    ]);
  });

  test("which proxy rests, and that a target has none left", async (t) => {
    const { clock, lines, pool, send } = await open(t, { queue: { maxAttempts: 1 }, defaults: { spacing: 0, race: { mode: "off" } } });
    for (let i = 0; i < 13; i++) await send([{ error: "ECONNREFUSED" }]);
    await clock.advance(0);
    const rests = lines.filter((line) => line.includes("→ cooldown"));
    assert.equal(rests.length, 4);
    for (const line of rests) assert.match(line, /^debug proxy socks5:\/\/192\.0\.2\.\d:1080 \| \(query\.sse\.com\.cn\) healthy → cooldown \| consecutive_fails=3$/);
    assert.ok(lines.includes("warn circuit OPEN | host=query.sse.com.cn | reason=zero_available_proxies"), lines.join("\n"));

    await clock.advance(30_000);
    assert.match(lines.at(-1) ?? "", /^info throughput=0\.0\/s \| success=0% \| pool: \d healthy \/ \d cooldown \/ 0 dead \| tasks: 0 pending \| breakers: query\.sse\.com\.cn (open|half-open)$/);
    const { exits, tasks, throughput, successRate1m, avgLatencyMs, inflight, breakers } = pool.status();
    assert.deepEqual({ total: exits.total, dead: exits.dead, tasks: { pending: tasks.pending, completed: tasks.completed }, throughput, successRate1m, avgLatencyMs, inflight }, { total: 4, dead: 0, tasks: { pending: 0, completed: 0 }, throughput: { s1: 0, s10: 0, s60: 0 }, successRate1m: 0, avgLatencyMs: 0, inflight: 0 });
    assert.ok(breakers[HOST] !== "closed");
  });

  test("every half minute how it does", async (t) => {
    const { clock, lines, send } = await open(t);
    for (let i = 0; i < 20; i++) await send([{}]);
    await clock.advance(30_000 - clock.now());
    const [summary] = lines.filter((line) => line.startsWith("info throughput="));
    assert.match(summary, /^info throughput=\d+\.\d\/s \| success=100% \| pool: 4 healthy \/ 0 cooldown \/ 0 dead \| tasks: 0 pending \| breakers: \(none\)$/);
  });
});

interface Opened {
  pool: ExitPool;
  clock: ManualClock;
  lines: string[];
  send(script: readonly ScriptedAttempt[]): Promise<void>;
}

async function open(t: TestContext, options: ExitPoolOptions = {}): Promise<Opened> {
  const clock = new ManualClock();
  const lines: string[] = [];
  const line = (level: string) => (_fields: object, text: string) => void lines.push(`${level} ${text}`);
  const pool = createExitPool({
    exits: { sources: LISTS.map((list, index) => ({ name: `list ${index}`, read: () => Promise.resolve(list) })), strategy: "score" },
    defaults: { spacing: 0, race: { mode: "race", width: 3 } },
    logger: { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") },
    clock,
    random: () => 0.99,
    ...options,
  });
  t.after(() => pool.close({ drain: 0 }));
  await pool.ready();
  return {
    pool,
    clock,
    lines,
    async send(script) {
      const transport = scriptedTransport(script, { clock });
      const over = pool.submit({ method: "GET", url: `http://${HOST}/` }, transport).catch(() => undefined);
      await clock.advance(0);
      while (pool.status().inflight > 0) await clock.advance(10);
      await over;
    },
  };
}
