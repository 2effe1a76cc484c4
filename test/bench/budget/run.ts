import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import type { Clock } from "@multihome/core";
import type { ManualClock } from "@multihome/core/testing";
import { withBorrowedTime } from "./borrowed-time.ts";
import type { Contender, Program } from "./contenders.ts";
import { World, WINDOW_MS, type WorldOptions, type WorldResult } from "./world.ts";

/** What `close` waits for answers at most, and a little. */
const DRAIN_MS = 600;
const STEP_MS = 10;

export interface RunResult extends WorldResult {
  /** It took longer than it may, and was ended: what it shows is too little. */
  readonly cut: boolean;
}

/** Plays a world to its end with one contender. @param capSeconds of processor time */
export async function run(options: WorldOptions, contender: Contender, minutes: number, seed: number, capSeconds = 120): Promise<RunResult> {
  const world = new World(options, seed);
  const folder = options.orderly === true ? mkdtempSync(path.join(tmpdir(), "multihome-budget-")) : undefined;
  const cap = new Cap(capSeconds);
  try {
    const result = await withBorrowedTime(world.clock, () => play(world, contender, minutes, cap, folder === undefined ? undefined : path.join(folder, "state")));
    return { ...result, cut: cap.over };
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function play(world: World, contender: Contender, minutes: number, cap: Cap, stateFile: string | undefined): Promise<WorldResult> {
  const { clock, core, options } = world;
  const from = core.serverTime();
  // The rest of the minute in which it starts, the whole ones, and a moment for the last answers.
  const until = clock.now() + (minutes + 1) * WINDOW_MS;
  const ends = Array.from({ length: options.kills ?? 0 }, (_, i) => clock.now() + ((i + 0.3 + 0.6 * world.random()) * minutes * WINDOW_MS) / (options.kills ?? 1));

  let life = await begin(world, contender, cap, stateFile);
  for (const at of ends) {
    await clock.advance(at - clock.now());
    if (options.orderly === true && life.program.close !== undefined) {
      life.closing = true;
      await meanwhile(clock, life.program.close(), DRAIN_MS);
    }
    life.clock.die();
    world.kill();
    await clock.advance(options.downMs ?? 500);
    life = await begin(world, contender, cap, stateFile);
  }
  await clock.advance(until - clock.now());
  life.clock.die();
  return world.result(from, minutes);
}

interface Life {
  readonly clock: MortalClock;
  readonly program: Program;
  closing: boolean;
}

/** A program that always has more to ask for. */
async function begin(world: World, contender: Contender, cap: Cap, stateFile: string | undefined): Promise<Life> {
  const clock = new MortalClock(world.clock, cap);
  const program = contender.start(world, clock, stateFile);
  const life: Life = { clock, program, closing: false };
  if (program.ready !== undefined) await meanwhile(world.clock, program.ready, 0);
  const next = (): void => {
    if (clock.dead || life.closing) return;
    void program
      .send(world.nextRequest())
      .catch(() => {})
      .finally(next);
  };
  for (let i = 0; i < contender.backlog; i++) next();
  return life;
}

/** Lets real files be read and written. The clock goes on by so much at most, as long as a pool waits for what is under way, and then stands. */
async function meanwhile(clock: ManualClock, promise: Promise<void>, mostMs: number): Promise<void> {
  let over = false;
  let leftMs = mostMs;
  const done = promise.finally(() => {
    over = true;
  });
  while (!over) {
    await clock.advance(Math.min(STEP_MS, leftMs));
    leftMs = Math.max(0, leftMs - STEP_MS);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  await done;
}

/** Nobody may take longer than that: a program that spins would never end. */
class Cap {
  readonly #from = process.cpuUsage();
  readonly #most: number;
  #calls = 0;
  over = false;

  constructor(seconds: number) {
    this.#most = seconds * 1e6;
  }

  reached(): boolean {
    // Looking costs more than most of what is asked.
    if (!this.over && ++this.#calls % 1_024 === 0) {
      const { user, system } = process.cpuUsage(this.#from);
      this.over = user + system > this.#most;
    }
    return this.over;
  }
}

/** The clock of one life of the program: nothing rings after it has ended. */
class MortalClock implements Clock {
  readonly #clock: ManualClock;
  readonly #cap: Cap;
  #dead = false;

  constructor(clock: ManualClock, cap: Cap) {
    this.#clock = clock;
    this.#cap = cap;
  }

  get dead(): boolean {
    return this.#dead || this.#cap.reached();
  }

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const handle = this.#clock.setTimeout(() => {
      if (!this.dead) callback();
    }, ms);
    return { handle, ref: () => undefined, unref: () => undefined };
  }

  clearTimeout(timer: unknown): void {
    this.#clock.clearTimeout((timer as { handle: unknown }).handle);
  }

  die(): void {
    this.#dead = true;
  }
}
