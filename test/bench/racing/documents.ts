import type { Arena, Contestant, Task } from "./arena.ts";
import { streamOf } from "../../support/world-chance.ts";
import { Lines } from "./lines.ts";
import type { Attempt, AttemptOwner, Outcome } from "./network.ts";
import { Wake } from "./wake.ts";
import { ATTEMPT_MS, HOSTS, IN_FLIGHT, SPACING_MS } from "../../support/world-parameters.ts";

export interface DocumentsRules {
  readonly width: number;
  /** Share of legs that go to a proxy of which nothing is known at that host. */
  readonly explore: number;
  /** `all`: a race waits until all its legs have a place in flight. `one`: it starts with one and takes what else is free. */
  readonly places: "all" | "one";
  /** What is added to a score by chance, at most. */
  readonly jitter: number;
}

export const DOCUMENTS: DocumentsRules = { width: 3, explore: 0, places: "all", jitter: 0.01 };

const WINDOW = 30;
const COOLDOWN_AFTER = 3;
const COOLDOWNS_MS = [30_000, 60_000, 120_000, 300_000];
const DEAD_AFTER = 30;
const REFRESH_MS = 600_000;

interface Racing extends Task {
  readonly legs: Map<Attempt, number>;
}

/** The documents' policy: three legs a task to the three best scores, cooldowns, back to the tail. */
export class Documents implements Contestant, AttemptOwner {
  readonly #arena: Arena;
  readonly #rules: DocumentsRules;
  readonly #random: () => number;
  readonly #wake: Wake;
  readonly #lines = new Lines<Racing>();
  readonly #tasks = new Map<Attempt, Racing>();
  // By proxy × host.
  readonly #history: Uint32Array;
  readonly #outcomes: Uint8Array;
  readonly #rate: Float64Array;
  readonly #inARow: Uint16Array;
  readonly #cooldowns: Uint8Array;
  readonly #readyAt: Float64Array;
  readonly #lastSuccess: Float64Array;
  // By proxy.
  readonly #successes: Uint32Array;
  readonly #samples: Uint32Array;
  readonly #dead: Uint8Array;
  #turn = 0;

  constructor(arena: Arena, rules: DocumentsRules = DOCUMENTS) {
    const { proxies } = arena.world;
    const cells = proxies * HOSTS;
    this.#arena = arena;
    this.#rules = rules;
    this.#random = streamOf(arena.seed, "policy");
    this.#wake = new Wake(arena.clock, () => this.#dispatch());
    this.#history = new Uint32Array(cells);
    this.#outcomes = new Uint8Array(cells);
    this.#rate = new Float64Array(cells).fill(0.5);
    this.#inARow = new Uint16Array(cells);
    this.#cooldowns = new Uint8Array(cells);
    this.#readyAt = new Float64Array(cells);
    this.#lastSuccess = new Float64Array(cells).fill(-Infinity);
    this.#successes = new Uint32Array(proxies);
    this.#samples = new Uint32Array(proxies);
    this.#dead = new Uint8Array(proxies);
    // The list is read again every ten minutes: what was dead gets its chance, as if it were new.
    const refresh = (): void => {
      for (let proxy = 0; proxy < proxies; proxy++) if (this.#dead[proxy] === 1) this.#dead[proxy] = this.#samples[proxy] = 0;
      arena.clock.setTimeout(refresh, REFRESH_MS);
    };
    arena.clock.setTimeout(refresh, REFRESH_MS);
  }

  submit(task: Task): void {
    this.#lines.pushTail(Object.assign(task, { legs: new Map() }));
    this.#dispatch();
  }

  ended(attempt: Attempt, outcome: Outcome): void {
    const task = this.#tasks.get(attempt) as Racing;
    this.#leave(attempt, task);
    this.#record(attempt, outcome === "success");
    if (outcome === "success") {
      for (const loser of [...task.legs.keys()]) {
        this.#arena.network.cancel(loser);
        this.#leave(loser, task);
      }
      this.#arena.done(task);
    } else if (task.legs.size === 0) {
      this.#lines.pushTail(task);
    }
    this.#dispatch();
  }

  #leave(attempt: Attempt, task: Racing): void {
    this.#tasks.delete(attempt);
    task.legs.delete(attempt);
  }

