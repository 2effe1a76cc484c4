import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Applied } from "../../src/state/pool-state.ts";
import { StateKeeper } from "../../src/state/keeper.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { TimerQueue } from "../../src/time/timer-queue.ts";
import { proxies, Rooms } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "multihome-keeper-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Bench {
  readonly clock: ManualClock;
  readonly keeper: StateKeeper;
  readonly path: string;
  readonly lines: string[];
  readonly text: () => string | undefined;
  /** How often it was asked for a snapshot. */
  readonly taken: () => number;
}

function bench(name: string, apply: (text: string) => Promise<Applied> = () => Promise.resolve({ kind: "restored", exits: 186, left: 0 })): Bench {
  const clock = new ManualClock();
  const path = join(folder, name);
  const lines: string[] = [];
  let taken = 0;
  const keeper = new StateKeeper({
    file: path,
    saveEveryMs: 300_000,
    clock,
    timers: new TimerQueue(clock),
    warn: (message) => lines.push(`warn ${message.replaceAll(folder, "")}`),
    info: (message) => lines.push(`info ${message.replaceAll(folder, "")}`),
    take: (closing) => Promise.resolve(`${++taken}${closing ? " closing" : ""}`),
    apply,
  });
  const text = (): string | undefined => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  };
  return { clock, keeper, path, lines, text, taken: () => taken };
}

/** The disk is a real one: its answers come when they come. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 5_000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(holds());
}

test("it is saved at the start, every five minutes, and at the end", async () => {
  const { clock, keeper, text } = bench("regular");
  await keeper.load();
  keeper.start();
  await until(() => text() === "1");
  await clock.advance(299_999);
  assert.equal(text(), "1");
  await clock.advance(1);
  await until(() => text() === "2");
  await keeper.close();
  assert.equal(text(), "3 closing");
  await clock.advance(600_000);
  assert.equal(clock.pending, 0);
  assert.equal(text(), "3 closing");
});

test("a ban is on the disk within a second, and many of them are one save", async () => {
  const { clock, keeper, text, taken } = bench("soon");
  keeper.start();
  await until(() => text() === "1");
  for (let i = 0; i < 100; i++) keeper.saveSoon();
  await clock.advance(999);
  await until(() => text() === "2");
  assert.equal(taken(), 2);
  keeper.saveSoon();
  await keeper.close();
  assert.equal(text(), "3 closing");
  keeper.saveSoon();
  await clock.advance(600_000);
  assert.equal(clock.pending, 0);
  assert.equal(text(), "3 closing");
});

test("nothing is written before the start, nor where there was none", async () => {
  const { keeper, text } = bench("never");
  await keeper.load();
  keeper.saveSoon();
  await keeper.close();
  assert.equal(text(), undefined);
});

test("what was restored is told in one line, and what could not be in another", async () => {
  const one = bench("told", (text) => Promise.resolve({ kind: "restored", exits: 186, left: text === "odd" ? 3 : 0 }));
  writeFileSync(one.path, "fine");
  await one.keeper.load();
  writeFileSync(one.path, "odd");
  await one.keeper.load();
  assert.deepEqual(one.lines, ["info restored health data for 186 proxies from /told", "warn 3 entries of the state file /told cannot be read and are left out.", "info restored health data for 186 proxies from /told"]);
});

test("a file that is no state is kept aside, and the pool starts without it", async () => {
  const { keeper, path, lines, text } = bench("broken", () => Promise.resolve({ kind: "bad", reason: "it is no JSON" }));
  writeFileSync(path, "half a st");
  await keeper.load();
  assert.deepEqual(lines, ["warn The state file /broken cannot be used: it is no JSON. It is kept as /broken.bad. The pool starts without it."]);
  assert.equal(readFileSync(`${path}.bad`, "utf8"), "half a st");
  keeper.start();
  await keeper.close();
  assert.equal(text(), "2 closing");
});

test("a folder in its place is left alone", async () => {
  const { keeper, path, lines } = bench("a-folder");
  mkdirSync(path);
  await keeper.load();
  assert.deepEqual(lines, ["warn The state file /a-folder cannot be used: it is no regular file. The pool starts without it."]);
  assert.ok(readdirSync(folder).includes("a-folder"));
});

test("a disk that refuses is told of once, and once when it has recovered", async () => {
  const { clock, keeper, lines, text, taken } = bench("gone/state.json");
  keeper.start();
  await until(() => lines.length === 1);
  await clock.advance(300_000);
  await until(() => taken() === 2);
  await until(() => lines.length === 1);
  mkdirSync(join(folder, "gone"));
  await clock.advance(300_000);
  await until(() => text() === "3");
  await until(() => lines.length === 2);
  assert.deepEqual(lines, ["warn The state file /gone/state.json cannot be written (ENOENT); what it held stays there.", "info The state file /gone/state.json is written again."]);
  await keeper.close();
});

test("a pool's rooms and their file: what one process has learnt the next one knows", async () => {
  const run = (rooms: Rooms): StateKeeper => new StateKeeper({ file: join(folder, "whole.json"), saveEveryMs: 300_000, clock: rooms.clock, timers: new TimerQueue(rooms.clock), warn: (message) => assert.fail(message), info: () => {}, take: (closing) => rooms.state.take(closing), apply: (text) => rooms.state.apply(text) });
  const first = new Rooms(proxies(3));
  const keeper = run(first);
  await keeper.load();
  keeper.start();
  first.attempt(first.host("api.test"), 1, "success", 321);
  first.host("api.test").pauses.pauseExit(2, "banned", 600_000, 0);
  await keeper.close();

  const second = new Rooms(proxies(3), {}, { now: 5_000, wallTime: first.clock.wallTime() + 60_000 });
  await run(second).load();
  const { health, pauses } = second.host("api.test");
  assert.equal(health.of(1, 5_000).avgLatencyMs, 321);
  assert.equal(pauses.untilOf(2) - 5_000, 540_000);
});
