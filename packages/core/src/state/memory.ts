import type { ExitTable } from "../exits/exit-table.ts";
import { subscribe } from "../observe/channels.ts";
import type { Log } from "../observe/log.ts";
import type { Engine } from "../race/engine.ts";
import type { Clock } from "../time/clock.ts";
import { StateKeeper } from "./keeper.ts";
import type { Remembered, RememberedTargets } from "./parts.ts";
import { PoolState } from "./pool-state.ts";

/** A pause that would be over by the next start is not worth a save of its own. */
const LONG_PAUSE_MS = 60_000;

/**
 * What a pool remembers from one process to the next, and the file that it is kept in.
 *
 * The pool calls `load` when its exits are known and before the first request goes, `start` right after; `admitted` for exits
 * that come later, when they stand in every target's order; `made` for every target that is made; and `close` when nothing is
 * sent any more, while the engine's timers still run.
 */
export class Memory {
  readonly #state: PoolState;
  readonly #keeper: StateKeeper;
  readonly #endWatch: () => void;

  constructor(parts: { file: string; saveEveryMs: number; clock: Clock; table: ExitTable; engine: Engine; targets: RememberedTargets; log: Log }) {
    const { file, saveEveryMs, clock, table, engine, targets, log } = parts;
    this.#state = new PoolState({ clock, table, health: engine.health, targets });
    this.#keeper = new StateKeeper({
      file,
      saveEveryMs,
      clock,
      timers: engine.timers,
      warn: (message, fields) => log.warn(message, fields),
      info: (message, fields) => log.info(message, fields),
      take: (closing) => this.#state.take(closing),
      apply: (text) => this.#state.apply(text),
    });
    this.#endWatch = subscribe("multihome:request.refused", engine.name, ({ verdict, cooldownMs }) => {
      if (verdict === "banned" || cooldownMs >= LONG_PAUSE_MS) this.#keeper.saveSoon();
    });
  }

  set saveEveryMs(ms: number) {
    this.#keeper.saveEveryMs = ms;
  }

  load(): Promise<void> {
    return this.#keeper.load();
  }

  start(): void {
    this.#keeper.start();
  }

  made(target: Remembered): void {
    this.#state.made(target);
  }

  admitted(exits: readonly number[]): void {
    this.#state.admitted(exits);
  }

  close(): Promise<void> {
    this.#endWatch();
    return this.#keeper.close();
  }
}
