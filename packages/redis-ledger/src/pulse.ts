import { SPAN_MS } from "./counter-state.ts";
import type { Engine } from "./engine.ts";
import { REMEMBERED_MS } from "./lost.ts";
import { StoreError } from "./errors.ts";
import { BEAT } from "./other-scripts.ts";
import { CONNECT_MS, unref } from "./own-link.ts";
import type { Answer } from "./store.ts";

/** A process says that it lives so often … */
const BEAT_MS = 500;
/** … is silent where nothing was heard of it for two of them and a half: one may be late … */
const SILENT_MS = 1_250;
/** … and asks so often whether the store is back. */
const PROBE_MS = 100;

/** Says that this process lives, learns how many others do, finds out when the store is back, and gives back slices that nobody uses. */
export class Pulse {
  readonly #engine: Engine;
  #timer: unknown;
  #sweeper: unknown;
  #hurrying = false;
  #asking = false;
  #stopped = false;
  #known = false;
  readonly #startedAt: number;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#startedAt = engine.clock.now();
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
    const { clock } = this.#engine;
    this.#stopped = true;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#sweeper);
    if (leave && this.#engine.store.ready) await new Promise<void>((resolve) => this.#send("leave", () => resolve(), () => resolve()));
  }

  #beat(): void {
    const { mode, store, lost } = this.#engine;
    if (this.#stopped) return;
    this.#arm();
    // A client that queues what it cannot send would be handed beat after beat.
    if (this.#asking) return;
    if (!store.ready) {
      this.#isNotReady();
      return;
    }
    this.#asking = true;
    const of = lost.processes;
    // Whoever counts without the store is not here: what it spends has to be set aside, for all that its questions may arrive.
    this.#send(
      mode.isAway ? "away" : "here",
      (answer) => this.#beaten(answer, of),
      (error) => {
        this.#asking = false;
        if (error.kind === "prefix") this.#engine.failed(new StoreError("prefix", `The store's key "${this.#engine.keys.processes}" is used by something else; choose another prefix for the ledger. (${error.message})`));
        else this.#engine.failed(error);
      },
    );
  }

  /** A connection of ours says itself when it is lost. A client of the user's says nothing, and may never have been connected. */
  #isNotReady(): void {
    const { clock, mode } = this.#engine;
    const patience = mode.current === "connecting" ? CONNECT_MS : 0;
    if (!mode.isAway && clock.now() - this.#startedAt >= patience) this.#engine.failed(new StoreError("disconnected", "Not connected to the store."));
  }

  #send(what: "here" | "away" | "leave", done: (answer: Answer) => void, failed: (error: StoreError) => void): void {
    const { store, keys, name, lost, onUnavailable } = this.#engine;
    const of = onUnavailable !== "local-share" ? 0 : lost.processes > 0 ? lost.processes : -1;
    store.run(BEAT, [keys.processes, keys.shares], [this.#engine.notAfter(), name, what, String(REMEMBERED_MS), String(SILENT_MS), String(of)], done, failed);
  }

  #beaten(answer: Answer, of: number): void {
    const engine = this.#engine;
    const { lost, memory, mode } = engine;
    if (!engine.heard(answer)) {
      this.#asking = false;
      return;
    }
    const [total, known, ...silent] = answer.words.slice(2).map(Number);
    lost.seen(total, known === 1, pairsOf(silent), mode.isAway, answer.at);
    if (!mode.isAway) {
      lost.declared = of > 0 ? of : total;
      // It has heard of us, and has forgotten: a client of the user's may have been connected anew without our noticing.
      if (this.#known && known !== 1) void memory.check().catch(() => undefined);
      this.#known = true;
    }
    if (!mode.beaten()) {
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
      // The next beat says that we are here again, and is sent at once.
      this.#asking = false;
      engine.mode.back();
    } catch {
      // Told already. The next beat tries again.
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

function pairsOf(numbers: readonly number[]): [of: number, count: number][] {
  const pairs: [number, number][] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) pairs.push([numbers[i], numbers[i + 1]]);
  return pairs;
}
