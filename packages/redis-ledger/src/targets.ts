import type { Counter } from "@multihome/core";
import { CounterState, type Paused } from "./counter-state.ts";
import { parseName, type Keys } from "./keys.ts";

/** More counters than that, and those that were not used for longest are forgotten: accounts and instruments come from outside. */
const MOST = 20_000;

/** What is known of a target as a whole. */
export interface TargetState {
  readonly name: string;
  readonly epochKey: string;
  readonly recalledKey: string;
  /** Which memory of the store we have spoken to, and when last. */
  epoch: string;
  epochAt: number;
  longestMs: number;
  /** The store's clock has jumped since: it has to be told, for keys of windows that still run may be gone. */
  jumped: boolean;
  /** Its keys in the store are used by something else; until then it is not asked. */
  brokenUntil: number;
}

/** Every counter, pause and target that this process has to do with. */
export class Targets {
  readonly #keys: Keys;
  readonly #counters = new Map<string, CounterState>();
  readonly #paused = new Map<string, Paused>();
  readonly #targets = new Map<string, TargetState>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  get size(): number {
    return this.#counters.size;
  }

  counters(): IterableIterator<CounterState> {
    return this.#counters.values();
  }

  all(): IterableIterator<TargetState> {
    return this.#targets.values();
  }

  pausedAll(): IterableIterator<Paused> {
    return this.#paused.values();
  }

  peek(key: string): CounterState | undefined {
    return this.#counters.get(key);
  }

  of(counter: Counter): CounterState {
    const known = this.#counters.get(counter.key);
    if (known !== undefined) return known;
    const { who, target, rest } = parseName(counter.key);
    if (this.#counters.size >= MOST) this.#forget();
    const state = new CounterState(counter, { storeKey: this.#keys.counter(target, counter.key), rest, target }, this.paused(target, who));
    this.#counters.set(counter.key, state);
    return state;
  }

  target(name: string): TargetState {
    let target = this.#targets.get(name);
    if (target === undefined) {
      target = { name, epochKey: this.#keys.epoch(name), recalledKey: this.#keys.recalled(name), epoch: "-", epochAt: -Infinity, longestMs: 0, jumped: false, brokenUntil: 0 };
      this.#targets.set(name, target);
    }
    return target;
  }

  paused(target: string, who: string): Paused {
    const key = this.#keys.pauses(target, who);
    let paused = this.#paused.get(key);
    if (paused === undefined) this.#paused.set(key, (paused = { target, who, key, until: new Map() }));
    return paused;
  }

  /** An eighth of them, those used longest ago; a counter that holds a slice stays until it has been given back. */
  #forget(): void {
    const idle = [...this.#counters.values()].filter((state) => state.slice.isEmpty).sort((a, b) => a.usedAt - b.usedAt);
    for (const state of idle.slice(0, MOST / 8)) this.#counters.delete(state.key);
    const kept = new Set([...this.#counters.values()].map((state) => state.paused));
    for (const [key, paused] of this.#paused) if (!kept.has(paused) && paused.who !== "target" && paused.until.size === 0) this.#paused.delete(key);
    const named = new Set([...this.#counters.values()].map((state) => state.target));
    for (const name of this.#targets.keys()) if (!named.has(name)) this.#targets.delete(name);
  }
}