  #dispatch(): void {
    let idle = 0;
    let wakeAt = Infinity;
    while (idle < HOSTS) {
      const free = IN_FLIGHT - this.#tasks.size;
      if (free <= 0) return;
      const host = this.#turn % HOSTS;
      if (this.#lines.at(host) > 0) {
        if (this.#rules.places === "all" && free < this.#rules.width) return;
        const chosen = this.#choose(host, Math.min(free, this.#rules.width));
        if (chosen.length > 0) {
          this.#race(this.#lines.takeHead(host), chosen);
          idle = -1;
        } else {
          wakeAt = Math.min(wakeAt, this.#firstReady);
        }
      }
      this.#turn++;
      idle++;
    }
    if (wakeAt !== Infinity) this.#wake.by(wakeAt);
  }

  #race(task: Racing, chosen: readonly number[]): void {
    const now = this.#arena.clock.now();
    for (const proxy of chosen) {
      this.#readyAt[proxy * HOSTS + task.host] = now + SPACING_MS;
      const attempt = this.#arena.network.begin(proxy, task.host, this, ATTEMPT_MS);
      this.#tasks.set(attempt, task);
      task.legs.set(attempt, proxy);
    }
  }

  /** When the first cell of the last host that was asked for is ready, where none was. */
  #firstReady = Infinity;

  /** The best scores among those that are ready, each leg with its chance of going to one that nobody knows. */
  #choose(host: number, width: number): number[] {
    const now = this.#arena.clock.now();
    const { explore, jitter } = this.#rules;
    const best: number[] = [];
    const scores: number[] = [];
    let unknown = -1;
    let unknowns = 0;
    this.#firstReady = Infinity;
    for (let proxy = 0, cell = host; proxy < this.#dead.length; proxy++, cell += HOSTS) {
      if (this.#dead[proxy] === 1) continue;
      if (this.#readyAt[cell] > now) {
        if (this.#readyAt[cell] < this.#firstReady) this.#firstReady = this.#readyAt[cell];
        continue;
      }
      if (this.#outcomes[cell] === 0 && this.#random() * ++unknowns < 1) unknown = proxy;
      const score = this.#score(proxy, cell, now) + jitter * this.#random();
      let at = best.length;
      if (at >= width && score <= scores[at - 1]) continue;
      while (at > 0 && scores[at - 1] < score) at--;
      best.splice(at, 0, proxy);
      scores.splice(at, 0, score);
      if (best.length > width) best.length = scores.length = width;
    }
    if (unknown >= 0 && !best.includes(unknown) && best.length > 0 && this.#random() < 1 - (1 - explore) ** best.length) best[best.length - 1] = unknown;
    return best;
  }

  #score(proxy: number, cell: number, now: number): number {
    const global = this.#samples[proxy] === 0 ? 0.5 : this.#successes[proxy] / this.#samples[proxy];
    const minutes = (now - this.#lastSuccess[cell]) / 60_000;
    return 0.5 * this.#rate[cell] + 0.3 * global + 0.2 / (1 + minutes);
  }

  #record({ proxy, host }: Attempt, success: boolean): void {
    const now = this.#arena.clock.now();
    const cell = proxy * HOSTS + host;
    const kept = Math.min(WINDOW, this.#outcomes[cell] + 1);
    this.#outcomes[cell] = kept;
    this.#history[cell] = ((this.#history[cell] << 1) | (success ? 1 : 0)) & (2 ** WINDOW - 1);
    this.#rate[cell] = bits(this.#history[cell]) / kept;
    this.#samples[proxy]++;
    if (success) {
      this.#successes[proxy]++;
      this.#lastSuccess[cell] = now;
      this.#inARow[cell] = this.#cooldowns[cell] = 0;
      return;
    }
    if (++this.#inARow[cell] >= COOLDOWN_AFTER) {
      const restMs = COOLDOWNS_MS[Math.min(this.#cooldowns[cell]++, COOLDOWNS_MS.length - 1)];
      this.#readyAt[cell] = Math.max(this.#readyAt[cell], now + restMs);
    }
    if (this.#successes[proxy] === 0 && this.#samples[proxy] >= DEAD_AFTER) this.#dead[proxy] = 1;
  }
}

function bits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
