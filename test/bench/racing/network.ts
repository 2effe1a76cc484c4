import { planAttempt, type Fate } from "../../support/world-attempt.ts";
import { streamOf } from "../../support/world-chance.ts";
import type { Population } from "../../support/world-population.ts";
import { SimEvent, type SimClock } from "./sim-clock.ts";

/** What its owner hears of an attempt: `late` where it was given up after the time that its policy gave it. */
export type Outcome = Exclude<Fate, "silent"> | "late";

export interface AttemptOwner {
  ended(attempt: Attempt, outcome: Outcome): void;
}

export class Attempt extends SimEvent {
  readonly proxy: number;
  readonly host: number;
  readonly startedAt: number;
  readonly owner: AttemptOwner;
  outcome: Outcome = "late";
  /** When its request leaves this machine: until then it is certain that nothing was sent. */
  sentAt = Infinity;
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
  readonly #population: Population;
  readonly #clock: SimClock;
  readonly #random: () => number;

  constructor(population: Population, clock: SimClock, seed: number) {
    this.#population = population;
    this.#clock = clock;
    this.#random = streamOf(seed, "network");
  }

  /** @param limitMs how long its owner waits for it; `Infinity`: it is stopped by its owner */
  begin(proxy: number, host: number, owner: AttemptOwner, limitMs: number): Attempt {
    this.attempts++;
    const now = this.#clock.now();
    const attempt = new Attempt(proxy, host, now, owner);
    const { fate, endsMs, sentMs } = planAttempt(this.#population, proxy, host, now, this.#random);
    attempt.sentAt = now + sentMs;
    if (fate !== "silent" && endsMs <= limitMs) attempt.outcome = fate;
    const ms = Math.min(endsMs, limitMs);
    if (ms !== Infinity) this.#clock.add(attempt, ms);
    return attempt;
  }

  cancel(attempt: Attempt): void {
    this.#clock.remove(attempt);
  }
}
