import type { Play } from "./play.ts";
import { exitsOf, requestOf } from "./options.ts";
import { drive, Task } from "./task.ts";
import type { Asks } from "./world.ts";

const SIMPLE: Asks = { host: 0, method: "GET", weight: 1, key: 0 };
/** Longer than any pause, rest and deadline of the worlds together. */
const STEPS_MS = [0, 1, 10, 1_000, 1_000, 10_000, 10_000, 60_000, 60_000, 130_000, 300_000, 300_000, 600_000, 600_000];

/** Lets everything end: whatever the program was, nothing may be left, and the pool must serve. */
export async function finish(play: Play): Promise<void> {
  const { clock, hands, ledger, maps, runs, server, tasks } = play;
  server.quiet();
  if (ledger !== undefined) ledger.calm = true;
  if (play.closing === undefined) {
    for (const hand of hands) hand.lease.release();
    for (const { run } of runs) void run.stop();
    // One that nothing is known of.
    await play.exits([...server.listed, ...exitsOf(0, 1, 90)]);
    for (const ms of STEPS_MS) {
      await clock.advance(ms);
      server.quiet();
      for (const { lease } of hands) lease.release();
    }
    play.check();
    const open = tasks.filter(({ settled }) => settled === 0);
    if (open.length > 0) throw new Error(`${open.length} of ${tasks.length} requests wait for ever: ${open.map(({ request, createdAt, legs }) => `${request.method} ${request.url} of ${createdAt}, ${legs} legs`).join("; ")}`);
    nothingLeft(play);
    await stillServes(play, 0);
    await stillServes(play, 1);
    await clock.advance(60_000);
    nothingLeft(play);
    await sleeps(play);
  }
  play.close(0);
  let closed = false;
  void play.closing?.then(() => {
    closed = true;
  });
  for (let i = 0; i < 40 && !closed; i++) await clock.advance(1_000);
  if (!closed) throw new Error("close never ended");
  await clock.advance(60_000);
  play.check();
  const open = tasks.filter(({ settled }) => settled === 0);
  if (open.length > 0) throw new Error(`${open.length} requests are not settled after close`);
  nothingLeft(play);
  if (clock.pending > 0) throw new Error(`${clock.pending} timers are left after close, the next at ${clock.nextAt}, now ${clock.now()}`);
  if (ledger !== undefined && ledger.open.size > 0) throw new Error(`${ledger.open.size} tokens are left in the ledger`);
  for (const map of maps) {
    const wrong = map.left();
    if (wrong !== undefined) throw new Error(wrong);
  }
  for (const { run } of runs) {
    const state = await Promise.race([run.done.then(() => "done", () => "done"), new Promise((resolve) => setImmediate(() => resolve("open")))]);
    if (state !== "done") throw new Error("a run of slots is not done after close");
  }
}

function nothingLeft({ pool }: Play): void {
  const left: string[] = [];
  const { inflight, kinds, slots, targets, tasks } = pool.status();
  if (inflight !== 0) left.push(`inflight ${inflight}`);
  if (tasks.pending !== 0) left.push(`pending ${tasks.pending}`);
  for (const [name, kind] of Object.entries(kinds)) if (kind.inflight !== 0 || kind.waiting !== 0) left.push(`kind ${name}: ${kind.inflight} in flight, ${kind.waiting} waiting`);
  if (slots.running !== 0 || slots.waiting !== 0 || slots.runs.length !== 0) left.push(`slots ${JSON.stringify(slots)}`);
  for (const [name, { exits }] of Object.entries(targets)) for (const [id, exit] of Object.entries(exits)) if (exit.inflight !== 0 || (exit as { state?: string }).state === "busy" || (exit as { state?: string }).state === "long-lived") left.push(`${id} at ${name}: ${JSON.stringify(exit)}`);
  for (const target of pool.overview().targets) if (target.inflight !== 0 || target.waiting !== 0) left.push(`${target.name}: ${target.inflight} in flight, ${target.waiting} waiting`);
  if (left.length > 0) throw new Error(`left over: ${left.join("; ")}`);
}

/** A fresh request on a good exit: within a minute of tries, whatever has happened before. */
async function stillServes(play: Play, host: 0 | 1): Promise<void> {
  const { clock, pool, server } = play;
  const said: string[] = [];
  for (let tries = 0; tries < 6; tries++) {
    const task = new Task(server, requestOf({ ...SIMPLE, host }), false, 60_000);
    drive(task, pool, {}, false);
    await clock.advance(10_000);
    if (task.how === "answered") return;
    said.push(task.how === "" ? "nothing" : task.how);
  }
  throw new Error(`after everything the pool serves nobody at ${host}: ${said.join(", ")}; ${JSON.stringify(pool.explain(requestOf({ ...SIMPLE, host })))}`);
}

/** With nothing to do the pool does nothing, but look after exits that leave. */
async function sleeps({ clock, pool }: Play): Promise<void> {
  const before = clock.fired;
  await clock.advance(600_000);
  const fired = clock.fired - before;
  if (fired > 130) throw new Error(`${fired} timers in ten quiet minutes; ${JSON.stringify(pool.status().exits)}`);
}
