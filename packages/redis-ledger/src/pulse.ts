import { SPAN_MS } from "./counter-state.ts";
import type { Engine } from "./engine.ts";
import { BEAT } from "./other-scripts.ts";
import { unref } from "./own-link.ts";
import type { Answer } from "./store.ts";

/** A process says that it lives so often … */
const BEAT_MS = 1_000;
/** … and asks so often whether the store is back. */
const PROBE_MS = 100;
/** Whoever has not been heard of for so long is gone. */
const REMEMBERED_MS = 5_000;

/** Says that this process lives, learns how many others do, finds out when the store is back, and gives back slices that nobody uses. */
export class Pulse {
  readonly #engine: Engine;
  #timer: unknown;
  #sweeper: unknown;
  #hurrying = false;
  #asking = false;
  #stopped = false;
  #known = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#sweep();
  }

  /** Beats now, and regularly from then on. */
  start(): void {
    this.#engine.clock.clearTimeout(this.#timer);
    this.#beat();
  }

  /** Something has failed: whether the store is there is asked sooner than it would be. */
  hurry(): void {
    if (!this.#stopped && !this.#hurrying) this.#arm(true);
  }

  async stop(leave: boolean): Promise<void> {
    const { clock, store, keys, name } = this.#engine;
    this.#stopped = true;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#sweeper);
    if (leave && store.ready) await store.ask(BEAT, [keys.processes], [name, String(REMEMBERED_MS), "1"]).catch(() => undefined);
  }

  #beat(): void {
    const { store, keys, name } = this.#engine;
    if (this.#stopped) return;
    this.#arm();
    // A client that queues what it cannot send would be handed beat after beat.
    if (this.#asking) return;
    if (!store.ready) return;
    this.#asking = true;
    store.run(
      BEAT,
      [keys.processes],
      [name, String(REMEMBERED_MS), "0"],
      (answer) => this.#beaten(answer),
      (error) => {
        this.#asking = false;
        this.#engine.failed(error);
      },
    );
  }

  #beaten(answer: Answer): void {
    const engine = this.#engine;
    engine.heard(answer);
    engine.seen(Number(answer.words[2]), answer.at);
    // It has heard of us, and has forgotten: a client of the user's may have been connected anew without our noticing.
    if (this.#known && answer.words[3] !== "1") void engine.memory.check().catch(() => undefined);
    this.#known = true;
    if (!engine.mode.beaten()) {
      this.#asking = false;
      return;
    }
    // First the store learns what was spent without it; only then is it asked again.
    void this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    const engine = this.#engine;
    try {
      await engine.memory.check();
      await engine.corrections.flush();
      engine.tellOwedPauses();
      engine.mode.back();
    } catch {
      // Told already. The next beat tries again.
    } finally {
      this.#asking = false;
    }
  }

  #arm(hurry = this.#engine.mode.current !== "shared"): void {
    const { clock } = this.#engine;
    this.#hurrying = hurry;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#beat(), hurry ? PROBE_MS : BEAT_MS);
    unref(this.#timer);
  }

  #sweep(): void {
    const engine = this.#engine;
    this.#sweeper = engine.clock.setTimeout(() => {
      const now = engine.clock.now();
      for (const state of engine.holding) {
        const idle = !state.touched;
        state.touched = false;
        state.slice.drain(now, idle, (place, units) => engine.giveBack(state, place, units, now));
        if (state.slice.isEmpty) engine.holding.delete(state);
      }
      this.#sweep();
    }, SPAN_MS);
    unref(this.#sweeper);
  }
}
