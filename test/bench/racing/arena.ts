import { performance } from "node:perf_hooks";
import { exponential, streamOf } from "../../support/world-chance.ts";
import { Network } from "./network.ts";
import { Population } from "../../support/world-population.ts";
import { SimClock, SimEvent } from "./sim-clock.ts";
import { HOSTS, type World } from "../../support/world-parameters.ts";

export interface Task {
  readonly host: number;
  /** In simulated milliseconds. */
  readonly bornAt: number;
}

/** A policy at work. It says `arena.done` once for each task. */
export interface Contestant {
  submit(task: Task): void;
  close?(): Promise<void> | void;
}

export type MakeContestant = (arena: Arena) => Contestant | Promise<Contestant>;

/** `closed`: so many tasks are always there. `open`: they come as they come, so many a second (Poisson). */
export type Load = { readonly kind: "closed"; readonly tasks: number } | { readonly kind: "open"; readonly perSecond: number };

export interface Figures {
  tasksPerSecond: number;
  /** Of a task, from its birth to its success, in seconds. A task that is not done at the end counts with its age. */
  p50: number;
  p99: number;
  requestsPerTask: number;
  /** From the start of the run, in seconds; `Infinity` where it never came to that. */
  firstSuccess: number;
  /** Until the first ten seconds at half of the throughput that was measured later. */
  halfSteady: number;
  /** Tasks that the policy gave up. */
  failed: number;
  realSeconds: number;
  events: number;
}

export const WARM_UP_MS = 300_000;
export const MEASURED_MS = 600_000;
/** Open loop: arrivals go on for so long after those that are measured, so that the last of these are not alone. */
const AFTERWARDS_MS = 60_000;
const SLICE_MS = 1_000;
const HALF_WINDOW_S = 10;

/** One run: a world, a load, a policy, a seed. */
export class Arena {
  readonly world: World;
  readonly seed: number;
  readonly clock = new SimClock();
  readonly population: Population;
  readonly network: Network;
  readonly #load: Load;
  readonly #arrivals: () => number;
  readonly #open = new Set<Task>();
  /** Tasks of a closed loop that are to be followed by another: not from inside the policy that finished one. */
  #followers = 0;
  #firstSuccess = Infinity;
  #failed = 0;
  #done = 0;
  readonly #doneBySecond: number[] = [];
  readonly #ages: number[] = [];

  constructor(world: World, load: Load, seed: number) {
    this.world = world;
    this.seed = seed;
    this.population = new Population(world, seed);
    this.network = new Network(this.population, this.clock, seed);
    this.#load = load;
    this.#arrivals = streamOf(seed, "arrivals");
  }

  done(task: Task): void {
    const now = this.clock.now();
    this.#leave(task);
    if (this.#firstSuccess === Infinity) this.#firstSuccess = now / 1_000;
    const second = Math.floor(now / 1_000);
    while (this.#doneBySecond.length <= second) this.#doneBySecond.push(0);
    this.#doneBySecond[second]++;
    if (now >= WARM_UP_MS && now < WARM_UP_MS + MEASURED_MS) this.#done++;
    if (this.#counts(task, now)) this.#ages.push(now - task.bornAt);
  }

  /** The policy would not go on with it: in these runs a mistake, and shown as such. */
  failed(task: Task): void {
    this.#leave(task);
    this.#failed++;
  }

  async run(make: MakeContestant): Promise<Figures> {
    const started = performance.now();
    const contestant = await make(this);
    const after = (): void => {
      for (; this.#followers > 0; this.#followers--) this.#submit(contestant);
    };
    if (this.#load.kind === "closed") this.#followers = this.#load.tasks;
    else this.clock.add(new Arrival(this.clock, 1_000 / this.#load.perSecond, this.#arrivals, () => this.#submit(contestant)), 0);
    after();

    await this.#runTo(WARM_UP_MS, after);
    const before = this.network.attempts;
    await this.#runTo(WARM_UP_MS + MEASURED_MS, after);
    const attempts = this.network.attempts - before;
    if (this.#load.kind === "open") await this.#runTo(WARM_UP_MS + MEASURED_MS + AFTERWARDS_MS, after);
    const end = this.clock.now();
    if (this.#load.kind === "open") for (const task of this.#open) if (this.#counts(task, end)) this.#ages.push(end - task.bornAt);
    // What the end of the run gives up is no fault of the policy.
    const failed = this.#failed;
    const realSeconds = (performance.now() - started) / 1_000;
    await contestant.close?.();

    this.#ages.sort((a, b) => a - b);
    const tasksPerSecond = this.#done / (MEASURED_MS / 1_000);
    return {
      tasksPerSecond,
      p50: quantile(this.#ages, 0.5) / 1_000,
      p99: quantile(this.#ages, 0.99) / 1_000,
      requestsPerTask: attempts / this.#done,
      firstSuccess: this.#firstSuccess,
      halfSteady: this.#reached(tasksPerSecond / 2),
      failed,
      realSeconds,
      events: this.clock.fired,
    };
  }

  /** In slices, so that whatever waits for a promise after all, an unhandled rejection above all, gets its turn. */
  async #runTo(until: number, after: () => void): Promise<void> {
    while (this.clock.now() < until) {
      this.clock.run(Math.min(until, this.clock.now() + SLICE_MS), after);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #submit(contestant: Contestant): void {
    const task: Task = { host: Math.floor(this.#arrivals() * HOSTS), bornAt: this.clock.now() };
    this.#open.add(task);
    contestant.submit(task);
  }

  #leave(task: Task): void {
    if (!this.#open.delete(task)) throw new Error("A policy has finished a task twice.");
    if (this.#load.kind === "closed") this.#followers++;
  }

  /** Closed loop: what was finished while it was measured. Open loop: what came while it was measured. */
  #counts(task: Task, now: number): boolean {
    const at = this.#load.kind === "closed" ? now : task.bornAt;
    return at >= WARM_UP_MS && at < WARM_UP_MS + MEASURED_MS;
  }

  #reached(perSecond: number): number {
    let sum = 0;
    for (let second = 0; second < this.#doneBySecond.length; second++) {
      sum += this.#doneBySecond[second] - (this.#doneBySecond[second - HALF_WINDOW_S] ?? 0);
      if (sum > 0 && sum >= perSecond * HALF_WINDOW_S) return second + 1;
    }
    return Infinity;
  }
}

class Arrival extends SimEvent {
  readonly #clock: SimClock;
  readonly #meanMs: number;
  readonly #random: () => number;
  readonly #submit: () => void;

  constructor(clock: SimClock, meanMs: number, random: () => number, submit: () => void) {
    super();
    this.#clock = clock;
    this.#meanMs = meanMs;
    this.#random = random;
    this.#submit = submit;
  }

  override fire(): void {
    this.#clock.add(this, exponential(this.#random) * this.#meanMs);
    this.#submit();
  }
}

/** Of numbers in order; NaN where there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
