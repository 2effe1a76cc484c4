import { binanceSpotPrice, createExchangeCore, ManualClock, seededRandom, type ExchangeAnswer, type ExchangeCore } from "@multihome/core/testing";
import { nextRequest, type Asked } from "./requests.ts";

export const LIMIT = 6_000;
export const WINDOW_MS = 60_000;
export const ADDRESSES = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];

export interface WorldOptions {
  readonly name: string;
  readonly about: string;
  /** One way, each way, in milliseconds. */
  readonly delayMs: readonly [least: number, most: number];
  /** What another program does with every address. */
  readonly others?: "steady" | "periodic" | "bursts" | "on-the-minute" | "client";
  readonly serverAheadMs?: number;
  /** How often the program is killed and started again. */
  readonly kills?: number;
  /** It is not killed but closed, and may remember things in a file. */
  readonly orderly?: boolean;
  /** Between a kill and the next start. */
  readonly downMs?: number;
}

export interface WorldResult {
  /** Of the weight that was there and left by others, what got an answer and no refusal: 1 is all. */
  share: number;
  /** The same of all that the addresses have. */
  ofAll: number;
  limited: number;
  banned: number;
  bans: number;
  /** Requests of others that found no room. */
  othersRefused: number;
  requests: number;
}

/** An exchange, the way to it, and others who use the same addresses. All randomness comes from the seed. */
export class World {
  readonly options: WorldOptions;
  readonly clock: ManualClock;
  readonly core: ExchangeCore;
  readonly random: () => number;
  readonly #way: () => number;
  readonly #others: () => number;
  #life = 0;
  #requests = 0;
  /** Weight that was answered, by the window in which it was counted. */
  readonly #served = new Map<number, number>();
  #limited = 0;
  #banned = 0;
  #othersRefused = 0;

  constructor(options: WorldOptions, seed: number) {
    this.options = options;
    // Not at a turn of the minute, as programs start.
    this.clock = new ManualClock({ now: 1_000, wallTime: Date.UTC(2026, 0, 1, 0, 0, 17, 230) });
    this.random = seededRandom(seed);
    this.#way = seededRandom(seed + 1_000);
    this.#others = seededRandom(seed + 2_000);
    this.core = createExchangeCore({ clock: this.clock, clockOffsetMs: options.serverAheadMs ?? 0 });
    if (options.others !== undefined) for (const address of ADDRESSES) this.#share(address, options.others);
  }

  nextRequest(): Asked {
    return nextRequest(this.random);
  }

  /** One exchange from an address. Never answers to a program that has been killed in between. */
  exchange(address: string, asked: Asked): Promise<ExchangeAnswer> {
    const life = this.#life;
    return new Promise((resolve) => {
      this.clock.setTimeout(() => {
        const answer = this.core.handle({ ...asked, address });
        this.#requests++;
        if (answer.status === 429) this.#limited++;
        if (answer.status === 418) this.#banned++;
        if (answer.status === 200) {
          const window = Math.floor(this.core.serverTime() / WINDOW_MS);
          this.#served.set(window, (this.#served.get(window) ?? 0) + (binanceSpotPrice({ ...asked, address })?.weight ?? 0));
        }
        this.clock.setTimeout(() => {
          if (life === this.#life) resolve(answer);
        }, this.#delay());
      }, this.#delay());
    });
  }

  /** The program is killed: what it has sent arrives, and nobody hears the answers. */
  kill(): void {
    this.#life++;
  }

  /** What came of it, in whole windows from the first that begins after `from`. */
  result(from: number, minutes: number): WorldResult {
    const books = this.core.books();
    const first = Math.ceil(from / WINDOW_MS);
    const all = ADDRESSES.length * minutes * LIMIT;
    let served = 0;
    for (let window = first; window < first + minutes; window++) served += this.#served.get(window) ?? 0;
    let foreign = 0;
    for (const { windows } of Object.values(books.addresses)) {
      for (const window of windows) if (window.startsAt >= first * WINDOW_MS && window.startsAt < (first + minutes) * WINDOW_MS) foreign += window.foreign;
    }
    return { share: served / (all - foreign), ofAll: served / all, limited: this.#limited, banned: this.#banned, bans: books.totals.bans, othersRefused: this.#othersRefused, requests: this.#requests };
  }

  #delay(): number {
    const [least, most] = this.options.delayMs;
    return least + this.#way() * (most - least);
  }

  /** Another program that spends a fifth of what the address has, whether there is room for it or not. */
  #share(address: string, how: NonNullable<WorldOptions["others"]>): void {
    const random = this.#others;
    const spend = (weight: number): void => {
      const refused = this.core.used(address) + weight > LIMIT;
      if (refused) this.#othersRefused++;
      // A client keeps its own count of what the headers say, and lets it be; the others go on regardless.
      if (!refused || how !== "client") this.core.spend(address, weight);
    };
    const every = (waitMs: () => number, act: () => void): void => {
      const again = (): void => {
        act();
        this.clock.setTimeout(again, waitMs());
      };
      this.clock.setTimeout(again, waitMs());
    };
    switch (how) {
      case "steady":
      case "client":
        // 20 a second, in small requests.
        every(() => 250 + random() * 500, () => spend(2 + Math.floor(random() * 17)));
        return;
      case "periodic":
        // 200 at once, every ten seconds.
        every(() => 9_900 + random() * 200, () => {
          for (let i = 0; i < 10; i++) spend(20);
        });
        return;
      case "bursts":
        // 200 at once, six times a minute on average, whenever it likes.
        every(() => -Math.log(1 - random()) * 10_000, () => {
          for (let i = 0; i < 10; i++) spend(20);
        });
        return;
      case "on-the-minute":
        // Everything within two seconds of the turn.
        every(
          () => WINDOW_MS - (this.core.serverTime() % WINDOW_MS) + 20 + random() * 100,
          () => {
            for (let i = 0; i < 20; i++) this.clock.setTimeout(() => spend(60), i * 100);
          },
        );
        return;
      default: {
        const never: never = how;
        throw new TypeError(`Unknown ${String(never)}.`);
      }
    }
  }
}
