import { normal, streamOf } from "./chance.ts";
import type { Population } from "./population.ts";
import { SimEvent, type SimClock } from "./sim-clock.ts";
import type { World } from "./worlds.ts";

/**
 * What became of an attempt: `refused` by the proxy before anything was sent, `blocked` by an answer that is none, or `late`,
 * where it was given up after the time that its policy gave it.
 */
export type Outcome = "success" | "blocked" | "refused" | "late";

export interface AttemptOwner {
  ended(attempt: Attempt, outcome: Outcome): void;
}

/** The time that connecting through a proxy takes of an answer's: its own connection, its handshake, its way to the target, TLS. */
const CONNECT_SHARE = 0.5;

export class Attempt extends SimEvent {
  readonly proxy: number;
  readonly host: number;
  readonly startedAt: number;
  readonly owner: AttemptOwner;
  outcome: Outcome = "late";
  /** When its request would leave this machine: until then it is certain that nothing was sent. */
  connectedAt = Infinity;

  /** Its outcome has come. */
  ended = false;

  constructor(proxy: number, host: number, startedAt: number, owner: AttemptOwner) {
    super();
    this.proxy = proxy;
    this.host = host;
    this.startedAt = startedAt;
    this.owner = owner;
  }

  override fire(): void {
    this.ended = true;
    this.owner.ended(this, this.outcome);
  }
}

/** The net between a policy and the hosts: every attempt goes through here, and is counted. */
export class Network {
  attempts = 0;
  readonly population: Population;
  readonly #clock: SimClock;
  readonly #random: () => number;
  readonly #outage: World["outage"];

  constructor(population: Population, clock: SimClock, seed: number) {
    this.population = population;
    this.#clock = clock;
    this.#random = streamOf(seed, "network");
    this.#outage = population.world.outage;
  }

  /** @param limitMs how long its owner waits for it; `Infinity`: it is stopped by its owner */
  begin(proxy: number, host: number, owner: AttemptOwner, limitMs: number): Attempt {
    this.attempts++;
    const now = this.#clock.now();
    const attempt = new Attempt(proxy, host, now, owner);
    let ms = this.#plan(attempt, now);
    if (ms > limitMs) {
      attempt.outcome = "late";
      ms = limitMs;
    }
    if (ms !== Infinity) this.#clock.add(attempt, ms);
    return attempt;
  }

  cancel(attempt: Attempt): void {
    this.#clock.remove(attempt);
  }

  /** Sets what will become of it and answers when. Every draw is made in any case, so that one attempt's luck does not shift the next one's. */
  #plan(attempt: Attempt, now: number): number {
    const { population } = this;
    const { proxy, host } = attempt;
    const random = this.#random;
    const refusedMs = 50 + 400 * random();
    const latencyMs = population.medianMs[proxy] * Math.exp(population.world.sigma * normal(random));
    const good = random() < population.success[proxy];
    const answersAnyway = random() < 0.5;
    if (this.#isOut(now)) return Infinity;
    if (!population.isUp(proxy, now)) {
      if (population.refuses[proxy] === 0) return Infinity;
      attempt.outcome = "refused";
      return this.#isOut(now + refusedMs) ? Infinity : refusedMs;
    }
    attempt.connectedAt = now + latencyMs * CONNECT_SHARE;
    if (this.#isOut(attempt.connectedAt)) attempt.connectedAt = Infinity;
    // No answer crosses a moment at which there is no network.
    if (this.#isOut(now + latencyMs)) return Infinity;
    if (population.isBanned(proxy, host)) attempt.outcome = "blocked";
    else if (good) attempt.outcome = "success";
    else if (answersAnyway) attempt.outcome = "blocked";
    else return Infinity;
    return latencyMs;
  }

  #isOut(at: number): boolean {
    if (this.#outage === undefined) return false;
    const { everySeconds, forSeconds } = this.#outage;
    return at % (everySeconds * 1_000) >= (everySeconds - forSeconds) * 1_000;
  }
}
