import type { Clock } from "@multihome/core";
import type { CounterState } from "./counter-state.ts";
import type { Keys } from "./keys.ts";
import { unref } from "./own-link.ts";
import { CORRECT } from "./other-scripts.ts";
import type { Store } from "./store.ts";

/** Corrections are gathered for so long: an answer's header and what it gave back go together. */
const GATHER_MS = 10;
const MOST_A_CALL = 100;
/** Kept while the store is away; more counters than that, and the oldest debts are forgotten. */
const MOST = 20_000;

interface Correction {
  readonly state: CounterState;
  readonly place: number;
  add: number;
  top: number;
}

/** What the store has to be told after the fact. Giving back is tried once: what is unknown counts as spent. What was spent is kept until it is told. */
export class Corrections {
  readonly #pending = new Map<string, Correction>();
  readonly #clock: Clock;
  readonly #store: () => Store;
  readonly #keys: Keys;
  readonly #epochOf: (target: string) => string;
  readonly #notAfter: () => string;
  readonly #flowOf: (state: CounterState) => number;
  readonly #isShared: () => boolean;
  #timer: unknown;
  #flushing: Promise<void> | undefined;

  constructor(parts: { clock: Clock; store: () => Store; keys: Keys; epochOf: (target: string) => string; notAfter: () => string; flowOf: (state: CounterState) => number; isShared: () => boolean }) {
    this.#clock = parts.clock;
    this.#store = parts.store;
    this.#keys = parts.keys;
    this.#epochOf = parts.epochOf;
    this.#notAfter = parts.notAfter;
    this.#flowOf = parts.flowOf;
    this.#isShared = parts.isShared;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** @param place 0 on what slides: as if it were now */
  add(state: CounterState, place: number, add: number, top = 0): void {
    const name = `${place} ${state.storeKey}`;
    const known = this.#pending.get(name);
    if (known === undefined) {
      if (this.#pending.size >= MOST) this.#forgetOne();
      this.#pending.set(name, { state, place, add, top });
    } else {
      known.add += add;
      known.top = Math.max(known.top, top);
    }
    this.#arm();
  }

  /** The store has lost its memory, and was told everything that is known of these counters. */
  forget(target: string): void {
    for (const [name, { state }] of this.#pending) if (state.target === target) this.#pending.delete(name);
  }

  /** Everything, now. Rejects where the store did not take it. */
  async flush(): Promise<void> {
    while (this.#pending.size > 0 || this.#flushing !== undefined) {
      if (this.#flushing !== undefined) await this.#flushing;
      else {
        this.#flushing = this.#send().finally(() => {
          this.#flushing = undefined;
        });
        await this.#flushing;
      }
    }
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      // While the store is away they wait for its return, which flushes: sent again and again to one that is frozen, they would be counted as often.
      if (this.#isShared()) this.flush().catch(() => undefined);
    }, GATHER_MS);
    unref(this.#timer);
  }

  async #send(): Promise<void> {
    for (const [target, list] of this.#byTarget()) {
      for (let from = 0; from < list.length; from += MOST_A_CALL) {
        const part = list.slice(from, from + MOST_A_CALL);
        const keys = [this.#keys.epoch(target), this.#keys.recalled(target), ...part.map(({ state }) => state.storeKey)];
        const args = [this.#epochOf(target), this.#notAfter()];
        part.forEach(({ state, place, add, top }, i) => args.push(String(i + 1), state.align[0], String(state.perMs), String(state.limit), String(this.#flowOf(state)), String(place), String(Math.ceil(add)), String(Math.ceil(top))));
        try {
          await this.#store().ask(CORRECT, keys, args);
        } catch (error) {
          for (const { state, place, add, top } of list.slice(from)) if (add > 0 || top > 0) this.#keep(state, place, Math.max(0, add), top);
          throw error;
        }
      }
    }
  }

  #byTarget(): Map<string, Correction[]> {
    const byTarget = new Map<string, Correction[]>();
    for (const correction of this.#pending.values()) {
      if (correction.add === 0 && correction.top === 0) continue;
      const list = byTarget.get(correction.state.target);
      if (list === undefined) byTarget.set(correction.state.target, [correction]);
      else list.push(correction);
    }
    this.#pending.clear();
    return byTarget;
  }

  #keep(state: CounterState, place: number, add: number, top: number): void {
    const name = `${place} ${state.storeKey}`;
    const known = this.#pending.get(name);
    if (known === undefined) this.#pending.set(name, { state, place, add, top });
    else {
      known.add += add;
      known.top = Math.max(known.top, top);
    }
  }

  #forgetOne(): void {
    const oldest = this.#pending.keys().next();
    if (oldest.done !== true) this.#pending.delete(oldest.value);
  }
}
