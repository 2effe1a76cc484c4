import type { Clock, Counter, Ledger, Reservation } from "../../../src/index.ts";
import { seededRandom } from "../../../src/testing/index.ts";

/** A ledger for programs of any kind: it counts what is open and nothing else, and may be slow, silent, or out of its mind. */
export class FlakyLedger implements Ledger {
  readonly open = new Set<number>();
  readonly wrong: string[] = [];
  calm = false;
  closed = false;
  readonly #clock: Clock;
  readonly #mode: "sync" | "async" | "faulty";
  readonly #random: () => number;
  #tokens = 0;

  constructor(mode: "sync" | "async" | "faulty", clock: Clock, seed: number) {
    this.#mode = mode;
    this.#clock = clock;
    this.#random = seededRandom(seed);
  }

  tryReserve(counters: Counter[]): Reservation | "unknown" {
    this.#look("tryReserve", counters);
    if (this.calm || this.#mode === "sync") return this.#grant();
    const die = this.#random();
    if (this.#mode === "async") return die < 0.7 ? "unknown" : this.#grant();
    if (die < 0.3) return "unknown";
    if (die < 0.45) throw new Error("no");
    if (die < 0.55) return undefined as unknown as Reservation;
    if (die < 0.7) return { ok: false, limit: counters[0].key, retryAfterMs: Math.floor(this.#random() * 3) * 400 };
    return this.#grant();
  }

  async reserve(counters: Counter[], signal?: AbortSignal): Promise<Reservation> {
    this.#look("reserve", counters);
    const die = this.calm ? 1 : this.#random();
    if (die < 0.6) await this.#wait(Math.floor(this.#random() * 4) * 90 + 1);
    if (this.#mode === "faulty" && !this.calm) {
      if (die < 0.1) throw new Error("no");
      if (die < 0.2) await this.#wait(20_000);
      if (die < 0.3) return { ok: false, limit: "nobody's", retryAfterMs: 30 };
    }
    if (signal?.aborted === true && die < 0.4) throw new Error("aborted");
    return this.#grant();
  }

  settle(token: unknown, units: number[]): void {
    if (!this.open.delete(token as number)) this.wrong.push(`token ${String(token)} was settled twice, or never given out`);
    if (this.closed) this.wrong.push(`token ${String(token)} was settled after close`);
    if (units.some((one) => !(one >= 0))) this.wrong.push(`settled ${units.join(" ")}`);
    if (this.#mode === "faulty" && this.#random() < 0.1) throw new Error("no");
  }

  observe(): void {}
  pause(): void {}

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #grant(): Reservation {
    if (this.closed) return { ok: false, limit: "closed", retryAfterMs: 1_000 };
    this.open.add(++this.#tokens);
    return { ok: true, token: this.#tokens };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, ms));
  }

  #look(call: string, counters: Counter[]): void {
    if (counters.length === 0 || counters.some(({ units, limit, perMs }) => !(units >= 0 && limit > 0 && perMs > 0))) this.wrong.push(`${call} of ${JSON.stringify(counters)}`);
  }
}
