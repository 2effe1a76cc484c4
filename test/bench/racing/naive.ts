import type { Arena, Contestant, Task } from "./arena.ts";
import { streamOf } from "../../support/world-chance.ts";
import { Lines } from "./lines.ts";
import type { Attempt, AttemptOwner, Outcome } from "./network.ts";
import { Wake } from "./wake.ts";
import { ATTEMPT_MS, HOSTS, IN_FLIGHT, SPACING_MS } from "../../support/world-parameters.ts";

/** Says which proxy is next for a host. It may be asked for one that is spaced, and is asked again then. */
type Next = (host: number) => number;

/** One leg a task, by an order that knows nothing; a failed task goes to the tail. What programs do today. */
class Naive implements Contestant, AttemptOwner {
  readonly #arena: Arena;
  readonly #next: Next;
  readonly #wake: Wake;
  readonly #lines = new Lines<Task>();
  readonly #tasks = new Map<Attempt, Task>();
  readonly #readyAt: Float64Array;
  #turn = 0;

  constructor(arena: Arena, next: Next) {
    this.#arena = arena;
    this.#wake = new Wake(arena.clock, () => this.#dispatch());
    this.#next = next;
    this.#readyAt = new Float64Array(arena.world.proxies * HOSTS);
  }

  submit(task: Task): void {
    this.#lines.pushTail(task);
    this.#dispatch();
  }

  ended(attempt: Attempt, outcome: Outcome): void {
    const task = this.#tasks.get(attempt) as Task;
    this.#tasks.delete(attempt);
    if (outcome === "success") this.#arena.done(task);
    else this.#lines.pushTail(task);
    this.#dispatch();
  }

  #dispatch(): void {
    let idle = 0;
    while (this.#tasks.size < IN_FLIGHT && idle < HOSTS) {
      const host = this.#turn++ % HOSTS;
      const proxy = this.#lines.at(host) === 0 ? -1 : this.#free(host);
      if (proxy < 0) {
        idle++;
        continue;
      }
      idle = 0;
      this.#readyAt[proxy * HOSTS + host] = this.#arena.clock.now() + SPACING_MS;
      this.#tasks.set(this.#arena.network.begin(proxy, host, this, ATTEMPT_MS), this.#lines.takeHead(host));
    }
    // Few proxies, all spaced, and nothing in flight that would wake us.
    if (this.#lines.size > 0 && this.#tasks.size < IN_FLIGHT) this.#wake.by(this.#arena.clock.now() + 50);
  }

  #free(host: number): number {
    const now = this.#arena.clock.now();
    for (let tries = 0; tries < 64; tries++) {
      const proxy = this.#next(host);
      if (this.#readyAt[proxy * HOSTS + host] <= now) return proxy;
    }
    return -1;
  }
}

export function randomContestant(arena: Arena): Contestant {
  const random = streamOf(arena.seed, "policy");
  return new Naive(arena, () => Math.floor(random() * arena.world.proxies));
}

export function roundRobinContestant(arena: Arena): Contestant {
  const last = new Int32Array(HOSTS).fill(-1);
  return new Naive(arena, (host) => (last[host] = (last[host] + 1) % arena.world.proxies));
}
