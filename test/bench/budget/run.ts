import type { Clock } from "@multihome/core";
import type { ManualClock } from "@multihome/core/testing";
import { withBorrowedTime } from "./borrowed-time.ts";
import type { Contender } from "./contenders.ts";
import { World, WINDOW_MS, type WorldOptions, type WorldResult } from "./world.ts";

/** Plays a world to its end with one contender. */
export function run(options: WorldOptions, contender: Contender, minutes: number, seed: number): Promise<WorldResult> {
  const world = new World(options, seed);
  return withBorrowedTime(world.clock, () => play(world, contender, minutes));
}

async function play(world: World, contender: Contender, minutes: number): Promise<WorldResult> {
  const { clock, core, options } = world;
  const from = core.serverTime();
  // The rest of the minute in which it starts, the whole ones, and a moment for the last answers.
  const until = clock.now() + (minutes + 1) * WINDOW_MS;
  const kills = Array.from({ length: options.kills ?? 0 }, (_, i) => clock.now() + ((i + 0.3 + 0.6 * world.random()) * minutes * WINDOW_MS) / (options.kills ?? 1));

  let mortal = new MortalClock(clock);
  keepBusy(world, contender, mortal);
  for (const at of kills) {
    await clock.advance(at - clock.now());
    mortal.die();
    world.kill();
    await clock.advance(options.downMs ?? 500);
    mortal = new MortalClock(clock);
    keepBusy(world, contender, mortal);
  }
  await clock.advance(until - clock.now());
  mortal.die();
  return world.result(from, minutes);
}

/** A program that always has more to ask for. */
function keepBusy(world: World, contender: Contender, clock: MortalClock): void {
  const send = contender.start(world, clock);
  const next = (): void => {
    if (clock.dead) return;
    void send(world.nextRequest())
      .catch(() => {})
      .finally(next);
  };
  for (let i = 0; i < contender.backlog; i++) next();
}

/** The clock of one life of the program: nothing rings after it has been killed. */
class MortalClock implements Clock {
  readonly #clock: ManualClock;
  dead = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
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
    this.dead = true;
  }
}
