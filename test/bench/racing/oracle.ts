import type { Arena, Contestant, Task } from "./arena.ts";
import { KnownCurve } from "./known-curve.ts";
import { Lines } from "./lines.ts";
import type { Attempt, AttemptOwner, Outcome } from "./network.ts";
import { Wake } from "./wake.ts";
import { ATTEMPT_MS, HOSTS, IN_FLIGHT, SPACING_MS } from "../../support/world-parameters.ts";

interface Cell {
  readonly proxy: number;
  readonly host: number;
  /** Successes a second of a slot, with the cut that is best for it. */
  readonly index: number;
  readonly cutMs: number;
  readonly medianMs: number;
  readyAt: number;
}

interface Work extends Task {
  readonly legs: Map<Attempt, Cell>;
  hedgeTimer: unknown;
}

/** As the adaptive policy has them. */
const BUDGET = 3;
const BUSY = 90;
const MOST_LEGS = 6;

/**
 * Knows the state of every proxy at every moment, who is banned where, how fast each is and how often it fails; not the fate of a
 * single attempt. It uses the same index, cut and hedge as the adaptive policy: what it does better is the worth of knowing.
 */
export class Oracle implements Contestant, AttemptOwner {
  readonly #arena: Arena;
  readonly #curve: KnownCurve;
  /** By host, best first. */
  readonly #cells: Cell[][];
  readonly #wake: Wake;
  readonly #lines = new Lines<Work>();
  readonly #legs = new Map<Attempt, Work>();
  #tokens = 0;

  constructor(arena: Arena) {
    const { population, world } = arena;
    this.#arena = arena;
    this.#wake = new Wake(arena.clock, () => this.#dispatch());
    const mean = (world.success[0] + world.success[1]) / 2;
    this.#curve = new KnownCurve((r) => normalShare(Math.log(r) / world.sigma), mean, (1 - mean) / 2);
    this.#cells = Array.from({ length: HOSTS }, (_, host) => {
      const cells: Cell[] = [];
      for (let proxy = 0; proxy < population.size; proxy++) {
        if (population.everAlive[proxy] === 0 || population.isBanned(proxy, host)) continue;
        const medianMs = population.medianMs[proxy];
        const best = this.#curve.best(population.success[proxy], medianMs / 1_000, ATTEMPT_MS / 1_000);
        cells.push({ proxy, host, index: best.index, cutMs: Math.max(300, best.at * 1_000), medianMs, readyAt: 0 });
      }
      return cells.sort((a, b) => b.index - a.index);
    });
  }

  submit(task: Task): void {
    this.#tokens = Math.min(60, this.#tokens + BUDGET);
    this.#lines.pushTail(Object.assign(task, { legs: new Map(), hedgeTimer: undefined }));
    this.#dispatch();
  }

  ended(attempt: Attempt, outcome: Outcome): void {
    const task = this.#legs.get(attempt) as Work;
    this.#leave(attempt, task);
    if (outcome === "success") {
      for (const loser of [...task.legs.keys()]) {
        this.#arena.network.cancel(loser);
        this.#leave(loser, task);
      }
      this.#arena.clock.clearTimeout(task.hedgeTimer);
      this.#arena.done(task);
    } else if (task.legs.size === 0) {
      this.#arena.clock.clearTimeout(task.hedgeTimer);
      this.#lines.pushHead(task);
    }
    this.#dispatch();
  }

  #leave(attempt: Attempt, task: Work): void {
    this.#legs.delete(attempt);
    task.legs.delete(attempt);
  }

  #dispatch(): void {
    while (this.#legs.size < IN_FLIGHT && this.#lines.size > 0) {
      const saturated = this.#lines.size > IN_FLIGHT - this.#legs.size;
      let best: Cell | undefined;
      let most = 0;
      for (let host = 0; host < HOSTS; host++) {
        const head = this.#lines.head(host);
        if (head === undefined) continue;
        const cell = this.#best(host);
        if (cell === undefined) continue;
        const weight = saturated ? this.#lines.at(host) * cell.index : this.#arena.clock.now() - head.bornAt + 1;
        if (weight <= most) continue;
        most = weight;
        best = cell;
      }
      if (best === undefined) break;
      const task = this.#lines.takeHead(best.host);
      this.#send(task, best);
      if (!saturated) this.#armHedge(task, best);
    }
    if (this.#lines.size > 0 && this.#legs.size < IN_FLIGHT) this.#wake.by(this.#arena.clock.now() + 50);
  }

  #best(host: number, but?: Work): Cell | undefined {
    const now = this.#arena.clock.now();
    const used = but === undefined ? undefined : new Set([...but.legs.values()].map((cell) => cell.proxy));
    return this.#cells[host].find((cell) => cell.readyAt <= now && this.#arena.population.isUp(cell.proxy, now) && used?.has(cell.proxy) !== true);
  }

  #send(task: Work, cell: Cell): void {
    const weight = Math.min(1, Math.max(0, (this.#legs.size / IN_FLIGHT - 0.5) / 0.45));
    this.#tokens = Math.max(-60, this.#tokens - 1);
    cell.readyAt = this.#arena.clock.now() + SPACING_MS;
    const attempt = this.#arena.network.begin(cell.proxy, cell.host, this, cell.cutMs ** weight * ATTEMPT_MS ** (1 - weight));
    this.#legs.set(attempt, task);
    task.legs.set(attempt, cell);
  }

  #armHedge(task: Work, cell: Cell): void {
    const share = Math.min(0.95, Math.max(0.4, 0.6 - this.#tokens / 100));
    const delayMs = cell.medianMs * this.#curve.quantile(share);
    this.#arena.clock.clearTimeout(task.hedgeTimer);
    task.hedgeTimer = this.#arena.clock.setTimeout(() => {
      if (task.legs.size === 0) return;
      const room = this.#lines.at(task.host) === 0 && this.#legs.size < BUSY && task.legs.size < MOST_LEGS;
      const next = room ? this.#best(task.host, task) : undefined;
      if (next !== undefined) this.#send(task, next);
      this.#armHedge(task, next ?? cell);
    }, delayMs);
  }
}

/** The normal distribution function, by Abramowitz and Stegun 7.1.26; good to 1e-7. */
function normalShare(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.327_591_1 * z);
  const erf = 1 - t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429)))) * Math.exp(-z * z);
  return x >= 0 ? (1 + erf) / 2 : (1 - erf) / 2;
}
