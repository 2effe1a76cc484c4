import { seededRandom } from "@multihome/core/testing";
import { between, exponential, normal, streamOf } from "./world-chance.ts";
import { HOSTS, type World } from "./world-parameters.ts";

/** The truth about every proxy of a world: what a policy has to find out. */
export class Population {
  readonly world: World;
  readonly size: number;
  /** Median latency of each, in milliseconds. */
  readonly medianMs: Float64Array;
  /** Likelihood of success of each, while it is up and the host takes it. */
  readonly success: Float64Array;
  readonly refuses: Uint8Array;
  /** By proxy × host. */
  readonly banned: Uint8Array;
  readonly everAlive: Uint8Array;
  readonly #up: Uint8Array;
  readonly #flipAt: Float64Array;
  /** One of its own for each proxy that flaps, so that its life does not depend on when somebody looks. */
  readonly #lives: ((() => number) | undefined)[] = [];
  readonly #meanUpMs: number;
  readonly #meanDownMs: number;

  constructor(world: World, seed: number) {
    const random = streamOf(seed, "population");
    const size = world.proxies;
    this.world = world;
    this.size = size;
    this.medianMs = new Float64Array(size);
    this.success = new Float64Array(size);
    this.refuses = new Uint8Array(size);
    this.banned = new Uint8Array(size * HOSTS);
    this.everAlive = new Uint8Array(size);
    this.#up = new Uint8Array(size);
    this.#flipAt = new Float64Array(size).fill(Infinity);
    this.#meanUpMs = (world.medianUpMinutes * 60_000) / Math.LN2;
    this.#meanDownMs = (this.#meanUpMs * (1 - world.upShare)) / world.upShare;
    const { median, sigma, range: [shortest, longest] } = world.latency;
    for (let proxy = 0; proxy < size; proxy++) {
      this.medianMs[proxy] = Math.min(longest, Math.max(shortest, median * Math.exp(sigma * normal(random)))) * 1_000;
      this.success[proxy] = between(world.success, random);
      this.refuses[proxy] = random() < world.refuse ? 1 : 0;
      for (let host = 0; host < HOSTS; host++) this.banned[proxy * HOSTS + host] = random() < world.banned[host] ? 1 : 0;
      this.#lives.push(seededRandom(Math.floor(random() * 2 ** 32)));
    }
    // So many, not each with that likelihood: a small world has as many as its share says.
    for (const proxy of shuffled(size, random).slice(0, Math.round(size * world.everAlive))) this.everAlive[proxy] = 1;
    for (let proxy = 0; proxy < size; proxy++) this.#begin(proxy);
  }

  isUp(proxy: number, now: number): boolean {
    if (now >= this.#flipAt[proxy]) this.#live(proxy, now);
    return this.#up[proxy] === 1;
  }

  isBanned(proxy: number, host: number): boolean {
    return this.banned[proxy * HOSTS + host] === 1;
  }

  #begin(proxy: number): void {
    const life = this.#lives[proxy] as () => number;
    if (this.everAlive[proxy] === 0) {
      this.#lives[proxy] = undefined;
      return;
    }
    const up = life() < this.world.upShare;
    this.#up[proxy] = up ? 1 : 0;
    if (this.#meanUpMs === Infinity) this.#lives[proxy] = undefined;
    else this.#flipAt[proxy] = exponential(life) * (up ? this.#meanUpMs : this.#meanDownMs);
  }

  #live(proxy: number, now: number): void {
    const life = this.#lives[proxy] as () => number;
    while (this.#flipAt[proxy] <= now) {
      this.#up[proxy] ^= 1;
      this.#flipAt[proxy] += exponential(life) * (this.#up[proxy] === 1 ? this.#meanUpMs : this.#meanDownMs);
    }
  }
}

function shuffled(size: number, random: () => number): number[] {
  const order = Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
