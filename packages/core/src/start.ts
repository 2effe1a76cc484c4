import { ClosedError, MultihomeError } from "./errors.ts";
import { describeExits } from "./exits/describe.ts";
import type { ExitTable } from "./exits/exit-table.ts";
import { resolveExits } from "./exits/inventory.ts";
import { mergeListed } from "./exits/merge-listed.ts";
import type { ListedProxy } from "./exits/sources/listed-proxy.ts";
import { Sources } from "./exits/sources/sources.ts";
import type { ExitPoolOptions } from "./model/options.ts";
import type { Log } from "./observe/log.ts";
import { Departures } from "./race/departures.ts";
import type { Engine } from "./race/engine.ts";
import type { Targets } from "./race/targets.ts";
import type { Memory } from "./state/memory.ts";
import type { Clock } from "./time/clock.ts";
import { durationMs } from "./time/duration.ts";

interface StartParts {
  readonly options: ExitPoolOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly table: ExitTable;
  readonly engine: Engine;
  readonly targets: Targets;
  /** What earlier runs have learnt, where a state file is named. */
  readonly memory: Memory | undefined;
  /** The exits are known, or others than before. */
  onExits(): void;
}

/** Finds the exits of a pool, and goes on looking where they come from sources. */
export class Start {
  readonly #parts: StartParts;
  readonly #sources: Sources | undefined;
  readonly #departures: Departures;

  /** @throws MultihomeError `MH_ERR_CONFIG` where an entry of `exits.sources` is no source */
  constructor(parts: StartParts) {
    this.#parts = parts;
    this.#departures = new Departures(parts.engine, parts.targets);
    this.#sources = this.#makeSources();
  }

  /** Resolves when requests may go; rejects with `MH_ERR_NO_EXIT` when there is no way out, having told those that waited. */
  async run(): Promise<void> {
    const { options, clock, engine, log, memory, table, targets } = this.#parts;
    try {
      const found = await resolveExits(options.exits ?? {}, { clock, warn: (message) => log.warn(message, {}) });
      if (engine.closing) throw new ClosedError();
      const own = found.exits.map(({ exit, egressKey }) => table.add(exit, egressKey));
      for (const target of targets) for (const exit of own) target.desk.admit(exit);
      for (const line of describeExits(found)) log.info(line, {});
      await this.#sources?.start();
      if (engine.closing) throw new ClosedError();
      await memory?.load();
      if (engine.closing) throw new ClosedError();
      memory?.start();
      engine.open(targets);
      this.#parts.onExits();
      if (table.size > 0) return;
      const failing = (this.#sources?.status ?? []).map(({ name, error }) => ({ id: name, reason: error ?? "it names no proxy" }));
      const reasons = [...found.left, ...failing].map(({ id, reason }) => `${id} (${reason})`).join(", ");
      throw new MultihomeError("MH_ERR_NO_EXIT", `There is no exit to leave by${reasons === "" ? "" : `: ${reasons}`}.`);
    } catch (error) {
      engine.open(targets);
      this.#parts.onExits();
      throw error;
    }
  }

  stop(): void {
    this.#sources?.stop();
  }

  #makeSources(): Sources | undefined {
    const { options, clock, log } = this.#parts;
    const { sources = [], refreshEvery = "10m" } = options.exits ?? {};
    if (sources.length === 0) return undefined;
    return new Sources(sources, {
      clock,
      warn: (message, fields) => log.warn(message, fields ?? {}),
      info: (message, fields) => log.info(message, fields ?? {}),
      refreshEveryMs: durationMs(refreshEvery),
      onChange: ({ listed }) => this.#listed(listed),
    });
  }

  /** A round of reading the sources is over. What is known of an exit stays; dead ones get another chance. */
  #listed(listed: readonly ListedProxy[]): void {
    const { clock, engine, log, memory, table, targets } = this.#parts;
    const { added, known, leftOut } = mergeListed(table, listed);
    this.#departures.listed(new Set([...added, ...known]), leftOut > 0, clock.now());
    if (leftOut > 0) log.warn(`${leftOut} proxies are left out: a pool holds 100,000 exits.`, { leftOut });
    const revived = known.filter((exit) => engine.health.refreshed(exit));
    for (const target of targets) for (const exit of added) target.desk.admit(exit);
    memory?.admitted(added);
    for (const target of targets) {
      if (revived.length > 0) target.desk.reconsider();
      if (engine.ready) engine.wake(target);
    }
    this.#parts.onExits();
  }
}
