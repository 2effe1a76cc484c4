import type { Engine } from "./engine.ts";
import { RECALL } from "./other-scripts.ts";
import type { TargetState } from "./targets.ts";

/** Counters a call; a process with more tells the most recent ones. */
const MOST = 500;

/**
 * What the store would know if it had not lost its memory. Every process remembers what it has spent itself, and what the server told it;
 * together that is everything, except for what processes spent that were gone before the store was, where no server tells. Until all that were lately seen have spoken, windows
 * are taken to be full.
 */
export class Memory {
  readonly #engine: Engine;
  readonly #recalling = new Set<TargetState>();
  #epochs = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** A name for a memory of the store that nobody has named yet. */
  newEpoch(): string {
    return `${this.#engine.name}.${(++this.#epochs).toString(36)}`;
  }

  /** What a target's epoch should be; "-" where all its windows have ended since, so that nothing can have been lost. */
  expected(target: TargetState, now: number): string {
    return now - target.epochAt > target.longestMs ? "-" : target.epoch;
  }

  /** An answer about a target names its epoch, and may ask for what we know. */
  speaks(target: TargetState, epoch: string, recall: boolean, now: number): void {
    // A process that has never spoken of this target has nothing to say of it.
    if (recall && target.epoch !== "-") {
      void this.#recall(target, now).catch(() => undefined);
      return;
    }
    target.epoch = epoch;
    target.epochAt = now;
    target.jumped = false;
  }

  /** The store's clock is another: keys of windows that still run may be gone. */
  jumped(): void {
    for (const target of this.#engine.targets.all()) target.jumped = true;
    void this.check().catch(() => undefined);
  }

  /** The store may be another one than before. Rejects where it cannot be told what we know. */
  async check(): Promise<void> {
    const now = this.#engine.clock.now();
    for (const target of this.#engine.targets.all()) if (this.expected(target, now) !== "-") await this.#recall(target, now);
  }

  async #recall(target: TargetState, now: number): Promise<void> {
    if (this.#recalling.has(target)) return;
    this.#recalling.add(target);
    try {
      await this.#tell(target, now);
    } finally {
      this.#recalling.delete(target);
    }
  }

  async #tell(target: TargetState, now: number): Promise<void> {
    const { clock, corrections, name, processes, store, targets } = this.#engine;
    const keys = [target.epochKey, target.recalledKey];
    const args = [this.expected(target, now), this.newEpoch(), name, String(Math.max(1, processes)), target.jumped ? "1" : "0"];
    const states = [...targets.counters()].filter((state) => state.target === target.name && now - state.usedAt <= state.perMs);
    for (const state of states.sort((a, b) => b.usedAt - a.usedAt).slice(0, MOST)) {
      keys.push(state.storeKey);
      const tell = (place: number, add: number, top: number): void => {
        args.push(String(keys.length - 2), state.align[0], String(state.perMs), String(state.limit), String(state.limit), String(place), String(Math.ceil(add)), String(Math.ceil(Math.max(top, add))));
      };
      for (const [place, units] of state.local.entries(now)) {
        const told = state.toldOfWindow(place, now);
        if (units > 0 || told > 0) tell(place, units, told);
      }
    }
    const answer = await store.ask(RECALL, keys, args);
    this.#engine.heard(answer);
    if (answer.words[0] !== "ok") return;
    target.epoch = answer.words[2];
    target.epochAt = clock.now();
    target.jumped = false;
    if (answer.words[3] !== "1") return;
    this.#engine.tell("memory-lost", `The store has lost what it had counted for ${target.name}; until every process has said what it has spent, windows are taken to be full.`, target.name);
    // Told just now, with everything else.
    corrections.forget(target.name);
    this.#engine.tellPausesOf(target.name);
  }
}
